// The loops behind row_kernels.hpp, written once with the vectors of
// simd.hpp. Each row_kernels_<set>.cpp includes this.
#ifndef TERCET_PAIRWISE_ROW_KERNELS_IMPL_HPP_
#define TERCET_PAIRWISE_ROW_KERNELS_IMPL_HPP_

#include "core/simd.hpp"
#include "pairwise/row_kernels.hpp"

namespace caffe {
namespace metric {
namespace {

// Searches keep the best of a stretch of this many values, and look for its
// place in that stretch alone.
constexpr int64_t kStretch = 256;

template <typename T>
T Distances(T* g, const T* squares, T own, int64_t n) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  const Vector zero = {};
  Vector least = S::All(__builtin_inff());
  int64_t j = 0;
  for (; j + S::kLanes <= n; j += S::kLanes) {
    Vector d = S::Load(g + j) + S::Load(squares + j) + own;
    d = d > zero ? d : zero;
    S::Store(g + j, d);
    least = d < least ? d : least;
  }
  T best = S::Least(least);
  for (; j < n; ++j) {
    const T d = g[j] + squares[j] + own;
    g[j] = d > 0 ? d : 0;
    best = g[j] < best ? g[j] : best;
  }
  return best;
}

template <typename T>
void Root(T* d, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    d[j] = sizeof(T) == sizeof(float) ? static_cast<T>(__builtin_sqrtf(d[j]))
                                      : static_cast<T>(__builtin_sqrt(d[j]));
  }
}

// sign * d is searched for its least value.
template <int sign, typename T>
void Search(const T* d, int64_t begin, int64_t end, Found<T>* found) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  T best = sign * found->value;
  int64_t at = -1;
  for (int64_t from = begin; from < end; from += kStretch) {
    const int64_t to = from + kStretch < end ? from + kStretch : end;
    Vector least = S::All(best);
    int64_t j = from;
    for (; j + S::kLanes <= to; j += S::kLanes) {
      const Vector v = S::Load(d + j) * sign;
      least = v < least ? v : least;
    }
    T value = S::Least(least);
    for (; j < to; ++j) value = sign * d[j] < value ? sign * d[j] : value;
    if (value < best) {
      best = value;
      at = from;
    }
  }
  if (at < 0) return;
  while (sign * d[at] != best) ++at;
  found->value = sign * best;
  found->at = at;
}

// `all` rows, or the first `rows` where it is 0.
template <int all, typename T>
void FoldRows(const T* d, int64_t pitch, int rows, int64_t n, T tag, T* least,
              T* tags) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  const int count = all > 0 ? all : rows;
  const Vector own = S::All(tag);
  int64_t j = 0;
  for (; j + S::kLanes <= n; j += S::kLanes) {
    Vector low = S::Load(d + j);
#pragma GCC unroll 8
    for (int r = 1; r < count; ++r) {
      const Vector v = S::Load(d + r * pitch + j);
      low = v < low ? v : low;
    }
    const Vector before = S::Load(least + j);
    S::Store(tags + j, low < before ? own : S::Load(tags + j));
    S::Store(least + j, low < before ? low : before);
  }
  for (; j < n; ++j) {
    for (int r = 0; r < count; ++r) {
      if (d[r * pitch + j] < least[j]) {
        least[j] = d[r * pitch + j];
        tags[j] = tag;
      }
    }
  }
}

template <typename T>
void Fold(const T* d, int64_t pitch, int rows, int64_t n, T tag, T* least,
          T* tags) {
  if (rows == 8) {
    FoldRows<8>(d, pitch, rows, n, tag, least, tags);
  } else {
    FoldRows<0>(d, pitch, rows, n, tag, least, tags);
  }
}

