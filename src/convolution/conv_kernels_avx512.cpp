// The convolution's inner loops for x86 processors with AVX-512; CMake
// compiles this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 64
#define CONV_TILE_ROWS 12
#include "convolution/conv_kernels_impl.hpp"

namespace caffe {

template <typename Dtype>
const ConvKernels<Dtype>& Avx512ConvKernels() {
  return kConvKernels<Dtype>;
}

template const ConvKernels<float>& Avx512ConvKernels<float>();
template const ConvKernels<double>& Avx512ConvKernels<double>();

}  // namespace caffe

#endif  // TERCET_X86_KERNELS
