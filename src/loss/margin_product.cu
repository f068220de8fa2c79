// The device passes of margin_product.hpp: a block of threads takes a row of
// scores in one pass, forward and backward, beside the matrix products.
#include "caffe/pairwise/distances.hpp"
#include "caffe/loss/margin_product.hpp"
#include "pairwise/reduce.cuh"
#include "math/channels.cuh"
#include "caffe/util/math_functions.hpp"

namespace caffe {
namespace metric {

namespace {

// The class of row i, or -1.
template <typename T>
__device__ int64_t OwnClass(const MarginBatch<T>& batch, int64_t i) {
  return batch.class_of == nullptr ? -1 : batch.class_of[i];
}

// Sum of term(k) over k = 0 ... count - 1 by a block of kSumThreads.
template <typename Term>
__device__ double BlockRowSum(int64_t count, const Term& term) {
  double sum = 0;
  for (int64_t k = threadIdx.x; k < count; k += kSumThreads) sum += term(k);
  return BlockSum(sum);
}

// Fills a row of batch.rows, the same in each thread.
template <typename T>
__device__ void FillRow(const MarginBatch<T>& batch, int64_t i, int64_t own,
                        T* row) {
  const T* const x = batch.x + i * batch.D;
  const T inverse_x = InverseNorm(static_cast<T>(BlockRowSum(
      batch.D, [=](int64_t k) { return static_cast<double>(x[k] * x[k]); })));
  row[kInverseLength] = inverse_x;
  SetOwnAngle(T(0), T(0), false, row);
  if (own < 0) return;
  const T* const w = batch.w + own * batch.D;
  const T inverse_w = batch.inverse_w[own];
  const double plus = BlockRowSum(batch.D, [=](int64_t k) {
    const T sum = x[k] * inverse_x + w[k] * inverse_w;
    return static_cast<double>(sum * sum);
  });
  const double minus = BlockRowSum(batch.D, [=](int64_t k) {
    const T gap = x[k] * inverse_x - w[k] * inverse_w;
    return static_cast<double>(gap * gap);
  });
  SetOwnAngle(static_cast<T>(plus), static_cast<T>(minus),
              inverse_x != 0 && inverse_w != 0, row);
}

// From the products in y to the scores. One block a row.
template <typename T>
__global__ void FinishRowKernel(MarginBatch<T> batch, T* y) {
  const int64_t i = blockIdx.x;
  const int64_t own = OwnClass(batch, i);
  T row[kMarginRowSize];
  FillRow(batch, i, own, row);
  const T factor = ScoreFactor(batch.options, row);
  T* const scores = y + i * batch.C;
  for (int64_t j = threadIdx.x; j < batch.C; j += kSumThreads) {
    scores[j] =
        j == own ? ScoreLength(batch.options, row) *
                       MarginOf(batch.options, row[kOwnCosine], row[kOwnSine])
                           .value
                 : scores[j] * (factor * batch.inverse_w[j]);
  }
  if (threadIdx.x >= kRadial) return;
  batch.rows[i * kMarginRowSize + threadIdx.x] = row[threadIdx.x];
}

}  // namespace

template <typename T>
void MarginForwardGpu(const MarginBatch<T>& batch, T* y) {
  const int64_t D = batch.D;
  const MarginBatch<T> here = batch;
  ForEachWarp(batch.C, [=] __device__(int64_t j, int lane) {
    const T* const w = here.w + j * D;
    const T square =
        WarpRowSum<T>(D, lane, [=](int64_t k) { return w[k] * w[k]; });
    if (lane == 0) here.inverse_w[j] = InverseNorm(square);
  });
  if (batch.N == 0) return;
  caffe_gpu_gemm<T>(CblasNoTrans, CblasTrans, static_cast<int>(batch.N),
                    static_cast<int>(batch.C), static_cast<int>(D), T(1),
                    batch.x, batch.w, T(0), y);
  Launch(FinishRowKernel<T>, static_cast<int>(batch.N), kSumThreads, 0, batch,
         y);
}

namespace {

// h and kRadial as in margin_product.cpp. One block a row.
template <typename T>
__global__ void FillFactorsKernel(MarginBatch<T> batch, const T* y,
                                  const T* dy) {
  const int64_t i = blockIdx.x;
  const int64_t own = OwnClass(batch, i);
  T* const row = batch.rows + i * kMarginRowSize;
  const int64_t start = i * batch.C;
  const T factor = ScoreFactor(batch.options, row);
  double sum = 0;
  for (int64_t j = threadIdx.x; j < batch.C; j += kSumThreads) {
    const T slope = dy[start + j];
    T h = slope * (factor * batch.inverse_w[j]);
    if (batch.options.normalize) {
      sum += static_cast<double>(slope) * y[start + j];
    }
    if (j == own) {
      h *= MarginOf(batch.options, row[kOwnCosine], row[kOwnSine]).slope;
      sum += OwnChange(batch.options, row, y[start + j], slope);
    }
    batch.h[start + j] = h;
  }
  sum = BlockSum(sum);
  if (threadIdx.x != 0) return;
  row[kRadial] = RadialFactor(batch.options, row, sum,
                              own < 0 ? T(0) : dy[start + own]);
}

// dx_i += kRadial_i x_i.
template <typename T>
void AddRadial(const MarginBatch<T>& batch, T* dx) {
  const MarginBatch<T> here = batch;
  const Divisor columns(batch.D);
  ForEach(batch.N * batch.D, [=] __device__(int64_t k) {
    dx[k] += here.rows[columns.Quotient(k) * kMarginRowSize + kRadial] *
             here.x[k];
  });
}

// dw_j -= w_j / |w_j|^2 sum_i dL/dy_ij f'_ij l_i cos t_ij.
template <typename T>
void AddWeightRadial(const MarginBatch<T>& batch, const T* y, const T* dy,
                     T* dw) {
  const MarginBatch<T> here = batch;
  const Divisor classes(batch.C), columns(batch.D);
  ChannelSumsOnDevice(
      ChannelShape{batch.N, batch.C, 1}, batch.sums,
      [=] __device__(int64_t i, int64_t j) -> double {
        const double product = static_cast<double>(dy[i]) * y[i];
        const int64_t row = classes.Quotient(i);
        if (OwnClass(here, row) != j) return product;
        return product + OwnChange(here.options,
                                   here.rows + row * kMarginRowSize, y[i],
                                   dy[i]);
      });
  ForEach(batch.C * batch.D, [=] __device__(int64_t k) {
    const int64_t j = columns.Quotient(k);
    const T inverse = here.inverse_w[j];
    dw[k] -= static_cast<T>(here.sums[j]) * inverse * inverse * here.w[k];
  });
}

}  // namespace

template <typename T>
void MarginBackwardGpu(const MarginBatch<T>& batch, const T* y, const T* dy,
                       T* dx, T* dw) {
  const int N = static_cast<int>(batch.N), D = static_cast<int>(batch.D);
  const int C = static_cast<int>(batch.C);
  if (N == 0) return;
  Launch(FillFactorsKernel<T>, N, kSumThreads, 0, batch, y, dy);
  if (dx != nullptr) {
    caffe_gpu_gemm<T>(CblasNoTrans, CblasNoTrans, N, D, C, T(1), batch.h,
                      batch.w, T(0), dx);
    AddRadial(batch, dx);
  }
  if (dw != nullptr) {
    caffe_gpu_gemm<T>(CblasTrans, CblasNoTrans, C, D, N, T(1), batch.h,
                      batch.x, T(1), dw);
    AddWeightRadial(batch, y, dy, dw);
  }
}

#define INSTANTIATE_MARGIN_PRODUCT_GPU(T)                                   \
  template void MarginForwardGpu<T>(const MarginBatch<T>&, T*);             \
  template void MarginBackwardGpu<T>(const MarginBatch<T>&, const T*,       \
                                     const T*, T*, T*)
INSTANTIATE_MARGIN_PRODUCT_GPU(float);
INSTANTIATE_MARGIN_PRODUCT_GPU(double);

}  // namespace metric
}  // namespace caffe
