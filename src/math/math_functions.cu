// Vector and matrix arithmetic on the device: cuBLAS for products and sums,
// one Map for the rest.
#include "core/device.hpp"
#include "math/map.cuh"
#include "caffe/util/math_functions.hpp"

namespace caffe {
namespace {

cublasOperation_t Operation(CBLAS_TRANSPOSE trans) {
  return trans == CblasNoTrans ? CUBLAS_OP_N : CUBLAS_OP_T;
}

// cuBLAS is column-major: a row-major C = A B is its C^T = B^T A^T.
cublasStatus_t Gemm(cublasOperation_t tb, cublasOperation_t ta, int n, int m,
                    int k, const float* alpha, const float* b, int ldb,
                    const float* a, int lda, const float* beta, float* c) {
  return cublasSgemm(Caffe::cublas_handle(), tb, ta, n, m, k, alpha, b, ldb, a,
                     lda, beta, c, n);
}

cublasStatus_t Gemm(cublasOperation_t tb, cublasOperation_t ta, int n, int m,
                    int k, const double* alpha, const double* b, int ldb,
                    const double* a, int lda, const double* beta, double* c) {
  return cublasDgemm(Caffe::cublas_handle(), tb, ta, n, m, k, alpha, b, ldb, a,
                     lda, beta, c, n);
}

cublasStatus_t GemmBatched(cublasOperation_t tb, cublasOperation_t ta, int n,
                           int m, int k, const float* alpha, const float* b,
                           int ldb, int64_t step_b, const float* a, int lda,
                           int64_t step_a, const float* beta, float* c,
                           int64_t step_c, int batch) {
  return cublasSgemmStridedBatched(Caffe::cublas_handle(), tb, ta, n, m, k,
                                   alpha, b, ldb, step_b, a, lda, step_a,
                                   beta, c, n, step_c, batch);
}

cublasStatus_t GemmBatched(cublasOperation_t tb, cublasOperation_t ta, int n,
                           int m, int k, const double* alpha, const double* b,
                           int ldb, int64_t step_b, const double* a, int lda,
                           int64_t step_a, const double* beta, double* c,
                           int64_t step_c, int batch) {
  return cublasDgemmStridedBatched(Caffe::cublas_handle(), tb, ta, n, m, k,
                                   alpha, b, ldb, step_b, a, lda, step_a,
                                   beta, c, n, step_c, batch);
}

cublasStatus_t Gemv(cublasOperation_t t, int n, int m, const float* alpha,
                    const float* a, const float* x, const float* beta,
                    float* y) {
  return cublasSgemv(Caffe::cublas_handle(), t, n, m, alpha, a, n, x, 1, beta,
                     y, 1);
}

cublasStatus_t Gemv(cublasOperation_t t, int n, int m, const double* alpha,
                    const double* a, const double* x, const double* beta,
                    double* y) {
  return cublasDgemv(Caffe::cublas_handle(), t, n, m, alpha, a, n, x, 1, beta,
                     y, 1);
}

cublasStatus_t Dot(int n, const float* x, const float* y, float* out) {
  return cublasSdot(Caffe::cublas_handle(), n, x, 1, y, 1, out);
}

cublasStatus_t Dot(int n, const double* x, const double* y, double* out) {
  return cublasDdot(Caffe::cublas_handle(), n, x, 1, y, 1, out);
}

cublasStatus_t Asum(int n, const float* x, float* out) {
  return cublasSasum(Caffe::cublas_handle(), n, x, 1, out);
}

cublasStatus_t Asum(int n, const double* x, double* out) {
  return cublasDasum(Caffe::cublas_handle(), n, x, 1, out);
}

}  // namespace

template <typename Dtype>
void caffe_gpu_gemm(CBLAS_TRANSPOSE TransA, CBLAS_TRANSPOSE TransB, int M,
                    int N, int K, Dtype alpha, const Dtype* A, const Dtype* B,
                    Dtype beta, Dtype* C) {
  if (M == 0 || N == 0) return;
  const int lda = TransA == CblasNoTrans ? K : M;
  const int ldb = TransB == CblasNoTrans ? N : K;
  CUBLAS_CHECK(Gemm(Operation(TransB), Operation(TransA), N, M, K, &alpha, B,
                    ldb, A, lda, &beta, C));
}

template <typename Dtype>
void caffe_gpu_gemm_strided_batched(CBLAS_TRANSPOSE TransA,
                                    CBLAS_TRANSPOSE TransB, int M, int N,
                                    int K, Dtype alpha, const Dtype* A,
                                    int64_t stride_a, const Dtype* B,
                                    int64_t stride_b, Dtype beta, Dtype* C,
                                    int64_t stride_c, int batch) {
  if (M == 0 || N == 0 || batch == 0) return;
  const int lda = TransA == CblasNoTrans ? K : M;
  const int ldb = TransB == CblasNoTrans ? N : K;
  CUBLAS_CHECK(GemmBatched(Operation(TransB), Operation(TransA), N, M, K,
                           &alpha, B, ldb, stride_b, A, lda, stride_a, &beta,
                           C, stride_c, batch));
}

template <typename Dtype>
void caffe_gpu_gemv(CBLAS_TRANSPOSE TransA, int M, int N, Dtype alpha,
                    const Dtype* A, const Dtype* x, Dtype beta, Dtype* y) {
  const cublasOperation_t flipped =
      TransA == CblasNoTrans ? CUBLAS_OP_T : CUBLAS_OP_N;
  CUBLAS_CHECK(Gemv(flipped, N, M, &alpha, A, x, &beta, y));
}

template <typename Dtype>
void caffe_gpu_axpy(int N, Dtype alpha, const Dtype* X, Dtype* Y) {
  Map(
      N, [=] __device__(Dtype x, Dtype y) { return y + alpha * x; }, Y, X,
      Y);
}

template <typename Dtype>
void caffe_gpu_axpby(int N, Dtype alpha, const Dtype* X, Dtype beta,
                     Dtype* Y) {
  Map(
      N,
      [=] __device__(Dtype x, Dtype y) { return alpha * x + beta * y; }, Y, X,
      Y);
}

template <typename Dtype>
void caffe_gpu_scal(int N, Dtype alpha, Dtype* X) {
  caffe_gpu_scale<Dtype>(N, alpha, X, X);
}

template <typename Dtype>
void caffe_gpu_scale(int n, Dtype alpha, const Dtype* x, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return alpha * value; }, y, x);
}

