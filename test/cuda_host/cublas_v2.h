// Stands in for cuBLAS in the build that runs the GPU code on the host: the
// calls that the library makes, done by CBLAS on the same column-major
// arguments.
#ifndef TERCET_TEST_CUDA_HOST_CUBLAS_V2_H_
#define TERCET_TEST_CUDA_HOST_CUBLAS_V2_H_

#include "cuda_runtime.h"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0 };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasMath_t { CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH };
typedef struct cublasContext* cublasHandle_t;

const char* cublasGetStatusString(cublasStatus_t status);
cublasStatus_t cublasCreate(cublasHandle_t* handle);
cublasStatus_t cublasDestroy(cublasHandle_t handle);
// Products are exact here in either mode; what was set can be read.
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t mode);
cublasStatus_t cublasGetMathMode(cublasHandle_t, cublasMath_t* mode);

// c(m, n) = alpha op(a) op(b) + beta c, column by column. Scalars and results
// are the host's, as by default.
cublasStatus_t cublasSgemm(cublasHandle_t, cublasOperation_t op_a,
                           cublasOperation_t op_b, int m, int n, int k,
                           const float* alpha, const float* a, int lda,
                           const float* b, int ldb, const float* beta,
                           float* c, int ldc);
cublasStatus_t cublasDgemm(cublasHandle_t, cublasOperation_t op_a,
                           cublasOperation_t op_b, int m, int n, int k,
                           const double* alpha, const double* a, int lda,
                           const double* b, int ldb, const double* beta,
                           double* c, int ldc);
// Product i begins stride_a, stride_b and stride_c values behind product i - 1.
cublasStatus_t cublasSgemmStridedBatched(
    cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m,
    int n, int k, const float* alpha, const float* a, int lda,
    long long stride_a, const float* b, int ldb, long long stride_b,
    const float* beta, float* c, int ldc, long long stride_c, int batch);
cublasStatus_t cublasDgemmStridedBatched(
    cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m,
    int n, int k, const double* alpha, const double* a, int lda,
    long long stride_a, const double* b, int ldb, long long stride_b,
    const double* beta, double* c, int ldc, long long stride_c, int batch);
cublasStatus_t cublasSgemv(cublasHandle_t, cublasOperation_t op, int m, int n,
                           const float* alpha, const float* a, int lda,
                           const float* x, int incx, const float* beta,
                           float* y, int incy);
cublasStatus_t cublasDgemv(cublasHandle_t, cublasOperation_t op, int m, int n,
                           const double* alpha, const double* a, int lda,
                           const double* x, int incx, const double* beta,
                           double* y, int incy);
cublasStatus_t cublasSdot(cublasHandle_t, int n, const float* x, int incx,
                          const float* y, int incy, float* result);
cublasStatus_t cublasDdot(cublasHandle_t, int n, const double* x, int incx,
                          const double* y, int incy, double* result);
cublasStatus_t cublasSasum(cublasHandle_t, int n, const float* x, int incx,
                           float* result);
cublasStatus_t cublasDasum(cublasHandle_t, int n, const double* x, int incx,
                           double* result);

#endif  // TERCET_TEST_CUDA_HOST_CUBLAS_V2_H_
