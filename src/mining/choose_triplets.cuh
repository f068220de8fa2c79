// The choice of triplets on the device: where each array lies in the memory
// that the caller gave, and what fills them. Included by .cu files alone.
#ifndef TERCET_MINING_CHOOSE_TRIPLETS_CUH_
#define TERCET_MINING_CHOOSE_TRIPLETS_CUH_

#include <cstdint>

#include "caffe/mining/mining.hpp"
#include "pairwise/row_set.cuh"

namespace caffe {
namespace metric {

template <typename T>
struct MiningPlan : RowPlan<T> {
  Mining mining;
  Hinge hinge;
  T margin;
  uint64_t draw;
  // kBatchHard, of each anchor: the row that it took, or -1, and dL/dd, for kL2
  // divided by d.
  int* positive;
  int* negative;
  T* positive_slope;
  T* negative_slope;
  double* loss;  // of each anchor
  double* triplets;
  double* active;
  double* totals;  // loss, factor, triplets, active, whether all is finite
};

template <typename T>
MiningPlan<T> MakeMiningPlan(const MiningOptions& options, const T* x,
                             int64_t bank, int64_t B, int64_t D, uint64_t draw,
                             const MiningDevice<T>& device) {
  MiningPlan<T> plan = {};
  plan.loss = device.sums;
  plan.triplets = plan.loss + B;
  plan.active = plan.triplets + B;
  plan.totals = plan.active + B;
  const RowMemory<T> rows = {device.ints, device.values, plan.totals + 4,
                             device.distances, device.slopes};
  static_cast<RowPlan<T>&>(plan) =
      MakeRowPlan(options.distance, x, bank, B, D, rows);
  plan.mining = options.mining;
  plan.hinge = options.hinge;
  plan.margin = static_cast<T>(options.margin);
  plan.draw = draw;
  plan.positive = device.ints + RowInts(B);
  plan.negative = plan.positive + B;
  plan.positive_slope = device.values + RowValues(B, D);
  plan.negative_slope = plan.positive_slope + B;
  return plan;
}

// Of each anchor: loss, triplets, active and the slopes of its pairs.
template <typename T>
void ChooseTripletsGpu(const MiningPlan<T>& plan,
                       const MiningOptions& options);

// The same for kBatchHard, whose slopes stay with the rows that were taken.
template <typename T>
void ChooseHardestGpu(const MiningPlan<T>& plan);

// After ChooseHardestGpu: the anchors' `gradient`.
template <typename T>
void PullHardestGpu(const MiningPlan<T>& plan);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_CHOOSE_TRIPLETS_CUH_
