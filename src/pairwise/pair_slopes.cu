// The slopes of pairs on the device: what both rows of a pair have as anchors
// is added up, so that one product makes the gradient.
#include "pairwise/pair_slopes.cuh"

#include <algorithm>

namespace caffe {
namespace metric {

namespace {

// Stores the slope of a pair. For kL2 it is divided by d; that of
// near-duplicates, which would leave the others no digit in a product, changes
// to the distances' place.
template <typename T>
__device__ void StorePair(const RowPlan<T>& m, int64_t a, int64_t j,
                          T slope, T d) {
  if (a >= m.A || j >= m.B) return;
  T* const at = m.slopes + a * m.B + j;
  if (m.distance != Distance::kL2) {
    *at = slope;
    return;
  }
  const T value = SlopeOfDifference(m.distance, slope, d);
  const bool near = d * d < m.NearBound(m.anchor[a], j);
  *at = near ? T(0) : value;
  m.distances[a * m.B + j] = near ? value : T(0);
}

// Adds dL/dd of both anchors of a pair, a tile and its mirror image by one
// block.
constexpr int kTile = 32;
template <typename T>
__global__ void PairKernel(RowPlan<T> m, int64_t tiles) {
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
void SymmetriseWithBank(const RowPlan<T>& plan) {
  const RowPlan<T> m = plan;
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
void SymmetriseSlopes(const RowPlan<T>& plan) {
  if (plan.bank > 0) {
    SymmetriseWithBank(plan);
    return;
  }
  const int64_t tiles = (plan.B + kTile - 1) / kTile;
  Launch(PairKernel<T>,
         static_cast<int>(std::min<int64_t>(tiles * tiles, kMaxBlocks)),
         kBlockThreads, 0, plan, tiles);
}

template void SymmetriseSlopes<float>(const RowPlan<float>&);
template void SymmetriseSlopes<double>(const RowPlan<double>&);

}  // namespace metric
}  // namespace caffe
