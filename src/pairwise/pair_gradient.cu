// The gradient of a mined batch on the device: for batch-hard each row looks
// for the triplets that it is in; for the others all pairs are one product.
#include "pairwise/reduce.cuh"
#include "caffe/util/math_functions.hpp"
#include "mining/mining_plan.cuh"

namespace caffe {
namespace metric {

namespace {

// gradient_a += slope (row of a - row_j), by the lanes of a warp.
template <typename T>
__device__ void Pull(const MiningPlan<T>& m, int64_t a, int64_t j, T slope,
                     int lane) {
  const T* const own = m.Row(m.anchor[a]);
  const T* const other = m.Row(j);
  T* const sum = m.gradient + a * m.D;
  for (int64_t k = lane; k < m.D; k += kWarpSize) {
    sum[k] += slope * (own[k] - other[k]);
  }
}

// The bits of all lanes together.
__device__ unsigned WarpBits(unsigned bits) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    bits |= __shfl_xor_sync(0xffffffffu, bits, offset);
  }
  return bits;
}

template <typename T>
void PullHardest(const MiningPlan<T>& plan) {
  const MiningPlan<T> m = plan;
  ForEachWarp(m.A, [=] __device__(int64_t own, int lane) {
    const int64_t i = m.anchor[own];
    for (int64_t k = lane; k < m.D; k += kWarpSize) {
      m.gradient[own * m.D + k] = 0;
    }
    if (m.positive[own] >= 0) {
      Pull(m, own, m.positive[own], m.positive_slope[own], lane);
      Pull(m, own, m.negative[own], m.negative_slope[own], lane);
    }
    for (int64_t from = 0; from < m.A; from += kWarpSize) {
      const int64_t a = from + lane;
      const bool in = a < m.A && (m.positive[a] == i || m.negative[a] == i);
      const unsigned anchors = WarpBits(in ? 1u << lane : 0u);
      for (int bit = 0; anchors >> bit != 0; ++bit) {
        if ((anchors >> bit & 1u) != 0) {
          const int64_t b = from + bit;
          Pull(m, own, m.anchor[b],
               m.positive[b] == i ? m.positive_slope[b] : m.negative_slope[b],
               lane);
        }
        if (bit == kWarpSize - 1) break;
      }
    }
  });
}

// gradient_a = sum_j slopes(a, j) (row of a - rows_j), of which the product made
// the second part; and the pairs of near-duplicates.
template <typename T>
void AddSums(const MiningPlan<T>& plan) {
  const MiningPlan<T> m = plan;
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
      if (near != 0) Pull(m, a, j, near, lane);
    }
  });
}

// dx from the gradient by the rows; for kCosine what points along x goes.
template <typename T>
void WriteGradient(const MiningPlan<T>& plan, T factor, const T* loss_diff,
                   T* dx) {
  const MiningPlan<T> m = plan;
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

}  // namespace

template <typename T>
void MiningBackwardGpu(const MiningOptions& options, const T* x, double factor,
                       const T* loss_diff, int64_t bank, int64_t B, int64_t D,
                       const MiningDevice<T>& device, T* dx) {
  const MiningPlan<T> plan = MakePlan(options, x, bank, B, D, 0, device);
  if (plan.A == 0) return;
  if (options.mining == Mining::kBatchHard) {
    PullHardest(plan);
  } else {
    caffe_gpu_gemm(CblasNoTrans, CblasNoTrans, static_cast<int>(plan.A),
                   static_cast<int>(D), static_cast<int>(B), T(-1),
                   plan.slopes, plan.rows, T(0), plan.gradient);
    AddSums(plan);
  }
  WriteGradient(plan, static_cast<T>(factor), loss_diff, dx);
}

#define INSTANTIATE_MINING_GRADIENT_GPU(T)                               \
  template void MiningBackwardGpu<T>(const MiningOptions&, const T*,     \
                                     double, const T*, int64_t, int64_t, \
                                     int64_t, const MiningDevice<T>&, T*)
INSTANTIATE_MINING_GRADIENT_GPU(float);
INSTANTIATE_MINING_GRADIENT_GPU(double);

}  // namespace metric
}  // namespace caffe
