// Which inner loops over rows this processor gets, and the set that every
// processor runs: 16-byte vectors.

#define SIMD_VECTOR_BYTES 16
#include "pairwise/row_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const RowKernels<T>& BestRowKernels() {
#ifdef TERCET_X86_KERNELS
  static const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512dq") &&
                             __builtin_cpu_supports("avx512vl");
  if (avx512) return Avx512RowKernels<T>();
  if (avx2) return Avx2RowKernels<T>();
#endif
  return kRowKernels<T>;
}

template const RowKernels<float>& BestRowKernels<float>();
template const RowKernels<double>& BestRowKernels<double>();

}  // namespace metric
}  // namespace caffe
