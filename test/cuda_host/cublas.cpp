// cuBLAS's calls by CBLAS, with device memory open, on one thread: the
// matrices of tests are small.
#include <cblas.h>

#include "cublas_v2.h"
#include "device_memory.hpp"
#include "math/blas_call.hpp"

namespace {

struct Call {
  const cuda_host::OpenDevice open;
  const caffe::BlasCall blas;
};

CBLAS_TRANSPOSE Operation(cublasOperation_t op) {
  return op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans;
}

}  // namespace

const char* cublasGetStatusString(cublasStatus_t) {
  return "CUBLAS_STATUS_SUCCESS";
}

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  static int context;
  *handle = reinterpret_cast<cublasHandle_t>(&context);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t) { return CUBLAS_STATUS_SUCCESS; }

namespace {
cublasMath_t math_mode = CUBLAS_DEFAULT_MATH;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t mode) {
  math_mode = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetMathMode(cublasHandle_t, cublasMath_t* mode) {
  *mode = math_mode;
  return CUBLAS_STATUS_SUCCESS;
}

#define CUDA_HOST_BLAS(S, s, Real)                                            \
  cublasStatus_t cublas##S##gemm(                                             \
      cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m,  \
      int n, int k, const Real* alpha, const Real* a, int lda, const Real* b, \
      int ldb, const Real* beta, Real* c, int ldc) {                          \
    const Call call;                                                          \
    cblas_##s##gemm(CblasColMajor, Operation(op_a), Operation(op_b), m, n, k, \
                    *alpha, a, lda, b, ldb, *beta, c, ldc);                   \
    return CUBLAS_STATUS_SUCCESS;                                             \
  }                                                                           \
  cublasStatus_t cublas##S##gemmStridedBatched(                               \
      cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m,  \
      int n, int k, const Real* alpha, const Real* a, int lda,                \
      long long stride_a, const Real* b, int ldb, long long stride_b,         \
      const Real* beta, Real* c, int ldc, long long stride_c, int batch) {    \
    const Call call;                                                          \
    for (int i = 0; i < batch; ++i) {                                         \
      cblas_##s##gemm(CblasColMajor, Operation(op_a), Operation(op_b), m, n,  \
                      k, *alpha, a + i * stride_a, lda, b + i * stride_b,     \
                      ldb, *beta, c + i * stride_c, ldc);                     \
    }                                                                         \
    return CUBLAS_STATUS_SUCCESS;                                             \
  }                                                                           \
  cublasStatus_t cublas##S##gemv(                                             \
      cublasHandle_t, cublasOperation_t op, int m, int n, const Real* alpha,  \
      const Real* a, int lda, const Real* x, int incx, const Real* beta,      \
      Real* y, int incy) {                                                    \
    const Call call;                                                          \
    cblas_##s##gemv(CblasColMajor, Operation(op), m, n, *alpha, a, lda, x,    \
                    incx, *beta, y, incy);                                    \
    return CUBLAS_STATUS_SUCCESS;                                             \
  }                                                                           \
  cublasStatus_t cublas##S##dot(cublasHandle_t, int n, const Real* x,         \
                                int incx, const Real* y, int incy,            \
                                Real* result) {                               \
    const Call call;                                                          \
    *result = cblas_##s##dot(n, x, incx, y, incy);                            \
    return CUBLAS_STATUS_SUCCESS;                                             \
  }                                                                           \
  cublasStatus_t cublas##S##asum(cublasHandle_t, int n, const Real* x,        \
                                 int incx, Real* result) {                    \
    const Call call;                                                          \
    *result = cblas_##s##asum(n, x, incx);                                    \
    return CUBLAS_STATUS_SUCCESS;                                             \
  }

CUDA_HOST_BLAS(S, s, float)
CUDA_HOST_BLAS(D, d, double)
