// The triplet passes' inner loops for x86 processors with AVX2; CMake compiles
// this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 32
#include "loss/triplet_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const TripletKernels<T>& Avx2TripletKernels() {
  return kTripletKernels<T>;
}

template const TripletKernels<float>& Avx2TripletKernels<float>();
template const TripletKernels<double>& Avx2TripletKernels<double>();

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_X86_KERNELS
