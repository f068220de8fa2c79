// Which inner loops over rows this processor gets, and the set that every
// processor runs: 16-byte vectors.
#include "core/cpu.hpp"

#define SIMD_VECTOR_BYTES 16
#include "pairwise/row_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const RowKernels<T>& BestRowKernels() {
#ifdef TERCET_X86_KERNELS
  const Isa isa = BestIsa();
  if (isa == Isa::kAvx512) return Avx512RowKernels<T>();
  if (isa == Isa::kAvx2) return Avx2RowKernels<T>();
#endif
  return kRowKernels<T>;
}

template const RowKernels<float>& BestRowKernels<float>();
template const RowKernels<double>& BestRowKernels<double>();

}  // namespace metric
}  // namespace caffe
