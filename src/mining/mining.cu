// Mining on the device: the passes, and the sums over the anchors.
#include "caffe/mining/mining.hpp"

#include "core/device.hpp"
#include "mining/choose_triplets.cuh"
#include "pairwise/pair_slopes.cuh"
#include "pairwise/reduce.cuh"
#include "pairwise/row_set.cuh"

namespace caffe {
namespace metric {

namespace {

template <typename T>
void Total(const MiningPlan<T>& plan, const double* values, double* total) {
  SumRows(
      plan.A, [=] __device__(int64_t a) { return values[a]; },
      [=] __device__(double sum, int64_t) { *total = sum; });
}

template <typename T>
void FinishTotals(const MiningPlan<T>& plan, const MiningOptions& options,
                  T* loss) {
  double* const totals = plan.totals;
  Total(plan, plan.loss, totals);
  Total(plan, plan.triplets, totals + 2);
  Total(plan, plan.active, totals + 3);
  const MiningOptions chosen = options;
  ForEach(1, [=] __device__(int64_t) {
    totals[1] = MiningFactor(chosen, static_cast<int64_t>(totals[2]),
                             static_cast<int64_t>(totals[3]));
    totals[0] *= totals[1];
    *loss = static_cast<T>(totals[0]);
  });
}

}  // namespace

template <typename T>
bool MiningForwardGpu(const MiningOptions& options, const T* x,
                      const T* labels, int64_t bank, int64_t B, int64_t D,
                      uint64_t draw, const MiningDevice<T>& device, T* loss,
                      MiningResult* result) {
  const MiningPlan<T> plan =
      MakeMiningPlan(options, x, bank, B, D, draw, device);
  PrepareRowsGpu<T>(plan, labels);
  if (plan.A > 0) {
    if (options.mining == Mining::kBatchHard) {
      ChooseHardestGpu(plan);
    } else {
      ChooseTripletsGpu(plan, options);
      SymmetriseSlopes<T>(plan);
    }
  }
  FinishTotals(plan, options, loss);
  double totals[kMiningSums];
  CopyToHost(totals, plan.totals, sizeof(totals));
  result->loss = totals[0];
  result->factor = totals[1];
  result->triplets = static_cast<int64_t>(totals[2]);
  result->active = static_cast<int64_t>(totals[3]);
  return totals[4] != 0;
}

template <typename T>
void MiningBackwardGpu(const MiningOptions& options, const T* x, double factor,
                       const T* loss_diff, int64_t bank, int64_t B, int64_t D,
                       const MiningDevice<T>& device, T* dx) {
  const MiningPlan<T> plan =
      MakeMiningPlan(options, x, bank, B, D, 0, device);
  if (plan.A == 0) return;
  if (options.mining == Mining::kBatchHard) {
    PullHardestGpu(plan);
  } else {
    PullAllGpu<T>(plan);
  }
  WriteGradientGpu<T>(plan, static_cast<T>(factor), loss_diff, dx);
}

#define INSTANTIATE_MINING_GPU(T)                                             \
  template bool MiningForwardGpu<T>(const MiningOptions&, const T*, const T*, \
                                    int64_t, int64_t, int64_t, uint64_t,      \
                                    const MiningDevice<T>&, T*,               \
                                    MiningResult*);                           \
  template void MiningBackwardGpu<T>(const MiningOptions&, const T*, double,  \
                                     const T*, int64_t, int64_t, int64_t,     \
                                     const MiningDevice<T>&, T*)
INSTANTIATE_MINING_GPU(float);
INSTANTIATE_MINING_GPU(double);

}  // namespace metric
}  // namespace caffe
