// Mining on the device, with the choices of the CPU's: one block of threads an
// anchor. Where the CPU looks a negative up among sorted positives, a block
// holds each against each. The products behind the distances are made in
// row_set.cu.
#include <climits>

#include "pairwise/reduce.cuh"
#include "core/device.hpp"
#include "caffe/util/math_functions.hpp"
#include "mining/mining_plan.cuh"

namespace caffe {
namespace metric {

namespace {

constexpr int kWarps = kBlockThreads / kWarpSize;

// The least value and where it stands, the first of equals; to all threads of
// the block.
template <typename T>
__device__ void BlockLeast(T* value, int* at) {
  __shared__ T values[kBlockThreads];
  __shared__ int places[kBlockThreads];
  __syncthreads();
  values[threadIdx.x] = *value;
  places[threadIdx.x] = *at;
  for (int width = kBlockThreads / 2; width > 0; width /= 2) {
    __syncthreads();
    const int own = static_cast<int>(threadIdx.x), other = own + width;
    if (own < width &&
        (values[other] < values[own] ||
         (values[other] == values[own] && places[other] < places[own]))) {
      values[own] = values[other];
      places[own] = places[other];
    }
  }
  __syncthreads();
  *value = values[0];
  *at = places[0];
}

// The same by the lanes of a warp.
template <typename T>
__device__ void WarpLeast(T* value, int* at) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    const T value2 = __shfl_xor_sync(0xffffffffu, *value, offset);
    const int at2 = __shfl_xor_sync(0xffffffffu, *at, offset);
    if (value2 < *value || (value2 == *value && at2 < *at)) {
      *value = value2;
      *at = at2;
    }
  }
}

template <typename T>
__device__ T SlopeAt(const MiningPlan<T>& m, T slope, T d) {
  if (m.distance != Distance::kL2) return slope;
  return d == 0 ? T(0) : slope / d;
}

// kBatchHard of one anchor; distances stay in registers.
template <typename T>
__device__ void MineHard(const MiningPlan<T>& m, int64_t a) {
  const int64_t i = m.anchor[a];
  const T far = HUGE_VAL;
  T near = far, minus = far;  // minus the farthest positive
  int negative = INT_MAX, positive = INT_MAX;
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    const T d = FinishDistance(m, a, j);
    const bool same = j >= m.begin[i] && j < m.end[i];
    if (same && j != i && -d < minus) {
      minus = -d;
      positive = static_cast<int>(j);
    } else if (!same && d < near) {
      near = d;
      negative = static_cast<int>(j);
    }
  }
  BlockLeast(&near, &negative);
  BlockLeast(&minus, &positive);
  if (threadIdx.x != 0) return;
  const bool valid = negative != INT_MAX && positive != INT_MAX;
  T plus = -minus;
  if (m.distance == Distance::kL2 && valid) {
    plus = std::sqrt(plus);
    near = std::sqrt(near);
  }
  const T h = valid ? plus - near + m.margin : T(0);
  const T slope = valid ? HingeSlope(m.hinge, h) : T(0);
  m.positive[a] = valid ? positive : -1;
  m.negative[a] = valid ? negative : -1;
  m.positive_slope[a] = SlopeAt(m, slope, plus);
  m.negative_slope[a] = -SlopeAt(m, slope, near);
  m.loss[a] = valid ? HingeValue(m.hinge, h) : T(0);
  m.triplets[a] = valid;
  m.active[a] = valid && h > 0;
}

template <typename T>
__global__ void HardKernel(MiningPlan<T> m) {
  for (int64_t a = blockIdx.x; a < m.A; a += gridDim.x) MineHard(m, a);
}

// One warp: the nearest negative farther than p, or else the farthest.
template <typename T>
__device__ int SemiHardOf(const MiningPlan<T>& m, int64_t a, T limit,
                          int lane) {
  const int64_t i = m.anchor[a];
  const T far = HUGE_VAL;
  const T* const d = m.distances + a * m.B;
  T near = far, minus = far;
  int at = INT_MAX, last = INT_MAX;
  for (int64_t j = lane; j < m.B; j += kWarpSize) {
    if (j >= m.begin[i] && j < m.end[i]) continue;
    if (d[j] > limit && d[j] < near) {
      near = d[j];
      at = static_cast<int>(j);
    }
    if (-d[j] < minus) {
      minus = -d[j];
      last = static_cast<int>(j);
    }
  }
  WarpLeast(&near, &at);
  WarpLeast(&minus, &last);
  return at == INT_MAX ? last : at;
}