template <typename T>
void Above(const T* d, int64_t begin, int64_t end, const T* t,
           Found<T>* found) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  const Vector far = S::All(__builtin_inff());
  Vector limit[kThresholds];
  T best[kThresholds];
  int64_t at[kThresholds];
  for (int q = 0; q < kThresholds; ++q) {
    limit[q] = S::All(t[q]);
    best[q] = found[q].value;
    at[q] = -1;
  }
  for (int64_t from = begin; from < end; from += kStretch) {
    const int64_t to = from + kStretch < end ? from + kStretch : end;
    Vector least[kThresholds] = {far, far, far, far};
    int64_t j = from;
    for (; j + S::kLanes <= to; j += S::kLanes) {
      const Vector v = S::Load(d + j);
#pragma GCC unroll 4
      for (int q = 0; q < kThresholds; ++q) {
        const Vector seen = v > limit[q] ? v : far;
        least[q] = seen < least[q] ? seen : least[q];
      }
    }
    for (int q = 0; q < kThresholds; ++q) {
      T value = S::Least(least[q]);
      for (int64_t r = j; r < to; ++r) {
        if (d[r] > t[q] && d[r] < value) value = d[r];
      }
      if (value < best[q]) {
        best[q] = value;
        at[q] = from;
      }
    }
  }
  for (int q = 0; q < kThresholds; ++q) {
    if (at[q] < 0) continue;
    while (d[at[q]] != best[q]) ++at[q];
    found[q] = Found<T>{best[q], at[q]};
  }
}

template <typename T>
void Count(const T* d, int64_t begin, int64_t end, const T* t, T* w,
           int64_t* count) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  typedef typename S::Mask Mask;
  Vector limit[kThresholds];
  Mask seen[kThresholds] = {};
  for (int q = 0; q < kThresholds; ++q) limit[q] = S::All(t[q]);
  int64_t j = begin;
  for (; j + S::kLanes <= end; j += S::kLanes) {
    const Vector v = S::Load(d + j);
    Mask all = {};
#pragma GCC unroll 4
    for (int q = 0; q < kThresholds; ++q) {
      const Mask is = limit[q] > v;  // -1 where it is
      seen[q] -= is;
      all -= is;
    }
    S::Store(w + j, S::Load(w + j) + __builtin_convertvector(all, Vector));
  }
  for (int q = 0; q < kThresholds; ++q) {
    for (int i = 0; i < S::kLanes; ++i) count[q] += seen[q][i];
    for (int64_t r = j; r < end; ++r) {
      w[r] += t[q] > d[r];
      count[q] += t[q] > d[r];
    }
  }
}

// Several searches side by side, so that one need not wait for another's load.
template <bool or_equal, typename T>
void RankOf(const T* d, int64_t n, const T* t, int steps, int32_t* rank) {
  constexpr int kSide = 8;
  for (int64_t j = 0; j < n; j += kSide) {
    const int width = n - j < kSide ? static_cast<int>(n - j) : kSide;
    T value[kSide] = {};
    int32_t at[kSide] = {};
    for (int i = 0; i < width; ++i) value[i] = d[j + i];
    for (int step = 1 << steps >> 1; step > 0; step >>= 1) {
      for (int i = 0; i < kSide; ++i) {
        const T limit = t[at[i] + step - 1];
        const bool below = or_equal ? limit <= value[i] : limit < value[i];
        at[i] += below ? step : 0;
      }
    }
    for (int i = 0; i < width; ++i) rank[j + i] = at[i];
  }
}

template <typename T>
void Rank(const T* d, int64_t n, const T* t, int steps, bool or_equal,
          int32_t* rank) {
  if (or_equal) {
    RankOf<true>(d, n, t, steps, rank);
  } else {
    RankOf<false>(d, n, t, steps, rank);
  }
}

template <typename T>
double Dot(const T* a, const T* b, int64_t n) {
  constexpr int kSums = 8;
  double sum[kSums] = {};
  int64_t j = 0;
  for (; j + kSums <= n; j += kSums) {
    for (int i = 0; i < kSums; ++i) {
      sum[i] += static_cast<double>(a[j + i]) * b[j + i];
    }
  }
  for (; j < n; ++j) sum[0] += static_cast<double>(a[j]) * b[j];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) +
         ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

template <typename T>
T Centre(T* x, const T* c, int64_t D) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  Vector sum[2] = {};
  int64_t k = 0;
  for (; k + 2 * S::kLanes <= D; k += 2 * S::kLanes) {
    for (int i = 0; i < 2; ++i) {
      T* const at = x + k + i * S::kLanes;
      const Vector u = S::Load(at) - S::Load(c + k + i * S::kLanes);
      S::Store(at, u);
      sum[i] += u * u;
    }
  }
  T total = S::Total(sum[0] + sum[1]);
  for (; k < D; ++k) {
    x[k] -= c[k];
    total += x[k] * x[k];
  }
  return total;
}

