// Which of the convolution's inner loops this processor gets, and the set
// that every processor runs: 16-byte vectors.

#define CONV_VECTOR_BYTES 16
#define CONV_TILE_ROWS 6
#include "conv_kernels_impl.hpp"

namespace caffe {

template <typename Dtype>
const ConvKernels<Dtype>& BaseConvKernels() {
  return kConvKernels<Dtype>;
}

template <typename Dtype>
const ConvKernels<Dtype>& BestConvKernels() {
#ifdef TERCET_X86_KERNELS
  static const ConvKernels<Dtype>* const best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl")
          ? &Avx512ConvKernels<Dtype>()
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
          ? &Avx2ConvKernels<Dtype>()
          : &BaseConvKernels<Dtype>();
  return *best;
#else
  return BaseConvKernels<Dtype>();
#endif
}

template const ConvKernels<float>& BaseConvKernels<float>();
template const ConvKernels<double>& BaseConvKernels<double>();
template const ConvKernels<float>& BestConvKernels<float>();
template const ConvKernels<double>& BestConvKernels<double>();

}  // namespace caffe
