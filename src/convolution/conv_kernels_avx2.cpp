// The convolution's inner loops for x86 processors with AVX2 and FMA; CMake
// compiles this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 32
#define CONV_TILE_ROWS 6
#include "convolution/conv_kernels_impl.hpp"

namespace caffe {

template <typename Dtype>
const ConvKernels<Dtype>& Avx2ConvKernels() {
  return kConvKernels<Dtype>;
}

template const ConvKernels<float>& Avx2ConvKernels<float>();
template const ConvKernels<double>& Avx2ConvKernels<double>();

}  // namespace caffe

#endif  // TERCET_X86_KERNELS
