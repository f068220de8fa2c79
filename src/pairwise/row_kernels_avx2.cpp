// Mining's inner loops for x86 processors with AVX2 and FMA; CMake compiles
// this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 32
#include "pairwise/row_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const MiningKernels<T>& Avx2MiningKernels() {
  return kMiningKernels<T>;
}

template const MiningKernels<float>& Avx2MiningKernels<float>();
template const MiningKernels<double>& Avx2MiningKernels<double>();

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_X86_KERNELS