template <typename T>
T Squared(const T* x, const T* y, int64_t D) {
  typedef Simd<T> S;
  typedef typename S::Vector Vector;
  Vector sum[2] = {};
  int64_t k = 0;
  for (; k + 2 * S::kLanes <= D; k += 2 * S::kLanes) {
    for (int i = 0; i < 2; ++i) {
      const Vector u =
          S::Load(x + k + i * S::kLanes) - S::Load(y + k + i * S::kLanes);
      sum[i] += u * u;
    }
  }
  T total = S::Total(sum[0] + sum[1]);
  for (; k < D; ++k) total += (x[k] - y[k]) * (x[k] - y[k]);
  return total;
}

// `vectors` vectors of each row at a time, so that the sums stay in registers.
template <int vectors, typename T>
void PullPart(const PairEdge<T>* edges, int64_t count, const T* rows,
              const T* own, int64_t D, T* sum) {
  typedef Simd<T> S;
  typename S::Vector x[vectors], total[vectors];
  for (int v = 0; v < vectors; ++v) {
    x[v] = S::Load(own + v * S::kLanes);
    total[v] = S::Load(sum + v * S::kLanes);
  }
  for (int64_t e = 0; e < count; ++e) {
    const T* const y = rows + edges[e].row * D;
    const T slope = edges[e].slope;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      total[v] += (x[v] - S::Load(y + v * S::kLanes)) * slope;
    }
  }
  for (int v = 0; v < vectors; ++v) S::Store(sum + v * S::kLanes, total[v]);
}

template <typename T>
void Pull(const PairEdge<T>* edges, int64_t count, const T* rows,
          const T* own, int64_t D, T* sum) {
  typedef Simd<T> S;
  int64_t k = 0;
  for (; k + 4 * S::kLanes <= D; k += 4 * S::kLanes) {
    PullPart<4>(edges, count, rows + k, own + k, D, sum + k);
  }
  for (; k + S::kLanes <= D; k += S::kLanes) {
    PullPart<1>(edges, count, rows + k, own + k, D, sum + k);
  }
  for (; k < D; ++k) {
    for (int64_t e = 0; e < count; ++e) {
      sum[k] += edges[e].slope * (own[k] - rows[edges[e].row * D + k]);
    }
  }
}

template <typename T>
void AddTransposed(const T* a, const T* b, int64_t pitch, int64_t m, int64_t n,
                   T* to, int64_t to_pitch) {
  typedef Simd<T> S;
  constexpr int64_t kTile = S::kLanes;
  for (int64_t i = 0; i < m; i += kTile) {
    for (int64_t j = 0; j < n; j += kTile) {
      if (n - j < kTile || m - i < kTile) {
        for (int64_t r = i; r < m && r < i + kTile; ++r) {
          for (int64_t c = j; c < n && c < j + kTile; ++c) {
            to[r * to_pitch + c] = a[r * pitch + c] + b[c * pitch + r];
          }
        }
        continue;
      }
      typename S::Vector turned[kTile];
      for (int64_t c = 0; c < kTile; ++c) {
        turned[c] = S::Load(b + (j + c) * pitch + i);
      }
      S::template Turn<1>(turned);
      for (int64_t r = 0; r < kTile; ++r) {
        S::Store(to + (i + r) * to_pitch + j,
                 S::Load(a + (i + r) * pitch + j) + turned[r]);
      }
    }
  }
}

template <typename T>
T Sum(const T* a, int64_t n) {
  typedef Simd<T> S;
  typename S::Vector sum[2] = {};
  int64_t j = 0;
  for (; j + 2 * S::kLanes <= n; j += 2 * S::kLanes) {
    sum[0] += S::Load(a + j);
    sum[1] += S::Load(a + j + S::kLanes);
  }
  T total = S::Total(sum[0] + sum[1]);
  for (; j < n; ++j) total += a[j];
  return total;
}

template <typename T>
const RowKernels<T> kRowKernels = {
    Distances<T>, Root<T>,  Search<1, T>, Search<-1, T>, Fold<T>,
    Above<T>,
    Count<T>,     Rank<T>,  Dot<T>,       Centre<T>,     Squared<T>,
    Pull<T>,
    AddTransposed<T>, Sum<T>};

}  // namespace
}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_KERNELS_IMPL_HPP_
