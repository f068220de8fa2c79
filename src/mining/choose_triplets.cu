// The choice of triplets on the device, but for batch-hard, with the choices of
// the CPU's: one block of threads an anchor. Where the CPU looks a negative up
// among sorted positives, a block holds each against each.
#include "mining/choose_triplets.cuh"

#include <algorithm>
#include <climits>

#include "mining/negatives.hpp"
#include "pairwise/reduce.cuh"
#include "pairwise/row_measure.cuh"

namespace caffe {
namespace metric {

namespace {

constexpr int kWarps = kBlockThreads / kWarpSize;

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
  const RowRange group = {m.begin[i], m.end[i]};
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
  const RowRange group = {m.begin[i], m.end[i]};
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

}  // namespace

template <typename T>
void ChooseTripletsGpu(const MiningPlan<T>& plan,
                       const MiningOptions& options) {
  Launch(AnchorKernel<T>,
         static_cast<int>(std::min<int64_t>(plan.A, kMaxBlocks)),
         kBlockThreads, 0, plan, options);
}

template void ChooseTripletsGpu<float>(const MiningPlan<float>&,
                                       const MiningOptions&);
template void ChooseTripletsGpu<double>(const MiningPlan<double>&,
                                        const MiningOptions&);

}  // namespace metric
}  // namespace caffe