template <typename Dtype>
void caffe_gpu_add_scalar(int N, Dtype alpha, Dtype* X) {
  Map(
      N, [=] __device__(Dtype value) { return value + alpha; }, X,
      X);
}

template <typename Dtype>
void caffe_gpu_set(int N, Dtype alpha, Dtype* X) {
  Map(
      N, [=] __device__() { return alpha; }, X);
}

void caffe_gpu_memcpy(size_t N, const void* X, void* Y) {
  if (X != Y) CopyBetween(Y, X, N);
}

void caffe_gpu_memset(size_t N, int alpha, void* X) {
  CUDA_CHECK(cudaMemset(X, alpha, N));
}

template <typename Dtype>
void caffe_gpu_add(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(
      N, [=] __device__(Dtype one, Dtype two) { return one + two; }, y, a,
      b);
}

template <typename Dtype>
void caffe_gpu_sub(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(
      N, [=] __device__(Dtype one, Dtype two) { return one - two; }, y, a,
      b);
}

template <typename Dtype>
void caffe_gpu_mul(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(
      N, [=] __device__(Dtype one, Dtype two) { return one * two; }, y, a,
      b);
}

template <typename Dtype>
void caffe_gpu_div(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(
      N, [=] __device__(Dtype one, Dtype two) { return one / two; }, y, a,
      b);
}

template <typename Dtype>
void caffe_gpu_sqrt(int n, const Dtype* a, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return sqrt(value); }, y, a);
}

template <typename Dtype>
void caffe_gpu_exp(int n, const Dtype* a, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return exp(value); }, y, a);
}

template <typename Dtype>
void caffe_gpu_log(int n, const Dtype* a, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return log(value); }, y, a);
}

