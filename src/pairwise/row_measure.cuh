// The distances of prepared rows on the device: from their products, and from
// differences where these have lost their digits. Included by .cu files alone.
#ifndef TERCET_PAIRWISE_ROW_MEASURE_CUH_
#define TERCET_PAIRWISE_ROW_MEASURE_CUH_

#include <cstdint>

#include "caffe/pairwise/distances.hpp"
#include "pairwise/row_set.cuh"

namespace caffe {
namespace metric {

// The distance of rows i and j, squared for kL2, from their differences.
template <typename T>
__device__ inline T DirectDistance(const RowPlan<T>& m, int64_t i, int64_t j) {
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
__device__ inline T FinishDistance(const RowPlan<T>& m, int64_t a, int64_t j) {
  const int64_t i = m.anchor[a];
  if (i == j) return 0;
  if (m.Cosine() && (m.inverses[i] == 0 || m.inverses[j] == 0)) return 1;
  const T d = m.distances[a * m.B + j] + m.squares[j] + m.squares[i];
  if (d < m.NearBound(i, j)) return DirectDistance(m, i, j);
  return d;
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_MEASURE_CUH_
