// The slopes of pairs on the device, and the gradient by the rows. Included by
// .cu files alone.
#ifndef TERCET_PAIRWISE_PAIR_SLOPES_CUH_
#define TERCET_PAIRWISE_PAIR_SLOPES_CUH_

#include <cstdint>

#include "pairwise/pair_slopes.hpp"
#include "pairwise/row_set.cuh"

namespace caffe {
namespace metric {

// Adds up, in `slopes`, what both anchors of a pair have as dL/dd, for kL2
// divided by d; those of near-duplicates change to the place of the distances,
// which must be whole before.
template <typename T>
void SymmetriseSlopes(const RowPlan<T>& plan);

// gradient_a += slope (row of a - row_j), by the lanes of a warp.
template <typename T>
__device__ inline void PullRow(const RowPlan<T>& m, int64_t a, int64_t j,
                               T slope, int lane) {
  const T* const own = m.Row(m.anchor[a]);
  const T* const other = m.Row(j);
  T* const sum = m.gradient + a * m.D;
  for (int64_t k = lane; k < m.D; k += kWarpSize) {
    sum[k] += slope * (own[k] - other[k]);
  }
}

// Of slopes as SymmetriseSlopes leaves them: the anchors' `gradient`.
template <typename T>
void PullAllGpu(const RowPlan<T>& plan);

// dx = factor * *loss_diff * dL/dx from `gradient`.
template <typename T>
void WriteGradientGpu(const RowPlan<T>& plan, T factor, const T* loss_diff,
                      T* dx);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_PAIR_SLOPES_CUH_
