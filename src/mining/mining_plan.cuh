// What the kernels of mining, and of other losses over pairs, share: where each
// array lies in the memory that the caller gave, and the distance of two rows.
#ifndef TERCET_MINING_MINING_PLAN_CUH_
#define TERCET_MINING_MINING_PLAN_CUH_

#include "caffe/mining/mining.hpp"
#include "core/device.cuh"

namespace caffe {
namespace metric {

// Row i is the batch's: people in the order of their first rows. Anchor a is
// row anchor[a] of these: without a bank, row a.
template <typename T>
struct MiningPlan {
  Mining mining;
  Distance distance;
  Hinge hinge;
  T margin;
  T near_share;
  int64_t bank;
  int64_t A;  // anchors
  int64_t B;
  int64_t D;
  uint64_t draw;
  const T* x;
  // B values each, of which those of anchors use A.
  int* first;     // of row i of x: the first row of its person
  int* order;     // row i is row order[i] of x
  int* begin;     // the rows of i's person
  int* end;
  int* anchor;    // row of anchor a
  int* place;     // with a bank: which anchor row i is, or -1
  int* positive;  // kBatchHard: the row that anchor a took, or -1
  int* negative;
  T* rows;      // B x D
  T* gradient;  // A x D
  T* centre;    // D
  T* squares;
  T* inverses;  // kCosine: 1/|x|
  T* positive_slope;  // kBatchHard: dL/dd, for kL2 divided by d
  T* negative_slope;
  T* distances;  // A x B; first the products
  T* slopes;     // A x B
  double* loss;
  double* triplets;
  double* active;
  double* totals;  // loss, factor, triplets, active, whether all is finite

  __device__ bool Cosine() const { return distance == Distance::kCosine; }
  // The row whose differences make gradients.
  __device__ const T* Row(int64_t i) const {
    return Cosine() ? rows + i * D : x + order[i] * D;
  }
  __device__ T NearBound(int64_t i, int64_t j) const {
    return near_share * (squares[i] + squares[j]);
  }
};

template <typename T>
MiningPlan<T> MakePlan(const MiningOptions& options, const T* x, int64_t bank,
                       int64_t B, int64_t D, uint64_t draw,
                       const MiningDevice<T>& device) {
  MiningPlan<T> plan = {};
  plan.mining = options.mining;
  plan.distance = options.distance;
  plan.hinge = options.hinge;
  plan.margin = static_cast<T>(options.margin);
  plan.near_share = kNearShare<T>;
  plan.bank = bank;
  plan.A = B - bank;
  plan.B = B;
  plan.D = D;
  plan.draw = draw;
  plan.x = x;
  int* const ints = device.ints;
  plan.first = ints;
  plan.order = ints + B;
  plan.begin = ints + 2 * B;
  plan.end = ints + 3 * B;
  plan.anchor = ints + 4 * B;
  plan.place = ints + 5 * B;
  plan.positive = ints + 6 * B;
  plan.negative = ints + 7 * B;
  plan.rows = device.values;
  plan.gradient = plan.rows + B * D;
  plan.centre = plan.gradient + B * D;
  plan.squares = plan.centre + D;
  plan.inverses = plan.squares + B;
  plan.positive_slope = plan.inverses + B;
  plan.negative_slope = plan.positive_slope + B;
  plan.distances = device.distances;
  plan.slopes = device.slopes;
  plan.loss = device.sums;
  plan.triplets = plan.loss + B;
  plan.active = plan.triplets + B;
  plan.totals = plan.active + B;
  return plan;
}

// The distance of rows i and j, squared for kL2, from their differences.
template <typename T>
__device__ inline T DirectDistance(const MiningPlan<T>& m, int64_t i,
                                   int64_t j) {
  const T* const a = m.x + m.order[i] * m.D;
  const T* const b = m.x + m.order[j] * m.D;
  T sum = 0;
  if (!m.Cosine()) {
    for (int64_t k = 0; k < m.D; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
  }
  T difference = 0;
  for (int64_t k = 0; k < m.D; ++k) {
    difference += (a[k] - b[k]) * (a[k] + b[k]);
  }
  const CosinePair<T> pair =
      MakeCosinePair(m.inverses[i], m.inverses[j], difference);
  for (int64_t k = 0; k < m.D; ++k) {
    sum += DistanceTerm<Distance::kCosine>(a[k], b[k], pair);
  }
  return DistanceFromSum<Distance::kCosine>(sum, pair);
}

// The distance of anchor a and row j, squared for kL2, from their product.
template <typename T>
__device__ inline T FinishDistance(const MiningPlan<T>& m, int64_t a,
                                   int64_t j) {
  const int64_t i = m.anchor[a];
  if (i == j) return 0;
  if (m.Cosine() && (m.inverses[i] == 0 || m.inverses[j] == 0)) return 1;
  const T d = m.distances[a * m.B + j] + m.squares[j] + m.squares[i];
  if (d < m.NearBound(i, j)) return DirectDistance(m, i, j);
  return d;
}

// The sum over the block, in its thread 0.
__device__ inline double BlockTotal(double value) {
  constexpr int kBlockWarps = kBlockThreads / kWarpSize;
  __shared__ double totals[kBlockWarps];
  value = WarpSum(value);
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) totals[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  for (int w = 1; threadIdx.x == 0 && w < kBlockWarps; ++w) {
    value += totals[w];
  }
  return value;
}

// The block's sum in each of its threads.
__device__ inline double BlockSumToAll(double value) {
  __shared__ double sum;
  value = BlockTotal(value);
  if (threadIdx.x == 0) sum = value;
  __syncthreads();
  return sum;
}

// The least of the block's values in each of its threads.
template <typename T>
__device__ T BlockLeastValue(T value) {
  __shared__ T least[kBlockThreads / kWarpSize];
  value = -WarpMax(-value);
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) least[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  for (int w = 0; w < kBlockThreads / kWarpSize; ++w) {
    value = least[w] < value ? least[w] : value;
  }
  return value;
}

// Fills order, rows, squares and all that, and puts the products of the anchors
// with all rows in `distances`; totals[4] says whether all is finite.
template <typename T>
void PrepareMiningGpu(const MiningPlan<T>& plan, const T* labels);

// Adds up, in `slopes`, what both anchors of a pair have as dL/dd, for kL2
// divided by d; those of near-duplicates change to the place of the distances,
// which must be whole before.
template <typename T>
void PutPairsTogether(const MiningPlan<T>& plan);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_MINING_PLAN_CUH_
