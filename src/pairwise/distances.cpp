// The CPU passes of distances.hpp: one loop a distance, chosen once a call.
#include "caffe/pairwise/distances.hpp"

#include "core/parallel.hpp"
#include "pairwise/for_distance.hpp"

namespace caffe {
namespace metric {

namespace {

template <Distance kind, typename T>
CosinePair<T> PairOf(const T* x, const T* y, int64_t D) {
  if (kind != Distance::kCosine) return CosinePair<T>();
  return RowCosinePair(x, y, RowInverseNorm(x, D), RowInverseNorm(y, D), D);
}

template <Distance kind, typename T>
T RowDistanceOf(const T* x, const T* y, int64_t D) {
  const CosinePair<T> pair = PairOf<kind>(x, y, D);
  return DistanceFromSum<kind>(
      RowLaneSum<T>(
          D, [=](int64_t k) { return DistanceTerm<kind>(x[k], y[k], pair); }),
      pair);
}

template <Distance kind, typename T>
void RowGradientsOf(const T* x, const T* y, T distance, T scale, int64_t D,
                    T* dx, T* dy) {
  const CosinePair<T> pair = PairOf<kind>(x, y, D);
  const CosinePair<T> swapped = pair.Swapped();
  for (int64_t k = 0; dx != nullptr && k < D; ++k) {
    dx[k] = scale * DistanceGradient<kind>(x[k], y[k], distance, pair);
  }
  for (int64_t k = 0; dy != nullptr && k < D; ++k) {
    dy[k] = scale * DistanceGradient<kind>(y[k], x[k], distance, swapped);
  }
}

}  // namespace

template <typename T>
T RowInverseNorm(const T* x, int64_t D) {
  return InverseNorm(RowLaneSum<T>(D, [=](int64_t k) { return x[k] * x[k]; }));
}

template <typename T>
CosinePair<T> RowCosinePair(const T* x, const T* y, T inverse_x, T inverse_y,
                            int64_t D) {
  return MakeCosinePair(inverse_x, inverse_y, RowLaneSum<T>(D, [=](int64_t k) {
                          return (x[k] - y[k]) * (x[k] + y[k]);
                        }));
}

template <typename T>
T RowDistance(Distance kind, const T* x, const T* y, int64_t D) {
  return ForDistance(kind, [=](auto constant) {
    return RowDistanceOf<decltype(constant)::value>(x, y, D);
  });
}

template <typename T>
void RowDistances(Distance kind, const T* x, const T* y, int64_t N, int64_t D,
                  T* distance) {
  ParallelFor(N, 4 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      distance[i] = RowDistance(kind, x + i * D, y + i * D, D);
    }
  });
}

template <typename T>
void RowDistanceGradients(Distance kind, const T* x, const T* y,
                          const T* distance, const T* scale, int64_t N,
                          int64_t D, T* dx, T* dy) {
  const auto row = ForDistance(kind, [](auto constant) {
    return &RowGradientsOf<decltype(constant)::value, T>;
  });
  ParallelFor(N, 4 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      row(x + i * D, y + i * D, distance[i], scale[i], D,
          dx == nullptr ? nullptr : dx + i * D,
          dy == nullptr ? nullptr : dy + i * D);
    }
  });
}

#define INSTANTIATE_DISTANCES(T)                                             \
  template T RowInverseNorm<T>(const T*, int64_t);                           \
  template CosinePair<T> RowCosinePair<T>(const T*, const T*, T, T, int64_t); \
  template T RowDistance<T>(Distance, const T*, const T*, int64_t);          \
  template void RowDistances<T>(Distance, const T*, const T*, int64_t,       \
                                int64_t, T*);                                \
  template void RowDistanceGradients<T>(Distance, const T*, const T*,        \
                                        const T*, const T*, int64_t, int64_t, \
                                        T*, T*)
INSTANTIATE_DISTANCES(float);
INSTANTIATE_DISTANCES(double);

}  // namespace metric
}  // namespace caffe