// One warp: a negative by the chances that lie in the row of slopes.
template <typename T>
__device__ int WeightedOf(const MiningPlan<T>& m, int64_t a, int64_t p,
                          int lane) {
  const int64_t i = m.anchor[a];
  const T* const chance = m.slopes + a * m.B;
  const int64_t count = m.B - (m.end[i] - m.begin[i]);
  const MiningGroup group = {m.begin[i], m.end[i]};
  const double total = WarpRowSum<double>(count, lane, [=](int64_t t) {
    return static_cast<double>(chance[NegativeAt(group, t)]);
  });
  const double at = PairUniform(m.draw, i * m.B + p) * total;
  double before = 0;
  int64_t from = 0;
  for (; from + kWarpSize < count; from += kWarpSize) {
    const double part = WarpSum(
        static_cast<double>(chance[NegativeAt(group, from + lane)]));
    if (before + part > at) break;
    before += part;
  }
  int64_t t = from;
  for (; t + 1 < count; ++t) {
    before += static_cast<double>(chance[NegativeAt(group, t)]);
    if (before > at) break;
  }
  return static_cast<int>(NegativeAt(group, t));
}

// Puts 1/q of each negative, up to a factor, in the row of slopes.
template <typename T>
__device__ void SetChances(const MiningPlan<T>& m, const MiningOptions& options,
                           int64_t a) {
  const int64_t i = m.anchor[a];
  const T* const d = m.distances + a * m.B;
  T* const chance = m.slopes + a * m.B;
  double least = HUGE_VAL;
  int at = INT_MAX;
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    if (j >= m.begin[i] && j < m.end[i]) continue;
    const double one = -LogChance(options, d[j], static_cast<double>(m.D));
    if (one < least) least = one;
  }
  BlockLeast(&least, &at);
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    if (j >= m.begin[i] && j < m.end[i]) continue;
    const double log = LogChance(options, d[j], static_cast<double>(m.D));
    chance[j] = isfinite(least) ? static_cast<T>(exp(log + least)) : T(1);
  }
}

// One triplet a pair: which negative each positive takes waits in its place in
// the row of slopes.
template <typename T>
__device__ void MinePairs(const MiningPlan<T>& m, const MiningOptions& options,
                          int64_t a) {
  const int64_t i = m.anchor[a];
  T* const slopes = m.slopes + a * m.B;
  const T* const d = m.distances + a * m.B;
  const int64_t begin = m.begin[i], end = m.end[i];
  const MiningGroup group = {m.begin[i], m.end[i]};
  const int64_t negatives = m.B - (end - begin);
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  if (m.mining == Mining::kDistanceWeighted && negatives > 0) {
    SetChances(m, options, a);
    __syncthreads();
  }
  for (int64_t p = begin + threadIdx.x / kWarpSize; p < end; p += kWarps) {
    int n = 0;
    if (p != i && negatives > 0) {
      if (m.mining == Mining::kSemiHard) {
        n = SemiHardOf(m, a, d[p], lane);
      } else if (m.mining == Mining::kDistanceWeighted) {
        n = WeightedOf(m, a, p, lane);
      } else {
        const int64_t t = static_cast<int64_t>(
            PairUniform(m.draw, i * m.B + p) * negatives);
        n = static_cast<int>(
            NegativeAt(group, t < negatives ? t : negatives - 1));
      }
    }
    if (lane == 0) slopes[p] = static_cast<T>(n);
  }
  __syncthreads();
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    if (j < begin || j >= end) slopes[j] = 0;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  double loss = 0;
  int64_t triplets = 0, active = 0;
  for (int64_t p = begin; p < end; ++p) {
    const int64_t n = static_cast<int64_t>(slopes[p]);
    slopes[p] = 0;
    if (p == i || negatives == 0) continue;
    const T h = d[p] - d[n] + m.margin;
    const T slope = HingeSlope(m.hinge, h);
    slopes[p] = slope;
    slopes[n] -= slope;
    loss += HingeValue(m.hinge, h);
    active += h > 0;
    ++triplets;
  }
  m.loss[a] = loss;
  m.triplets[a] = static_cast<double>(triplets);
  m.active[a] = static_cast<double>(active);
}

