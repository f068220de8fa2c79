// Which of the triplet passes' inner loops this processor gets, and the set
// that every processor runs.
#include "core/cpu.hpp"

#define SIMD_VECTOR_BYTES 16
#include "loss/triplet_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const TripletKernels<T>& BestTripletKernels() {
#ifdef TERCET_X86_KERNELS
  const Isa isa = BestIsa();
  if (isa == Isa::kAvx512) return Avx512TripletKernels<T>();
  if (isa == Isa::kAvx2) return Avx2TripletKernels<T>();
#endif
  return kTripletKernels<T>;
}

template const TripletKernels<float>& BestTripletKernels<float>();
template const TripletKernels<double>& BestTripletKernels<double>();

}  // namespace metric
}  // namespace caffe
