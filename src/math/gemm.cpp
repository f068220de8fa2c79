// Matrix products on OpenBLAS. C is cut in tiles by its shape alone and each
// tile is one single-threaded BLAS call, so that the bits of a result do not
// depend on the number of threads.
#include <algorithm>

#include "caffe/util/math_functions.hpp"
#include "core/parallel.hpp"
#include "math/blas_call.hpp"

namespace caffe {
namespace {

// A tile has at least this many rows or columns, and C at most this many
// tiles a side.
constexpr int kMinTile = 64;
constexpr int kMaxTiles = 16;

void Gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k,
          float alpha, const float* a, int lda, const float* b, int ldb,
          float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c,
              ldc);
}

void Gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k,
          double alpha, const double* a, int lda, const double* b, int ldb,
          double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c,
              ldc);
}

void Gemv(CBLAS_TRANSPOSE ta, int m, int n, float alpha, const float* a,
          int lda, const float* x, float beta, float* y) {
  cblas_sgemv(CblasRowMajor, ta, m, n, alpha, a, lda, x, 1, beta, y, 1);
}

void Gemv(CBLAS_TRANSPOSE ta, int m, int n, double alpha, const double* a,
          int lda, const double* x, double beta, double* y) {
  cblas_dgemv(CblasRowMajor, ta, m, n, alpha, a, lda, x, 1, beta, y, 1);
}

int TileCount(int side) {
  return std::max(1, std::min(kMaxTiles, side / kMinTile));
}

// Runs body(tile) for each tile, on several threads where that pays.
template <typename Body>
void ForEachTile(int tiles, int64_t work, const Body& body) {
  ParallelItems(tiles, work, [&body](int64_t tile, int) {
    const BlasCall call;
    body(static_cast<int>(tile));
  });
}

}  // namespace

template <typename Dtype>
void caffe_cpu_gemm(CBLAS_TRANSPOSE TransA, CBLAS_TRANSPOSE TransB, int M,
                    int N, int K, Dtype alpha, const Dtype* A, const Dtype* B,
                    Dtype beta, Dtype* C) {
  if (M == 0 || N == 0) return;
  const int lda = TransA == CblasNoTrans ? K : M;
  const int ldb = TransB == CblasNoTrans ? N : K;
  const bool by_rows = M >= N;
  const int side = by_rows ? M : N;
  const int tiles = TileCount(side);
  const int64_t work = int64_t{M} * N * K;
  ForEachTile(tiles, work, [&](int t) {
    const int begin = static_cast<int>(static_cast<int64_t>(side) * t / tiles);
    const int end =
        static_cast<int>(static_cast<int64_t>(side) * (t + 1) / tiles);
    const int64_t first = begin;
    if (by_rows) {
      const Dtype* a = A + (TransA == CblasNoTrans ? first * lda : first);
      Gemm(TransA, TransB, end - begin, N, K, alpha, a, std::max(lda, 1), B,
           std::max(ldb, 1), beta, C + first * N, N);
    } else {
      const Dtype* b = B + (TransB == CblasNoTrans ? first : first * ldb);
      Gemm(TransA, TransB, M, end - begin, K, alpha, A, std::max(lda, 1), b,
           std::max(ldb, 1), beta, C + first, N);
    }
  });
}

template <typename Dtype>
void caffe_cpu_gemv(CBLAS_TRANSPOSE TransA, int M, int N, Dtype alpha,
                    const Dtype* A, const Dtype* x, Dtype beta, Dtype* y) {
  const bool transposed = TransA != CblasNoTrans;
  const int side = transposed ? N : M;
  if (side == 0) return;
  const int tiles = TileCount(side);
  const int64_t work = int64_t{M} * N;
  ForEachTile(tiles, work, [&](int t) {
    const int begin = static_cast<int>(static_cast<int64_t>(side) * t / tiles);
    const int end =
        static_cast<int>(static_cast<int64_t>(side) * (t + 1) / tiles);
    const int64_t first = begin;
    if (transposed) {
      Gemv(TransA, M, end - begin, alpha, A + first, N, x, beta, y + begin);
    } else {
      Gemv(TransA, end - begin, N, alpha, A + first * N, N, x, beta,
           y + begin);
    }
  });
}

template void caffe_cpu_gemm<float>(CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, int, int,
                                    int, float, const float*, const float*,
                                    float, float*);
template void caffe_cpu_gemm<double>(CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, int,
                                     int, int, double, const double*,
                                     const double*, double, double*);
template void caffe_cpu_gemv<float>(CBLAS_TRANSPOSE, int, int, float,
                                    const float*, const float*, float, float*);
template void caffe_cpu_gemv<double>(CBLAS_TRANSPOSE, int, int, double,
                                     const double*, const double*, double,
                                     double*);

}  // namespace caffe
