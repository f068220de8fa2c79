// The centre loss on the CPU. Rows of one class are brought together by
// sorting, so that a class is one thread's and its rows are added in order.
#include "caffe/loss/center.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "caffe/pairwise/distances.hpp"
#include "core/parallel.hpp"

namespace caffe {
namespace metric {

template <typename T>
void CenterDistances(const T* x, const T* centers, const int* class_of,
                     int64_t N, int64_t D, T* distances) {
  ParallelFor(N, 3 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      distances[i] = class_of[i] < 0
                         ? T(0)
                         : RowDistance(Distance::kSquaredL2, x + i * D,
                                       centers + class_of[i] * D, D);
    }
  });
}

template <typename T>
void CenterGradient(const T* x, const T* centers, const int* class_of, T scale,
                    int64_t N, int64_t D, T* dx) {
  ParallelFor(N, 2 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (class_of[i] < 0) {
        std::fill_n(dx + i * D, D, T(0));
        continue;
      }
      const T* center = centers + class_of[i] * D;
      for (int64_t k = 0; k < D; ++k) {
        dx[i * D + k] = scale * (x[i * D + k] - center[k]);
      }
    }
  });
}

template <typename T>
void CenterUpdates(const T* x, const T* centers, const int* class_of,
                   int64_t N, int64_t D, int* scratch, T* updates) {
  int* const order = scratch;
  std::iota(order, order + N, 0);
  std::sort(order, order + N, [=](int a, int b) {
    return std::make_pair(class_of[a], a) < std::make_pair(class_of[b], b);
  });
  ParallelFor(N, 3 * D, [=](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; ++first) {
      const int j = class_of[order[first]];
      const bool leads = first == 0 || class_of[order[first - 1]] != j;
      if (j < 0 || !leads) continue;
      int64_t last = first;
      while (last < N && class_of[order[last]] == j) ++last;
      const T share = T(1) / static_cast<T>(1 + last - first);
      const T* center = centers + j * D;
      for (int64_t s = first; s < last; ++s) {
        const T* row = x + order[s] * D;
        T* update = updates + j * D;
        for (int64_t k = 0; k < D; ++k) {
          update[k] += share * (center[k] - row[k]);
        }
      }
    }
  });
}

#define INSTANTIATE_CENTER(T)                                                 \
  template void CenterDistances<T>(const T*, const T*, const int*, int64_t,   \
                                   int64_t, T*);                              \
  template void CenterGradient<T>(const T*, const T*, const int*, T, int64_t, \
                                  int64_t, T*);                               \
  template void CenterUpdates<T>(const T*, const T*, const int*, int64_t,     \
                                 int64_t, int*, T*)
INSTANTIATE_CENTER(float);
INSTANTIATE_CENTER(double);

}  // namespace metric
}  // namespace caffe
