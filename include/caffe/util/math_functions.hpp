// Vector and matrix arithmetic on pointers, for float and double, under
// Caffe's names: caffe_cpu_* and plain caffe_* on the host (OpenBLAS),
// caffe_gpu_* on the device (cuBLAS). Matrices are row-major. Results do not
// depend on the number of threads.
#ifndef CAFFE_UTIL_MATH_FUNCTIONS_HPP_
#define CAFFE_UTIL_MATH_FUNCTIONS_HPP_

#include <cblas.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "caffe/common.hpp"

namespace caffe {

// C (M x N) = alpha op(A) (M x K) op(B) (K x N) + beta C. With beta 0, C is
// only written.
template <typename Dtype>
void caffe_cpu_gemm(CBLAS_TRANSPOSE TransA, CBLAS_TRANSPOSE TransB, int M,
                    int N, int K, Dtype alpha, const Dtype* A, const Dtype* B,
                    Dtype beta, Dtype* C);
// y = alpha op(A) x + beta y, A is M x N as stored.
template <typename Dtype>
void caffe_cpu_gemv(CBLAS_TRANSPOSE TransA, int M, int N, Dtype alpha,
                    const Dtype* A, const Dtype* x, Dtype beta, Dtype* y);

// y += alpha x;  y = alpha x + beta y
template <typename Dtype>
void caffe_axpy(int N, Dtype alpha, const Dtype* X, Dtype* Y);
template <typename Dtype>
void caffe_cpu_axpby(int N, Dtype alpha, const Dtype* X, Dtype beta, Dtype* Y);
// x *= alpha;  y = alpha x
template <typename Dtype>
void caffe_scal(int N, Dtype alpha, Dtype* X);
template <typename Dtype>
void caffe_cpu_scale(int n, Dtype alpha, const Dtype* x, Dtype* y);
template <typename Dtype>
void caffe_add_scalar(int N, Dtype alpha, Dtype* X);
template <typename Dtype>
void caffe_set(int N, Dtype alpha, Dtype* X);
inline void caffe_memset(size_t N, int alpha, void* X) {
  std::memset(X, alpha, N);
}
// Copies N values; in GPU mode either side may be device memory.
template <typename Dtype>
void caffe_copy(int N, const Dtype* X, Dtype* Y);

// Value by value: y = a + b, a - b, a * b, a / b, a^2, sqrt a, e^a, log a,
// |a|, a^b, sign a.
template <typename Dtype>
void caffe_add(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_sub(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_mul(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_div(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_sqr(int N, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_sqrt(int N, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_exp(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_log(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_abs(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_powx(int n, const Dtype* a, Dtype b, Dtype* y);
template <typename Dtype>
void caffe_cpu_sign(int n, const Dtype* x, Dtype* y);

// Sums; accumulated in double.
template <typename Dtype>
Dtype caffe_cpu_dot(int n, const Dtype* x, const Dtype* y);
template <typename Dtype>
Dtype caffe_cpu_strided_dot(int n, const Dtype* x, int incx, const Dtype* y,
                            int incy);
template <typename Dtype>
Dtype caffe_cpu_asum(int n, const Dtype* x);

// Random numbers from Caffe::rng(): uniform in [a, b), normal, 0 or 1.
unsigned int caffe_rng_rand();
template <typename Dtype>
void caffe_rng_uniform(int n, Dtype a, Dtype b, Dtype* r);
template <typename Dtype>
void caffe_rng_gaussian(int n, Dtype mu, Dtype sigma, Dtype* r);
template <typename Dtype>
void caffe_rng_bernoulli(int n, Dtype p, int* r);
template <typename Dtype>
void caffe_rng_bernoulli(int n, Dtype p, unsigned int* r);

// Has OpenBLAS choose its kernels again where it does not know the processor
// and the environment does not force them (OPENBLAS_CORETYPE); products may be
// several times as fast then. For the start of a program: no other thread may
// use BLAS or the environment at that time. Without it the first product logs a
// warning. Error kInput for a TERCET_ISA that means nothing.
void UseBestBlasCore();
// The name of the CPU kernels that OpenBLAS works with, and whether the
// environment forces them.
string BlasCoreName();
bool BlasCoreIsForced();

#ifdef TERCET_CUDA
template <typename Dtype>
void caffe_gpu_gemm(CBLAS_TRANSPOSE TransA, CBLAS_TRANSPOSE TransB, int M,
                    int N, int K, Dtype alpha, const Dtype* A, const Dtype* B,
                    Dtype beta, Dtype* C);
// C_i = alpha op(A_i) op(B_i) + beta C_i for i = 0 ... batch - 1 in one call;
// A_i begins stride_a values after A_(i-1), and so on. The stride of a factor
// that all share is 0.
template <typename Dtype>
void caffe_gpu_gemm_strided_batched(CBLAS_TRANSPOSE TransA,
                                    CBLAS_TRANSPOSE TransB, int M, int N,
                                    int K, Dtype alpha, const Dtype* A,
                                    int64_t stride_a, const Dtype* B,
                                    int64_t stride_b, Dtype beta, Dtype* C,
                                    int64_t stride_c, int batch);
template <typename Dtype>
void caffe_gpu_gemv(CBLAS_TRANSPOSE TransA, int M, int N, Dtype alpha,
                    const Dtype* A, const Dtype* x, Dtype beta, Dtype* y);
template <typename Dtype>
void caffe_gpu_axpy(int N, Dtype alpha, const Dtype* X, Dtype* Y);
template <typename Dtype>
void caffe_gpu_axpby(int N, Dtype alpha, const Dtype* X, Dtype beta, Dtype* Y);
template <typename Dtype>
void caffe_gpu_scal(int N, Dtype alpha, Dtype* X);
template <typename Dtype>
void caffe_gpu_scale(int n, Dtype alpha, const Dtype* x, Dtype* y);
template <typename Dtype>
void caffe_gpu_add_scalar(int N, Dtype alpha, Dtype* X);
template <typename Dtype>
void caffe_gpu_set(int N, Dtype alpha, Dtype* X);
void caffe_gpu_memcpy(size_t N, const void* X, void* Y);
void caffe_gpu_memset(size_t N, int alpha, void* X);
template <typename Dtype>
void caffe_gpu_add(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_gpu_sub(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_gpu_mul(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_gpu_div(int N, const Dtype* a, const Dtype* b, Dtype* y);
template <typename Dtype>
void caffe_gpu_sqrt(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_gpu_exp(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_gpu_log(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_gpu_abs(int n, const Dtype* a, Dtype* y);
template <typename Dtype>
void caffe_gpu_powx(int n, const Dtype* a, Dtype b, Dtype* y);
template <typename Dtype>
void caffe_gpu_sign(int n, const Dtype* x, Dtype* y);
// Sums; the result comes back to the host.
template <typename Dtype>
void caffe_gpu_dot(int n, const Dtype* x, const Dtype* y, Dtype* out);
template <typename Dtype>
void caffe_gpu_asum(int n, const Dtype* x, Dtype* y);
// The same numbers as the host functions draw from the same generator.
template <typename Dtype>
void caffe_gpu_rng_uniform(int n, Dtype a, Dtype b, Dtype* r);
template <typename Dtype>
void caffe_gpu_rng_gaussian(int n, Dtype mu, Dtype sigma, Dtype* r);
#endif  // TERCET_CUDA

}  // namespace caffe

#endif  // CAFFE_UTIL_MATH_FUNCTIONS_HPP_
