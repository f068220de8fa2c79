// The device passes of center.hpp. The rows of a class are chained, and a
// class is its first row's warp's, which adds them in order.
#include "caffe/loss/center.hpp"
#include "pairwise/reduce.cuh"

namespace caffe {
namespace metric {

template <typename T>
void CenterDistancesGpu(const T* x, const T* centers, const int* class_of,
                        int64_t N, int64_t D, T* distances) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    T sum = 0;
    if (class_of[i] >= 0) {
      const T* row = x + i * D;
      const T* center = centers + class_of[i] * D;
      sum = WarpRowSum<T>(D, lane, [=](int64_t k) {
        return (row[k] - center[k]) * (row[k] - center[k]);
      });
    }
    if (lane == 0) distances[i] = sum;
  });
}

template <typename T>
void CenterGradientGpu(const T* x, const T* centers, const int* class_of,
                       const T* loss_diff, const double* normalizer, int64_t N,
                       int64_t D, T* dx) {
  const Divisor columns(D);
  ForEach(N * D, [=] __device__(int64_t i) {
    const int64_t row = columns.Quotient(i);
    const int64_t j = class_of[row];
    const T scale = static_cast<T>(*loss_diff / *normalizer);
    dx[i] = j < 0 ? T(0) : scale * (x[i] - centers[(j - row) * D + i]);
  });
}

namespace {

// next[i]: the next row of row i's class, N where there is none; leads[i]:
// whether there is none before i.
void ChainRows(const int* class_of, int64_t N, int* next, int* leads) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    int earlier = 0;
    int later = 0;  // counted from the end, so that the nearest is the most
    for (int64_t k = lane; k < N; k += kWarpSize) {
      if (class_of[k] != class_of[i]) continue;
      if (k < i) earlier = 1;
      if (k > i && later == 0) later = static_cast<int>(N - k);
    }
    earlier = WarpMax(earlier);
    later = WarpMax(later);
    if (lane != 0) return;
    next[i] = static_cast<int>(N - later);
    leads[i] = earlier == 0;
  });
}

}  // namespace

template <typename T>
void CenterUpdatesGpu(const T* x, const T* centers, const int* class_of,
                      int64_t N, int64_t D, int* scratch, T* updates) {
  int* const next = scratch;
  int* const leads = scratch + N;
  ChainRows(class_of, N, next, leads);
  ForEachWarp(N, [=] __device__(int64_t first, int lane) {
    const int64_t j = class_of[first];
    if (j < 0 || !leads[first]) return;
    int rows = 0;
    for (int64_t i = first; i < N; i = next[i]) ++rows;
    const T share = T(1) / static_cast<T>(1 + rows);
    for (int64_t k = lane; k < D; k += kWarpSize) {
      const T center = centers[j * D + k];
      T sum = 0;
      for (int64_t i = first; i < N; i = next[i]) sum += center - x[i * D + k];
      updates[j * D + k] += share * sum;
    }
  });
}

#define INSTANTIATE_CENTER_GPU(T)                                             \
  template void CenterDistancesGpu<T>(const T*, const T*, const int*,         \
                                      int64_t, int64_t, T*);                  \
  template void CenterGradientGpu<T>(const T*, const T*, const int*,          \
                                     const T*, const double*, int64_t,        \
                                     int64_t, T*);                            \
  template void CenterUpdatesGpu<T>(const T*, const T*, const int*, int64_t,  \
                                    int64_t, int*, T*)
INSTANTIATE_CENTER_GPU(float);
INSTANTIATE_CENTER_GPU(double);

}  // namespace metric
}  // namespace caffe
