// The inner loops over rows for x86 processors with AVX-512; CMake compiles
// this file for those, wherever the library itself is to run.

#ifdef TERCET_X86_KERNELS

#define SIMD_VECTOR_BYTES 64
#include "pairwise/row_kernels_impl.hpp"

namespace caffe {
namespace metric {

template <typename T>
const RowKernels<T>& Avx512RowKernels() {
  return kRowKernels<T>;
}

template const RowKernels<float>& Avx512RowKernels<float>();
template const RowKernels<double>& Avx512RowKernels<double>();

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_X86_KERNELS
