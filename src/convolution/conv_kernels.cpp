// Which of the convolution's inner loops this processor gets, and the set
// that every processor runs: 16-byte vectors.

#define SIMD_VECTOR_BYTES 16
#define CONV_TILE_ROWS 6
#include "convolution/conv_kernels_impl.hpp"

namespace caffe {

template <typename Dtype>
std::vector<const ConvKernels<Dtype>*> RunnableConvKernels() {
  std::vector<const ConvKernels<Dtype>*> sets = {&kConvKernels<Dtype>};
#ifdef TERCET_X86_KERNELS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sets.push_back(&Avx2ConvKernels<Dtype>());
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    sets.push_back(&Avx512ConvKernels<Dtype>());
  }
#endif
  return sets;
}

template <typename Dtype>
const ConvKernels<Dtype>& BestConvKernels() {
  static const ConvKernels<Dtype>* const best =
      RunnableConvKernels<Dtype>().back();
  return *best;
}

template std::vector<const ConvKernels<float>*> RunnableConvKernels();
template std::vector<const ConvKernels<double>*> RunnableConvKernels();
template const ConvKernels<float>& BestConvKernels();
template const ConvKernels<double>& BestConvKernels();

}  // namespace caffe
