// Which of the triplet passes' inner loops this processor gets, and the set
// that every processor runs.
#define SIMD_VECTOR_BYTES 16
#include "loss/triplet_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const TripletKernels<T>& PlainTripletKernels() {
  return kTripletKernels<T>;
}

template <typename T>
const TripletKernels<T>& BestTripletKernels() {
#ifdef TERCET_X86_KERNELS
  static const bool avx2 = __builtin_cpu_supports("avx2");
  static const bool avx512 = __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512vl");
  if (avx512) return Avx512TripletKernels<T>();
  if (avx2) return Avx2TripletKernels<T>();
#endif
  return PlainTripletKernels<T>();
}

template const TripletKernels<float>& PlainTripletKernels<float>();
template const TripletKernels<double>& PlainTripletKernels<double>();
template const TripletKernels<float>& BestTripletKernels<float>();
template const TripletKernels<double>& BestTripletKernels<double>();

}  // namespace metric
}  // namespace caffe
