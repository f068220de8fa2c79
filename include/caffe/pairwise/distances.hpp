// Distances between the rows of two matrices, and their gradients: functions
// on pointers for the CPU, and the formulas that the GPU code shares. What is
// done with the distances (hinges, mining, verification) is left to others.
//
// Matrices are row-major, N x D, contiguous. With u = x - y:
//
//   kSquaredL2   d = |u|^2              dd/dx = 2 u
//   kL2          d = |u|                dd/dx = u / d,       0 where d = 0
//   kCosine      d = 1 - cos(x, y)      dd/dx = (v - d x^) / |x|,
//                                       x^ = x/|x|, y^ = y/|y|, v = x^ - y^;
//                d = 1 and both gradients 0 where x or y is 0; NaN where
//                |x|^2 or |y|^2 is not finite, never 1
//   kL1          d = sum |u_k|          dd/dx = sign(u),     0 where u_k = 0
//
// and dd/dy is the same with x and y exchanged. All are computed from
// differences (cosine as |v|^2 / 2), never from a dot product, so that
// near-duplicates keep their digits: at |x| = 1 and d^2 = 1e-8 a float
// distance is right to better than 1e-3. A sum runs over kLanes partial sums
// that are added in a fixed order, so a result does not depend on the number
// of threads, and the compiler can use vector instructions.
#ifndef CAFFE_PAIRWISE_DISTANCES_HPP_
#define CAFFE_PAIRWISE_DISTANCES_HPP_

#include <cmath>
#include <cstdint>

#include "caffe/util/rng.hpp"

namespace caffe {
namespace metric {

// The values are those of TripletLossParameter.Distance.
enum class Distance { kSquaredL2 = 0, kL2 = 1, kCosine = 2, kL1 = 3 };

// What the cosine distance of two rows needs besides their coordinates; the
// other distances ignore it.
template <typename T>
struct CosinePair {
  T inverse_x = 1;  // 1/|x|, or 0 where x is 0, as InverseNorm has it
  T inverse_y = 1;
  T radial = 0;  // 1/|y| - 1/|x|, so that v = (x - y)/|x| - radial y

  TERCET_HD CosinePair Swapped() const {
    return CosinePair{inverse_y, inverse_x, -radial};
  }
  TERCET_HD bool Defined() const { return inverse_x != 0 && inverse_y != 0; }
};

// 1/|x| from |x|^2; 0 for a zero vector, and NaN where the square is not
// finite, for 1/inf = 0 would pass a row that is too long for a zero vector.
template <typename T>
TERCET_HD inline T InverseNorm(T squared_norm) {
  if (!(squared_norm - squared_norm == 0)) return T(NAN);
  return squared_norm == 0 ? T(0) : 1 / std::sqrt(squared_norm);
}

// The same, but 0 where |x| is not above eps.
template <typename T>
TERCET_HD inline T InverseAbove(T squared_norm, T eps) {
  if (!(squared_norm - squared_norm == 0)) return T(NAN);
  const T norm = std::sqrt(squared_norm);
  return norm <= eps ? T(0) : 1 / norm;
}

// From 1/|x|, 1/|y| and |x|^2 - |y|^2. The last is to be summed as
// (x - y)(x + y): a difference of the two norms would keep no digits.
template <typename T>
TERCET_HD inline CosinePair<T> MakeCosinePair(T inverse_x, T inverse_y,
                                              T squares_difference) {
  CosinePair<T> pair{inverse_x, inverse_y, T(0)};
  if (pair.Defined()) {
    pair.radial = squares_difference * inverse_x * inverse_y /
                  (1 / inverse_x + 1 / inverse_y);
  }
  return pair;
}

// What one coordinate adds to a row's sum.
template <Distance kind, typename T>
TERCET_HD inline T DistanceTerm(T x, T y, const CosinePair<T>& pair) {
  T u = x - y;
  if (kind == Distance::kL1) return u < 0 ? -u : u;
  if (kind == Distance::kCosine) u = u * pair.inverse_x - y * pair.radial;
  return u * u;
}

// The distance from a row's sum.
template <Distance kind, typename T>
TERCET_HD inline T DistanceFromSum(T sum, const CosinePair<T>& pair) {
  if (kind == Distance::kL2) return std::sqrt(sum);
  if (kind == Distance::kCosine) return pair.Defined() ? sum / 2 : T(1);
  return sum;
}

// One coordinate of dd/dx, given d. For dd/dy exchange x and y and pass
// pair.Swapped().
template <Distance kind, typename T>
TERCET_HD inline T DistanceGradient(T x, T y, T d, const CosinePair<T>& pair) {
  const T u = x - y;
  switch (kind) {
    case Distance::kSquaredL2:
      return 2 * u;
    case Distance::kL2:
      return d == 0 ? T(0) : u / d;
    case Distance::kL1:
      return T(u > 0) - T(u < 0);
    case Distance::kCosine:
      if (!pair.Defined()) return T(0);
      return (u * pair.inverse_x - y * pair.radial - d * x * pair.inverse_x) *
             pair.inverse_x;
  }
  return T(0);
}

// Sums term(k) over k = 0 ... count-1 in kLanes partial sums.
constexpr int kLanes = 16;
template <typename T, typename Term>
inline T RowLaneSum(int64_t count, const Term& term) {
  T lane[kLanes] = {};
  int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    for (int j = 0; j < kLanes; ++j) lane[j] += term(k + j);
  }
  for (int j = 0; k + j < count; ++j) lane[j] += term(k + j);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) lane[j] += lane[j + width];
  }
  return lane[0];
}

// InverseNorm of a row of D values.
template <typename T>
T RowInverseNorm(const T* x, int64_t D);

// What kCosine needs of two rows whose 1/|x| and 1/|y| are known.
template <typename T>
CosinePair<T> RowCosinePair(const T* x, const T* y, T inverse_x, T inverse_y,
                            int64_t D);

// The distance of two rows of D values.
template <typename T>
T RowDistance(Distance kind, const T* x, const T* y, int64_t D);

// distance[i] = d(x_i, y_i); x and y are N x D, distance has N values.
template <typename T>
void RowDistances(Distance kind, const T* x, const T* y, int64_t N, int64_t D,
                  T* distance);

// dx_i = scale[i] * dd/dx_i and dy_i likewise, overwriting; either may be null.
// x, y, dx, dy are N x D; distance and scale have N values.
template <typename T>
void RowDistanceGradients(Distance kind, const T* x, const T* y,
                          const T* distance, const T* scale, int64_t N,
                          int64_t D, T* dx, T* dy);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_PAIRWISE_DISTANCES_HPP_
