// The gradient of a loss over pairs on the device: all pairs are one product,
// and near-duplicates are added one by one.
#include "caffe/util/math_functions.hpp"
#include "pairwise/pair_slopes.cuh"
#include "pairwise/reduce.cuh"

namespace caffe {
namespace metric {

namespace {

// gradient_a = sum_j slopes(a, j) (row of a - rows_j), of which the product
// made the second part; and the pairs of near-duplicates.
template <typename T>
void AddSums(const RowPlan<T>& plan) {
  const RowPlan<T> m = plan;
  ForEachWarp(m.A, [=] __device__(int64_t a, int lane) {
    const T* const slopes = m.slopes + a * m.B;
    const T* const row = m.rows + m.anchor[a] * m.D;
    const T total =
        WarpRowSum<T>(m.B, lane, [=](int64_t j) { return slopes[j]; });
    for (int64_t k = lane; k < m.D; k += kWarpSize) {
      m.gradient[a * m.D + k] += total * row[k];
    }
    if (m.distance != Distance::kL2) return;
    for (int64_t j = 0; j < m.B; ++j) {
      const T near = m.distances[a * m.B + j];
      if (near != 0) PullRow(m, a, j, near, lane);
    }
  });
}

}  // namespace

template <typename T>
void PullAllGpu(const RowPlan<T>& plan) {
  caffe_gpu_gemm(CblasNoTrans, CblasNoTrans, static_cast<int>(plan.A),
                 static_cast<int>(plan.D), static_cast<int>(plan.B), T(-1),
                 plan.slopes, plan.rows, T(0), plan.gradient);
  AddSums(plan);
}

// For kCosine what points along x goes.
template <typename T>
void WriteGradientGpu(const RowPlan<T>& plan, T factor, const T* loss_diff,
                      T* dx) {
  const RowPlan<T> m = plan;
  if (m.distance == Distance::kSquaredL2) factor *= 2;
  ForEachWarp(m.A, [=] __device__(int64_t a, int lane) {
    const T* const gradient = m.gradient + a * m.D;
    const int64_t i = m.anchor[a];
    const T* const row = m.x + m.order[i] * m.D;
    T* const to = dx + (m.order[i] - m.bank) * m.D;
    T scale = factor * *loss_diff;
    T along = 0;
    if (m.Cosine()) {
      along = WarpRowSum<T>(
          m.D, lane, [=](int64_t k) { return gradient[k] * row[k]; });
      along = along * m.inverses[i] * m.inverses[i];
      scale *= m.inverses[i];
    }
    for (int64_t k = lane; k < m.D; k += kWarpSize) {
      to[k] = scale * (gradient[k] - along * row[k]);
    }
  });
}

#define INSTANTIATE_PAIR_GRADIENT_GPU(T)                                   \
  template void PullAllGpu<T>(const RowPlan<T>&);                          \
  template void WriteGradientGpu<T>(const RowPlan<T>&, T, const T*, T*)
INSTANTIATE_PAIR_GRADIENT_GPU(float);
INSTANTIATE_PAIR_GRADIENT_GPU(double);

}  // namespace metric
}  // namespace caffe
