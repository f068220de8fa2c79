// The slopes of pairs on the device: what both rows of a pair have as anchors
// is added up, so that one product makes the gradient.
#include <algorithm>

#include "mining/mining_plan.cuh"

namespace caffe {
namespace metric {

namespace {

// Puts dL/dd of both anchors of a pair together, a tile and its mirror image
// by one block. For kL2 they are divided by d; those of near-duplicates, which
// would leave the others no digit in a product, change to the distances' place.
constexpr int kTile = 32;
template <typename T>
__device__ void StorePair(const MiningPlan<T>& m, int64_t a, int64_t j,
                          T slope, T d) {
  if (a >= m.A || j >= m.B) return;
  T* const at = m.slopes + a * m.B + j;
  if (m.distance != Distance::kL2) {
    *at = slope;
    return;
  }
  const T value = d == 0 ? T(0) : slope / d;
  const bool near = d * d < m.NearBound(m.anchor[a], j);
  *at = near ? T(0) : value;
  m.distances[a * m.B + j] = near ? value : T(0);
}

template <typename T>
__global__ void PairKernel(MiningPlan<T> m, int64_t tiles) {
  __shared__ T a[kTile][kTile + 1], b[kTile][kTile + 1], d[kTile][kTile + 1];
  for (int64_t t = blockIdx.x; t < tiles * tiles; t += gridDim.x) {
    const int64_t row = t / tiles * kTile, col = t % tiles * kTile;
    if (row > col) continue;
    const int x = static_cast<int>(threadIdx.x) % kTile;
    __syncthreads();
    for (int y = static_cast<int>(threadIdx.x) / kTile; y < kTile;
         y += kBlockThreads / kTile) {
      if (row + y < m.B && col + x < m.B) {
        a[y][x] = m.slopes[(row + y) * m.B + col + x];
        d[y][x] = m.distances[(row + y) * m.B + col + x];
      }
      if (col + y < m.B && row + x < m.B) {
        b[y][x] = m.slopes[(col + y) * m.B + row + x];
      }
    }
    __syncthreads();
    for (int y = static_cast<int>(threadIdx.x) / kTile; y < kTile;
         y += kBlockThreads / kTile) {
      if (row == col) {
        StorePair(m, row + y, col + x, a[y][x] + a[x][y],
                  y < x ? d[y][x] : d[x][y]);
        continue;
      }
      StorePair(m, row + y, col + x, a[y][x] + b[x][y], d[y][x]);
      StorePair(m, col + y, row + x, a[x][y] + b[y][x], d[x][y]);
    }
  }
}

// The same with a bank, where few of the rows are anchors.
template <typename T>
void PutBankPairsTogether(const MiningPlan<T>& plan) {
  const MiningPlan<T> m = plan;
  ForEach(m.A * m.B, [=] __device__(int64_t at) {
    const int64_t a = at / m.B, j = at % m.B;
    const int64_t b = m.place[j], i = m.anchor[a];
    if (b < 0 || b == a) {
      StorePair(m, a, j, m.slopes[at], m.distances[at]);
    } else if (a < b) {
      const T slope = m.slopes[at] + m.slopes[b * m.B + i];
      const T d = m.distances[at], mirrored = m.distances[b * m.B + i];
      StorePair(m, a, j, slope, d);
      StorePair(m, b, i, slope, mirrored);
    }
  });
}

}  // namespace

template <typename T>
void PutPairsTogether(const MiningPlan<T>& plan) {
  if (plan.bank > 0) {
    PutBankPairsTogether(plan);
    return;
  }
  const int64_t tiles = (plan.B + kTile - 1) / kTile;
  Launch(PairKernel<T>,
         static_cast<int>(std::min<int64_t>(tiles * tiles, kMaxBlocks)),
         kBlockThreads, 0, plan, tiles);
}

template void PutPairsTogether<float>(const MiningPlan<float>&);
template void PutPairsTogether<double>(const MiningPlan<double>&);

}  // namespace metric
}  // namespace caffe
