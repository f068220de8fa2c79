// Scores with a margin on the CPU: one matrix product forward and two backward.
// The lengths of weights and features are divided out of the products, so that
// no unit vectors are stored. Backward has one N x C matrix of its own, for the
// top's diff is not its to change.
#include "caffe/loss/margin_product.hpp"

#include "caffe/pairwise/distances.hpp"
#include "math/channels.hpp"
#include "caffe/util/math_functions.hpp"
#include "core/parallel.hpp"

namespace caffe {
namespace metric {

namespace {

// The class of row i, or -1.
template <typename T>
int64_t OwnClass(const MarginBatch<T>& batch, int64_t i) {
  return batch.class_of == nullptr ? -1 : batch.class_of[i];
}

// The angle between row i and the weights of its class.
template <typename T>
void FindOwnAngle(const MarginBatch<T>& batch, int64_t i, int64_t own,
                  T* row) {
  const T* const x = batch.x + i * batch.D;
  const T* const w = batch.w + own * batch.D;
  const T inverse_x = row[kInverseLength], inverse_w = batch.inverse_w[own];
  const T plus = RowLaneSum<T>(batch.D, [=](int64_t k) {
    const T sum = x[k] * inverse_x + w[k] * inverse_w;
    return sum * sum;
  });
  const T minus = RowLaneSum<T>(batch.D, [=](int64_t k) {
    const T gap = x[k] * inverse_x - w[k] * inverse_w;
    return gap * gap;
  });
  SetOwnAngle(plus, minus, inverse_x != 0 && inverse_w != 0, row);
}

// From the products in y to the scores.
template <typename T>
void FinishRow(const MarginBatch<T>& batch, int64_t i, T* y) {
  T* const row = batch.rows + i * kMarginRowSize;
  row[kInverseLength] = RowInverseNorm(batch.x + i * batch.D, batch.D);
  const T factor = ScoreFactor(batch.options, row);
  for (int64_t j = 0; j < batch.C; ++j) y[j] *= factor * batch.inverse_w[j];
  SetOwnAngle(T(0), T(0), false, row);
  const int64_t own = OwnClass(batch, i);
  if (own < 0) return;
  FindOwnAngle(batch, i, own, row);
  y[own] = ScoreLength(batch.options, row) *
           MarginOf(batch.options, row[kOwnCosine], row[kOwnSine]).value;
}

}  // namespace

template <typename T>
void MarginForward(const MarginBatch<T>& batch, T* y) {
  const int64_t N = batch.N, D = batch.D, C = batch.C;
  ParallelFor(C, D, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      batch.inverse_w[j] = RowInverseNorm(batch.w + j * D, D);
    }
  });
  caffe_cpu_gemm<T>(CblasNoTrans, CblasTrans, static_cast<int>(N),
                    static_cast<int>(C), static_cast<int>(D), T(1), batch.x,
                    batch.w, T(0), y);
  ParallelFor(N, C + 8 * D, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) FinishRow(batch, i, y + i * C);
  });
}

namespace {

// h_ij = dL/dy_ij f'_ij l_i / (|x_i| |w_j|), the factors of w_j in dL/dx_i and
// of x_i in dL/dw_j, and the row's kRadial.
template <typename T>
void FillFactors(const MarginBatch<T>& batch, int64_t i, const T* y,
                 const T* dy, T* h) {
  T* const row = batch.rows + i * kMarginRowSize;
  const T factor = ScoreFactor(batch.options, row);
  for (int64_t j = 0; j < batch.C; ++j) {
    h[j] = dy[j] * (factor * batch.inverse_w[j]);
  }
  double sum = 0;
  if (batch.options.normalize) {
    sum = RowLaneSum<double>(batch.C, [=](int64_t j) {
      return static_cast<double>(dy[j]) * y[j];
    });
  }
  const int64_t own = OwnClass(batch, i);
  if (own >= 0) {
    h[own] *= MarginOf(batch.options, row[kOwnCosine], row[kOwnSine]).slope;
    sum += OwnChange(batch.options, row, y[own], dy[own]);
  }
  row[kRadial] =
      RadialFactor(batch.options, row, sum, own < 0 ? T(0) : dy[own]);
}

template <typename T>
void FeatureGradient(const MarginBatch<T>& batch, T* dx) {
  const int64_t N = batch.N, D = batch.D, C = batch.C;
  caffe_cpu_gemm<T>(CblasNoTrans, CblasNoTrans, static_cast<int>(N),
                    static_cast<int>(D), static_cast<int>(C), T(1), batch.h,
                    batch.w, T(0), dx);
  ParallelFor(N, 2 * D, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T radial = batch.rows[i * kMarginRowSize + kRadial];
      for (int64_t k = i * D; k < (i + 1) * D; ++k) {
        dx[k] += radial * batch.x[k];
      }
    }
  });
}

template <typename T>
void WeightGradient(const MarginBatch<T>& batch, const T* y, const T* dy,
                    T* dw) {
  const int64_t N = batch.N, D = batch.D, C = batch.C;
  caffe_cpu_gemm<T>(CblasTrans, CblasNoTrans, static_cast<int>(C),
                    static_cast<int>(D), static_cast<int>(N), T(1), batch.h,
                    batch.x, T(1), dw);
  double* const sums = batch.sums;
  ChannelSums(ChannelShape{N, C, 1}, sums, [=](int64_t i, int64_t) {
    return static_cast<double>(dy[i]) * y[i];
  });
  for (int64_t i = 0; i < N; ++i) {
    const int64_t own = OwnClass(batch, i);
    if (own < 0) continue;
    sums[own] += OwnChange(batch.options, batch.rows + i * kMarginRowSize,
                           y[i * C + own], dy[i * C + own]);
  }
  ParallelFor(C, 2 * D, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      const T inverse = batch.inverse_w[j];
      const T radial = static_cast<T>(-sums[j]) * inverse * inverse;
      for (int64_t k = j * D; k < (j + 1) * D; ++k) {
        dw[k] += radial * batch.w[k];
      }
    }
  });
}

}  // namespace

template <typename T>
void MarginBackward(const MarginBatch<T>& batch, const T* y, const T* dy,
                    T* dx, T* dw) {
  const int64_t C = batch.C;
  ParallelFor(batch.N, 4 * C, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      FillFactors(batch, i, y + i * C, dy + i * C, batch.h + i * C);
    }
  });
  if (dx != nullptr) FeatureGradient(batch, dx);
  if (dw != nullptr) WeightGradient(batch, y, dy, dw);
}

#define INSTANTIATE_MARGIN_PRODUCT(T)                                       \
  template void MarginForward<T>(const MarginBatch<T>&, T*);                \
  template void MarginBackward<T>(const MarginBatch<T>&, const T*,          \
                                  const T*, T*, T*)
INSTANTIATE_MARGIN_PRODUCT(float);
INSTANTIATE_MARGIN_PRODUCT(double);

}  // namespace metric
}  // namespace caffe
