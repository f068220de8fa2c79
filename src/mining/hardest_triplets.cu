// Batch-hard on the device: one block of threads an anchor chooses, and for the
// gradient each row looks for the triplets that it is in.
#include <algorithm>
#include <climits>

#include "mining/choose_triplets.cuh"
#include "pairwise/pair_slopes.cuh"
#include "pairwise/reduce.cuh"
#include "pairwise/row_measure.cuh"

namespace caffe {
namespace metric {

namespace {

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
  m.positive_slope[a] = SlopeOfDifference(m.distance, slope, plus);
  m.negative_slope[a] = -SlopeOfDifference(m.distance, slope, near);
  m.loss[a] = valid ? HingeValue(m.hinge, h) : T(0);
  m.triplets[a] = valid;
  m.active[a] = valid && h > 0;
}

template <typename T>
__global__ void HardKernel(MiningPlan<T> m) {
  for (int64_t a = blockIdx.x; a < m.A; a += gridDim.x) MineHard(m, a);
}

// The bits of all lanes together.
__device__ unsigned WarpBits(unsigned bits) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    bits |= __shfl_xor_sync(0xffffffffu, bits, offset);
  }
  return bits;
}

}  // namespace

template <typename T>
void ChooseHardestGpu(const MiningPlan<T>& plan) {
  Launch(HardKernel<T>,
         static_cast<int>(std::min<int64_t>(plan.A, kMaxBlocks)),
         kBlockThreads, 0, plan);
}

template <typename T>
void PullHardestGpu(const MiningPlan<T>& plan) {
  const MiningPlan<T> m = plan;
  ForEachWarp(m.A, [=] __device__(int64_t own, int lane) {
    const int64_t i = m.anchor[own];
    for (int64_t k = lane; k < m.D; k += kWarpSize) {
      m.gradient[own * m.D + k] = 0;
    }
    if (m.positive[own] >= 0) {
      PullRow<T>(m, own, m.positive[own], m.positive_slope[own], lane);
      PullRow<T>(m, own, m.negative[own], m.negative_slope[own], lane);
    }
    for (int64_t from = 0; from < m.A; from += kWarpSize) {
      const int64_t a = from + lane;
      const bool in = a < m.A && (m.positive[a] == i || m.negative[a] == i);
      const unsigned anchors = WarpBits(in ? 1u << lane : 0u);
      for (int bit = 0; anchors >> bit != 0; ++bit) {
        if ((anchors >> bit & 1u) != 0) {
          const int64_t b = from + bit;
          PullRow<T>(
              m, own, m.anchor[b],
              m.positive[b] == i ? m.positive_slope[b] : m.negative_slope[b],
              lane);
        }
        if (bit == kWarpSize - 1) break;
      }
    }
  });
}

#define INSTANTIATE_HARDEST_GPU(T)                         \
  template void ChooseHardestGpu<T>(const MiningPlan<T>&); \
  template void PullHardestGpu<T>(const MiningPlan<T>&)
INSTANTIATE_HARDEST_GPU(float);
INSTANTIATE_HARDEST_GPU(double);

}  // namespace metric
}  // namespace caffe
