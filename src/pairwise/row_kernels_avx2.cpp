// The inner loops over rows for x86 processors with AVX2 and FMA; CMake
// compiles this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 32
#include "pairwise/row_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const RowKernels<T>& Avx2RowKernels() {
  return kRowKernels<T>;
}

template const RowKernels<float>& Avx2RowKernels<float>();
template const RowKernels<double>& Avx2RowKernels<double>();

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_X86_KERNELS
