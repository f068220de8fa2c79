// Rows in the order of their people and without their common offset on the
// device, and one product for all distances.
#include "pairwise/row_set.cuh"

#include "caffe/common.hpp"
#include "caffe/util/math_functions.hpp"
#include "pairwise/reduce.cuh"

namespace caffe {
namespace metric {

namespace {

// The order of the rows: who is before whom is counted, not sorted.
template <typename T>
void OrderRows(const RowPlan<T>& plan, const T* labels) {
  const RowPlan<T> m = plan;
  ForEachWarp(m.B, [=] __device__(int64_t i, int lane) {
    int first = static_cast<int>(i);
    for (int64_t j = lane; j < first; j += kWarpSize) {
      if (labels[j] == labels[i]) first = static_cast<int>(j);
    }
    first = -WarpMax(-first);
    if (lane == 0) m.first[i] = first;
  });
  ForEachWarp(m.B, [=] __device__(int64_t i, int lane) {
    int before = 0, same = 0, same_before = 0;
    for (int64_t j = lane; j < m.B; j += kWarpSize) {
      before += m.first[j] < m.first[i];
      same += m.first[j] == m.first[i];
      same_before += m.first[j] == m.first[i] && j < i;
    }
    before = WarpSum(before);
    same = WarpSum(same);
    const int at = before + WarpSum(same_before);
    if (lane != 0) return;
    m.order[at] = static_cast<int>(i);
    m.begin[at] = before;
    m.end[at] = before + same;
    const int a = m.bank == 0 ? at : static_cast<int>(i - m.bank);
    m.place[at] = a < 0 ? -1 : a;
    if (a >= 0) m.anchor[a] = at;
    if (!isfinite(labels[i])) *m.finite = 0;
  });
}

// rows = x in order; for kCosine of length 1.
template <typename T>
void CopyRows(const RowPlan<T>& plan) {
  const RowPlan<T> m = plan;
  ForEachWarp(m.B, [=] __device__(int64_t i, int lane) {
    const T* const from = m.x + m.order[i] * m.D;
    T factor = 1;
    if (m.Cosine()) {
      const T square = WarpRowSum<T>(
          m.D, lane, [=](int64_t k) { return from[k] * from[k]; });
      factor = InverseNorm(square);
      if (lane == 0) m.inverses[i] = factor;
    }
    for (int64_t k = lane; k < m.D; k += kWarpSize) {
      m.rows[i * m.D + k] = from[k] * factor;
    }
  });
}

// As CentreOf in row_set.cpp, by one block.
template <typename T>
__global__ void CentreKernel(RowPlan<T> m) {
  constexpr int64_t kSamples = 32;
  constexpr int kDigits = 6;
  __shared__ double ranges[kBlockThreads];
  const int64_t samples = m.B < kSamples ? m.B : kSamples;
  double range = 0;
  for (int64_t k = threadIdx.x; k < m.D; k += kBlockThreads) {
    T low = m.rows[k], high = low;
    for (int64_t s = 0; s < samples; ++s) {
      const T value = m.rows[m.B * s / samples * m.D + k];
      low = value < low ? value : low;
      high = value > high ? value : high;
    }
    const double own = static_cast<double>(high) - low;
    range = own > range ? own : range;
  }
  ranges[threadIdx.x] = range;
  __syncthreads();
  for (int t = 0; t < kBlockThreads; ++t) {
    range = ranges[t] > range ? ranges[t] : range;
  }
  const double grid =
      range > 0 && isfinite(range) ? ldexp(1., ilogb(range) - kDigits) : 0;
  for (int64_t k = threadIdx.x; k < m.D; k += kBlockThreads) {
    double sum = 0;
    for (int64_t s = 0; s < samples; ++s) {
      sum += m.rows[m.B * s / samples * m.D + k];
    }
    m.centre[k] =
        grid > 0 ? static_cast<T>(round(sum / samples / grid) * grid)
                 : m.rows[k];
  }
}

template <typename T>
void CentreRows(const RowPlan<T>& plan) {
  const RowPlan<T> m = plan;
  const T most = kMostSquare<T>;
  ForEachWarp(m.B, [=] __device__(int64_t i, int lane) {
    T* const row = m.rows + i * m.D;
    for (int64_t k = lane; k < m.D; k += kWarpSize) row[k] -= m.centre[k];
    T square =
        WarpRowSum<T>(m.D, lane, [=](int64_t k) { return row[k] * row[k]; });
    if (m.Cosine()) square /= 2;
    if (lane != 0) return;
    m.squares[i] = square;
    if (!(square < most)) *m.finite = 0;
  });
}

template <typename T>
void SetFinite(const RowPlan<T>& plan) {
  double* const finite = plan.finite;
  ForEach(1, [=] __device__(int64_t) { *finite = 1; });
}

// The anchors' rows, side by side: with a bank they are copied to where the
// gradient will be.
template <typename T>
const T* AnchorRows(const RowPlan<T>& plan) {
  if (plan.bank == 0) return plan.rows;
  const RowPlan<T> m = plan;
  ForEach(m.A * m.D, [=] __device__(int64_t at) {
    m.gradient[at] = m.rows[m.anchor[at / m.D] * m.D + at % m.D];
  });
  return plan.gradient;
}

// Always in full precision: what is lost here is lost in each distance.
template <typename T>
void MultiplyRows(const RowPlan<T>& plan) {
  const struct FullPrecision {
    const Caffe::Math before = Caffe::math();
    FullPrecision() { Caffe::set_math(Caffe::FP32); }
    ~FullPrecision() { Caffe::set_math(before); }
  } full_precision;
  caffe_gpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(plan.A),
                 static_cast<int>(plan.B), static_cast<int>(plan.D),
                 plan.distance == Distance::kCosine ? T(-1) : T(-2),
                 AnchorRows(plan), plan.rows, T(0), plan.distances);
}

}  // namespace

template <typename T>
void PrepareRowsGpu(const RowPlan<T>& plan, const T* labels) {
  SetFinite(plan);
  if (plan.A == 0) return;
  OrderRows(plan, labels);
  CopyRows(plan);
  Launch(CentreKernel<T>, 1, kBlockThreads, 0, plan);
  CentreRows(plan);
  MultiplyRows(plan);
}

template void PrepareRowsGpu<float>(const RowPlan<float>&, const float*);
template void PrepareRowsGpu<double>(const RowPlan<double>&, const double*);

}  // namespace metric
}  // namespace caffe
