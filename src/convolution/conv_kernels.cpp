// Which of the convolution's inner loops this processor gets, and the set
// that every processor runs: 16-byte vectors.
#include "core/cpu.hpp"

#define SIMD_VECTOR_BYTES 16
#define CONV_TILE_ROWS 6
#include "convolution/conv_kernels_impl.hpp"

namespace caffe {

template <typename Dtype>
const ConvKernels<Dtype>& BestConvKernels() {
#ifdef TERCET_X86_KERNELS
  const Isa isa = BestIsa();
  if (isa == Isa::kAvx512) return Avx512ConvKernels<Dtype>();
  if (isa == Isa::kAvx2) return Avx2ConvKernels<Dtype>();
#endif
  return kConvKernels<Dtype>;
}

template const ConvKernels<float>& BestConvKernels();
template const ConvKernels<double>& BestConvKernels();

}  // namespace caffe
