// What a RowSet and its PairSlopes are on the device: where each array lies in
// the memory that the caller gave. Included by .cu files alone.
#ifndef TERCET_PAIRWISE_ROW_SET_CUH_
#define TERCET_PAIRWISE_ROW_SET_CUH_

#include <cstdint>

#include "caffe/pairwise/distances.hpp"
#include "core/device.cuh"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// Row i is the set's: people in the order of their first rows. Anchor a is row
// anchor[a] of these: without a bank, row a.
template <typename T>
struct RowPlan {
  Distance distance;
  T near_share;
  int64_t bank;
  int64_t A;  // anchors
  int64_t B;
  int64_t D;
  const T* x;
  // B values each, of which those of anchors use A.
  int* first;   // of row i of x: the first row of its person
  int* order;   // row i is row order[i] of x
  int* begin;   // the rows of i's person
  int* end;
  int* anchor;  // row of anchor a
  int* place;   // which anchor row i is, or -1
  T* rows;      // B x D
  T* gradient;  // A x D
  T* centre;    // D
  T* squares;
  T* inverses;   // kCosine: 1/|x|
  T* distances;  // A x B; first the products
  T* slopes;     // A x B, or null
  double* finite;  // one: whether all is finite

  __device__ bool Cosine() const { return distance == Distance::kCosine; }
  // The row whose differences make gradients.
  __device__ const T* Row(int64_t i) const {
    return Cosine() ? rows + i * D : x + order[i] * D;
  }
  __device__ T NearBound(int64_t i, int64_t j) const {
    return near_share * (squares[i] + squares[j]);
  }
};

// The device memory of a plan.
template <typename T>
struct RowMemory {
  int* ints;       // RowInts(B)
  T* values;       // RowValues(B, D)
  double* finite;  // 1
  T* distances;    // (B - bank) x B
  T* slopes;       // (B - bank) x B, or null
};
inline int64_t RowInts(int64_t B) { return 6 * B; }
inline int64_t RowValues(int64_t B, int64_t D) {
  return 2 * B * D + D + 2 * B;
}

template <typename T>
RowPlan<T> MakeRowPlan(Distance distance, const T* x, int64_t bank, int64_t B,
                       int64_t D, const RowMemory<T>& memory) {
  RowPlan<T> plan = {};
  plan.distance = distance;
  plan.near_share = kNearShare<T>;
  plan.bank = bank;
  plan.A = B - bank;
  plan.B = B;
  plan.D = D;
  plan.x = x;
  int* const ints = memory.ints;
  plan.first = ints;
  plan.order = ints + B;
  plan.begin = ints + 2 * B;
  plan.end = ints + 3 * B;
  plan.anchor = ints + 4 * B;
  plan.place = ints + 5 * B;
  plan.rows = memory.values;
  plan.gradient = plan.rows + B * D;
  plan.centre = plan.gradient + B * D;
  plan.squares = plan.centre + D;
  plan.inverses = plan.squares + B;
  plan.distances = memory.distances;
  plan.slopes = memory.slopes;
  plan.finite = memory.finite;
  return plan;
}

// Fills order, rows, squares and all that, and puts the products of the anchors
// with all rows in `distances`; *finite says whether all is finite.
template <typename T>
void PrepareRowsGpu(const RowPlan<T>& plan, const T* labels);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_SET_CUH_