// All triplets: k_p by one warp a positive, w_n by one thread a negative.
template <typename T>
__device__ void MineAll(const MiningPlan<T>& m, int64_t a) {
  const int64_t i = m.anchor[a];
  T* const slopes = m.slopes + a * m.B;
  const T* const d = m.distances + a * m.B;
  const int64_t begin = m.begin[i], end = m.end[i];
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  double loss = 0, active = 0;
  for (int64_t p = begin + threadIdx.x / kWarpSize; p < end; p += kWarps) {
    double sum = 0;
    int64_t above = 0;
    const T limit = d[p] + m.margin;
    for (int64_t n = lane; n < m.B && p != i; n += kWarpSize) {
      if (n >= begin && n < end) continue;
      const bool is = m.hinge == Hinge::kHard ? d[n] < limit
                                              : d[p] - d[n] + m.margin > 0;
      above += is;
      if (m.hinge == Hinge::kSoft) {
        sum += HingeSlope(m.hinge, d[p] - d[n] + m.margin);
      } else if (is) {
        loss += static_cast<double>(limit) - d[n];
      }
    }
    active += static_cast<double>(above);
    sum = WarpSum(m.hinge == Hinge::kSoft ? sum : static_cast<double>(above));
    if (lane == 0) slopes[p] = static_cast<T>(sum);
  }
  for (int64_t n = threadIdx.x; n < m.B; n += kBlockThreads) {
    if (n >= begin && n < end) continue;
    T sum = 0;
    for (int64_t p = begin; p < end; ++p) {
      if (p == i) continue;
      const T h = d[p] - d[n] + m.margin;
      if (m.hinge == Hinge::kHard) {
        sum += d[n] < d[p] + m.margin;
      } else {
        sum += HingeSlope(m.hinge, h);
        loss += HingeValue(m.hinge, h);
      }
    }
    slopes[n] = -sum;
  }
  loss = BlockTotal(loss);
  active = BlockTotal(active);
  if (threadIdx.x != 0) return;
  m.loss[a] = loss;
  m.active[a] = active;
  m.triplets[a] =
      static_cast<double>((end - begin - 1) * (m.B - (end - begin)));
}

template <typename T>
__global__ void AnchorKernel(MiningPlan<T> m, MiningOptions options) {
  for (int64_t a = blockIdx.x; a < m.A; a += gridDim.x) {
    for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
      const T d = FinishDistance(m, a, j);
      m.distances[a * m.B + j] =
          m.distance == Distance::kL2 ? std::sqrt(d) : d;
      m.slopes[a * m.B + j] = 0;
    }
    __syncthreads();
    if (m.mining == Mining::kBatchAll) {
      MineAll(m, a);
    } else {
      MinePairs(m, options, a);
    }
  }
}

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
  const MiningPlan<T> plan = MakePlan(options, x, bank, B, D, draw, device);
  PrepareMiningGpu(plan, labels);
  if (plan.A > 0) {
    const int blocks = static_cast<int>(std::min<int64_t>(plan.A, kMaxBlocks));
    if (options.mining == Mining::kBatchHard) {
      Launch(HardKernel<T>, blocks, kBlockThreads, 0, plan);
    } else {
      Launch(AnchorKernel<T>, blocks, kBlockThreads, 0, plan, options);
      PutPairsTogether(plan);
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

#define INSTANTIATE_MINING_GPU(T)                                             \
  template bool MiningForwardGpu<T>(const MiningOptions&, const T*, const T*, \
                                    int64_t, int64_t, int64_t, uint64_t,      \
                                    const MiningDevice<T>&, T*, MiningResult*)
INSTANTIATE_MINING_GPU(float);
INSTANTIATE_MINING_GPU(double);

}  // namespace metric
}  // namespace caffe
