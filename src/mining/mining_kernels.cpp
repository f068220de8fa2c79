// Which of mining's inner loops this processor gets, and the set that every
// processor runs: 16-byte vectors.
#include "core/cpu.hpp"

#define SIMD_VECTOR_BYTES 16
#include "mining/mining_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const MiningKernels<T>& BestMiningKernels() {
#ifdef TERCET_X86_KERNELS
  const Isa isa = BestIsa();
  if (isa == Isa::kAvx512) return Avx512MiningKernels<T>();
  if (isa == Isa::kAvx2) return Avx2MiningKernels<T>();
#endif
  return kMiningKernels<T>;
}

template const MiningKernels<float>& BestMiningKernels<float>();
template const MiningKernels<double>& BestMiningKernels<double>();

}  // namespace metric
}  // namespace caffe
