// Multibatch and lifted structure on the device: one block of threads an
// anchor.
#include <algorithm>

#include "caffe/loss/pair_loss.hpp"
#include "core/device.hpp"
#include "pairwise/pair_slopes.cuh"
#include "pairwise/reduce.cuh"
#include "pairwise/row_measure.cuh"
#include "pairwise/row_set.cuh"

namespace caffe {
namespace metric {

namespace {

template <typename T>
struct PairPlan {
  RowPlan<T> rows;
  PairLossOptions options;
  T margin;
  double* sums;    // kPairSums x B: a row of each of PairSums, by anchor
  double* totals;  // of these; then |S|, |N|, and whether all is finite
  T* logs;         // B
  T* pulls;        // B

  __device__ PairWeights Weights() const {
    return WeightsOf(options, totals[kPairSums], totals[kPairSums + 1]);
  }
  __device__ bool Same(int64_t i, int64_t j) const {
    return j >= rows.begin[i] && j < rows.end[i];
  }
  __device__ int64_t Negatives(int64_t i) const {
    return rows.B - (rows.end[i] - rows.begin[i]);
  }
};

template <typename T>
PairPlan<T> MakePairPlan(const PairLossOptions& options, const T* x,
                         int64_t bank, int64_t B, int64_t D,
                         const PairLossDevice<T>& device) {
  PairPlan<T> plan = {};
  plan.options = options;
  plan.margin = static_cast<T>(options.margin);
  plan.sums = device.sums;
  plan.totals = plan.sums + kPairSums * B;
  plan.rows = MakeRowPlan(options.distance, x, bank, B, D,
                          RowMemory<T>{device.ints, device.values,
                                       plan.totals + kPairSums + 2,
                                       device.distances, device.slopes});
  plan.logs = device.logs;
  plan.pulls = plan.logs + B;
  return plan;
}

// Adds up what the threads have, and stores it.
template <typename T>
__device__ void StoreSums(const PairPlan<T>& m, int64_t a,
                          const PairSums& sums) {
  const double values[kPairSums] = {sums.loss,   sums.plain, sums.pairs,
                                    sums.active, sums.slope, sums.collapsed};
  for (int k = 0; k < kPairSums; ++k) {
    const double total = BlockTotal(values[k]);
    if (threadIdx.x == 0) m.sums[k * m.rows.B + a] = total;
  }
}

// The distances of anchor a, in the products' place.
template <typename T>
__device__ void MeasureAnchor(const RowPlan<T>& rows, int64_t a) {
  for (int64_t j = threadIdx.x; j < rows.B; j += kBlockThreads) {
    const T d = FinishDistance(rows, a, j);
    rows.distances[a * rows.B + j] =
        rows.distance == Distance::kL2 ? std::sqrt(d) : d;
  }
}

template <typename T>
__device__ void MultibatchRow(const PairPlan<T>& m, T threshold, int64_t a) {
  const RowPlan<T>& rows = m.rows;
  const int64_t i = rows.anchor[a];
  const PairWeights weights = m.Weights();
  PairSums sums;
  for (int64_t j = threadIdx.x; j < rows.B; j += kBlockThreads) {
    const T d = rows.distances[a * rows.B + j];
    const bool same = m.Same(i, j);
    const T h = same ? d + (m.margin - threshold) : -d + (m.margin + threshold);
    const double weight = same ? weights.same : weights.different;
    const bool active = j != i && h > 0;
    const double sign = same ? 1 : -1;
    rows.slopes[a * rows.B + j] =
        active ? static_cast<T>(sign * weight) : T(0);
    if (j == i) continue;
    const double at_zero = m.margin - sign * threshold;
    sums.collapsed += at_zero > 0 ? at_zero : 0;
    sums.pairs += 1;
    if (!active) continue;
    sums.loss += weight * h;
    sums.plain += h;
    sums.active += 1;
    sums.slope -= sign * weight;
  }
  StoreSums(m, a, sums);
}

template <typename T>
__global__ void MultibatchKernel(PairPlan<T> m, const T* threshold) {
  for (int64_t a = blockIdx.x; a < m.rows.A; a += gridDim.x) {
    MeasureAnchor(m.rows, a);
    __syncthreads();
    MultibatchRow(m, *threshold, a);
  }
}

// The logarithms of the anchors' sums.
template <typename T>
__global__ void LogKernel(PairPlan<T> m) {
  const RowPlan<T>& rows = m.rows;
  for (int64_t a = blockIdx.x; a < rows.A; a += gridDim.x) {
    const int64_t i = rows.anchor[a];
    const T* const d = rows.distances + a * rows.B;
    MeasureAnchor(rows, a);
    __syncthreads();
    T least = HUGE_VAL;
    for (int64_t j = threadIdx.x; j < rows.B; j += kBlockThreads) {
      if (!m.Same(i, j) && d[j] < least) least = d[j];
    }
    least = BlockLeastValue(least);
    double sum = 0;
    for (int64_t j = threadIdx.x; j < rows.B; j += kBlockThreads) {
      if (!m.Same(i, j)) sum += std::exp(least - d[j]);
    }
    sum = BlockTotal(sum);
    if (threadIdx.x != 0) continue;
    m.logs[i] = m.Negatives(i) > 0
                    ? m.margin - least + static_cast<T>(std::log(sum))
                    : T(-HUGE_VAL);
  }
}

// The bank's rows see the anchors alone. One warp a row.
template <typename T>
__device__ void FinishBankRow(const PairPlan<T>& m, int64_t j, int lane) {
  const RowPlan<T>& rows = m.rows;
  T least = HUGE_VAL;
  for (int64_t a = lane; a < rows.A; a += kWarpSize) {
    const T d = rows.distances[a * rows.B + j];
    if (!m.Same(j, rows.anchor[a]) && d < least) least = d;
  }
  least = -WarpMax(-least);
  double sum = 0;
  for (int64_t a = lane; a < rows.A; a += kWarpSize) {
    const T d = rows.distances[a * rows.B + j];
    if (!m.Same(j, rows.anchor[a])) sum += std::exp(least - d);
  }
  sum = WarpSum(sum);
  const T log = sum > 0 ? m.margin - least + static_cast<T>(std::log(sum))
                        : T(-HUGE_VAL);
  const T weight = static_cast<T>(m.Weights().same);
  double pull = 0;
  for (int64_t a = lane; a < rows.A; a += kWarpSize) {
    const int64_t i = rows.anchor[a];
    if (!m.Same(j, i) || isinf(m.logs[i])) continue;
    const LiftedPair<T> pair =
        LiftedOf(m.logs[i], log, rows.distances[a * rows.B + j]);
    if (pair.value > 0) pull += weight * pair.value * pair.other;
  }
  pull = WarpSum(pull);
  if (lane != 0) return;
  m.logs[j] = log;
  m.pulls[j] = static_cast<T>(pull);
}

template <typename T>
void FinishBank(const PairPlan<T>& plan) {
  const PairPlan<T> m = plan;
  ForEachWarp(m.rows.B, [=] __device__(int64_t j, int lane) {
    if (m.rows.place[j] < 0) FinishBankRow(m, j, lane);
  });
}

// The positives of an anchor: their slopes, and what they add. To all threads
// dL by the logarithm of the anchor's sum, with what it has from pairs (j, a).
template <typename T>
__device__ T AddLiftedPairs(const PairPlan<T>& m, int64_t a, PairSums* sums) {
  const RowPlan<T>& rows = m.rows;
  const int64_t i = rows.anchor[a];
  const T weight = static_cast<T>(m.Weights().same);
  double own_anchors = 0;
  for (int64_t p = rows.begin[i] + threadIdx.x; p < rows.end[i];
       p += kBlockThreads) {
    own_anchors += rows.place[p] >= 0;
  }
  const double bank_negatives =
      static_cast<double>(rows.A) - BlockSumToAll(own_anchors);
  const double negatives = static_cast<double>(m.Negatives(i));
  double pull = 0;
  for (int64_t p = rows.begin[i] + threadIdx.x; p < rows.end[i];
       p += kBlockThreads) {
    T* const slope = rows.slopes + a * rows.B + p;
    *slope = 0;
    if (p == i) continue;
    const bool of_batch = rows.place[p] >= 0;
    const LiftedPair<T> pair = LiftedOf(m.logs[i], m.logs[p],
                                        rows.distances[a * rows.B + p]);
    sums->pairs += 1;
    sums->collapsed += LiftedCollapsed(m.margin, negatives,
                                       of_batch ? negatives : bank_negatives);
    if (!(pair.value > 0)) continue;
    sums->active += 1;
    sums->plain += pair.value * pair.value / 2;
    *slope = weight * pair.value;
    pull += (of_batch ? 2 : 1) * weight * pair.value * pair.own;
  }
  sums->loss = weight * sums->plain;
  return static_cast<T>(BlockSumToAll(pull));
}

template <typename T>
__global__ void LiftedKernel(PairPlan<T> m) {
  const RowPlan<T>& rows = m.rows;
  for (int64_t a = blockIdx.x; a < rows.A; a += gridDim.x) {
    const int64_t i = rows.anchor[a];
    const bool alone = m.Negatives(i) == 0;
    PairSums sums;
    const T pull = alone ? T(0) : AddLiftedPairs(m, a, &sums);
    for (int64_t n = threadIdx.x; n < rows.B; n += kBlockThreads) {
      if (m.Same(i, n)) {
        if (alone) rows.slopes[a * rows.B + n] = 0;
        continue;
      }
      const T term = m.margin - rows.distances[a * rows.B + n];
      T slope = pull * std::exp(term - m.logs[i]);
      if (rows.place[n] < 0 && m.pulls[n] != 0) {
        slope += m.pulls[n] * std::exp(term - m.logs[n]);
      }
      rows.slopes[a * rows.B + n] = -slope;
    }
    StoreSums(m, a, sums);
  }
}

// |S| and |N|.
template <typename T>
void CountPairs(const PairPlan<T>& plan) {
  const PairPlan<T> m = plan;
  SumRows(
      m.rows.A,
      [=] __device__(int64_t a) {
        const int64_t i = m.rows.anchor[a];
        return static_cast<double>(m.rows.end[i] - m.rows.begin[i] - 1);
      },
      [=] __device__(double same, int64_t) {
        const double all = static_cast<double>(m.rows.A) *
                           static_cast<double>(m.rows.B - 1);
        m.totals[kPairSums] = same;
        m.totals[kPairSums + 1] = all - same;
      });
}

template <typename T>
void FinishSums(const PairPlan<T>& plan, T* loss) {
  const PairPlan<T> m = plan;
  for (int k = 0; k < kPairSums; ++k) {
    const double* const values = m.sums + k * m.rows.B;
    double* const total = m.totals + k;
    SumRows(
        m.rows.A, [=] __device__(int64_t a) { return values[a]; },
        [=] __device__(double sum, int64_t) { *total = sum; });
  }
  ForEach(1, [=] __device__(int64_t) {
    *loss = static_cast<T>(m.totals[0]);
  });
}

}  // namespace

template <typename T>
bool PairLossForwardGpu(const PairLossOptions& options, const T* threshold,
                        const T* x, const T* labels, int64_t bank, int64_t B,
                        int64_t D, const PairLossDevice<T>& device, T* loss,
                        PairSums* result) {
  const PairPlan<T> plan = MakePairPlan(options, x, bank, B, D, device);
  PrepareRowsGpu(plan.rows, labels);
  if (plan.rows.A > 0) {
    const int blocks =
        static_cast<int>(std::min<int64_t>(plan.rows.A, kMaxBlocks));
    CountPairs(plan);
    if (options.loss == PairLoss::kMultibatch) {
      Launch(MultibatchKernel<T>, blocks, kBlockThreads, 0, plan, threshold);
    } else {
      Launch(LogKernel<T>, blocks, kBlockThreads, 0, plan);
      if (bank > 0) FinishBank(plan);
      Launch(LiftedKernel<T>, blocks, kBlockThreads, 0, plan);
    }
    SymmetriseSlopes(plan.rows);
  }
  FinishSums(plan, loss);
  double totals[kPairSums + 3];
  CopyToHost(totals, plan.totals, sizeof(totals));
  *result = {totals[0], totals[1], totals[2], totals[3], totals[4], totals[5]};
  return totals[kPairSums + 2] != 0;
}

template <typename T>
void PairLossBackwardGpu(const PairLossOptions& options, const T* x,
                         const T* loss_diff, int64_t bank, int64_t B,
                         int64_t D, const PairLossDevice<T>& device, T* dx) {
  const RowPlan<T> plan =
      MakePairPlan(options, x, bank, B, D, device).rows;
  if (plan.A == 0) return;
  PullAllGpu(plan);
  WriteGradientGpu(plan, T(1), loss_diff, dx);
}

#define INSTANTIATE_PAIR_LOSS_GPU(T)                                          \
  template bool PairLossForwardGpu<T>(                                        \
      const PairLossOptions&, const T*, const T*, const T*, int64_t, int64_t, \
      int64_t, const PairLossDevice<T>&, T*, PairSums*);                      \
  template void PairLossBackwardGpu<T>(const PairLossOptions&, const T*,      \
                                       const T*, int64_t, int64_t, int64_t,   \
                                       const PairLossDevice<T>&, T*)
INSTANTIATE_PAIR_LOSS_GPU(float);
INSTANTIATE_PAIR_LOSS_GPU(double);

}  // namespace metric
}  // namespace caffe