template <typename Dtype>
void caffe_gpu_abs(int n, const Dtype* a, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return fabs(value); }, y, a);
}

template <typename Dtype>
void caffe_gpu_powx(int n, const Dtype* a, Dtype b, Dtype* y) {
  Map(
      n, [=] __device__(Dtype value) { return pow(value, b); }, y, a);
}

template <typename Dtype>
void caffe_gpu_sign(int n, const Dtype* x, Dtype* y) {
  Map(
      n,
      [=] __device__(Dtype value) {
        return static_cast<Dtype>((Dtype(0) < value) - (value < Dtype(0)));
      },
      y, x);
}

template <typename Dtype>
void caffe_gpu_dot(int n, const Dtype* x, const Dtype* y, Dtype* out) {
  CUBLAS_CHECK(Dot(n, x, y, out));
  CountScalarToHost(sizeof(Dtype));
}

template <typename Dtype>
void caffe_gpu_asum(int n, const Dtype* x, Dtype* y) {
  CUBLAS_CHECK(Asum(n, x, y));
  CountScalarToHost(sizeof(Dtype));
}

#define INSTANTIATE_GPU_FUNCTIONS(Dtype)                                      \
  template void caffe_gpu_gemm<Dtype>(CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, int,  \
                                      int, int, Dtype, const Dtype*,          \
                                      const Dtype*, Dtype, Dtype*);           \
  template void caffe_gpu_gemm_strided_batched<Dtype>(                        \
      CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, int, int, int, Dtype, const Dtype*,   \
      int64_t, const Dtype*, int64_t, Dtype, Dtype*, int64_t, int);           \
  template void caffe_gpu_gemv<Dtype>(CBLAS_TRANSPOSE, int, int, Dtype,       \
                                      const Dtype*, const Dtype*, Dtype,      \
                                      Dtype*);                                \
  template void caffe_gpu_axpy<Dtype>(int, Dtype, const Dtype*, Dtype*);      \
  template void caffe_gpu_axpby<Dtype>(int, Dtype, const Dtype*, Dtype,       \
                                       Dtype*);                               \
  template void caffe_gpu_scal<Dtype>(int, Dtype, Dtype*);                    \
  template void caffe_gpu_scale<Dtype>(int, Dtype, const Dtype*, Dtype*);     \
  template void caffe_gpu_add_scalar<Dtype>(int, Dtype, Dtype*);              \
  template void caffe_gpu_set<Dtype>(int, Dtype, Dtype*);                     \
  template void caffe_gpu_add<Dtype>(int, const Dtype*, const Dtype*,         \
                                     Dtype*);                                 \
  template void caffe_gpu_sub<Dtype>(int, const Dtype*, const Dtype*,         \
                                     Dtype*);                                 \
  template void caffe_gpu_mul<Dtype>(int, const Dtype*, const Dtype*,         \
                                     Dtype*);                                 \
  template void caffe_gpu_div<Dtype>(int, const Dtype*, const Dtype*,         \
                                     Dtype*);                                 \
  template void caffe_gpu_sqrt<Dtype>(int, const Dtype*, Dtype*);             \
  template void caffe_gpu_exp<Dtype>(int, const Dtype*, Dtype*);              \
  template void caffe_gpu_log<Dtype>(int, const Dtype*, Dtype*);              \
  template void caffe_gpu_abs<Dtype>(int, const Dtype*, Dtype*);              \
  template void caffe_gpu_powx<Dtype>(int, const Dtype*, Dtype, Dtype*);      \
  template void caffe_gpu_sign<Dtype>(int, const Dtype*, Dtype*);             \
  template void caffe_gpu_dot<Dtype>(int, const Dtype*, const Dtype*,         \
                                     Dtype*);                                 \
  template void caffe_gpu_asum<Dtype>(int, const Dtype*, Dtype*)
INSTANTIATE_GPU_FUNCTIONS(float);
INSTANTIATE_GPU_FUNCTIONS(double);
template void caffe_gpu_set<int>(int, int, int*);

}  // namespace caffe
