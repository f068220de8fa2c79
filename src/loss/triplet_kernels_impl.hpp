// The loops behind triplet_kernels.hpp, written once with the vectors of
// simd.hpp. Each triplet_kernels_<set>.cpp includes this.
#ifndef TERCET_LOSS_TRIPLET_KERNELS_IMPL_HPP_
#define TERCET_LOSS_TRIPLET_KERNELS_IMPL_HPP_

#ifdef TERCET_X86_KERNELS
#include <immintrin.h>
#endif

#include <initializer_list>

#include "caffe/loss/triplet.hpp"
#include "core/simd.hpp"
#include "loss/triplet_kernels.hpp"

namespace caffe {
namespace metric {
namespace {

// RowLaneSum's partial sums (distances.hpp): lane k % kSumLanes has term k.
constexpr int kSumLanes = metric::kLanes;

template <typename T>
class LaneSums {
 public:
  typedef Simd<T> S;
  static constexpr int kVectors = kSumLanes / S::kLanes;

  // Adds the squares of x_k - y_k of kSumLanes values.
  void Add(const T* x, const T* y) {
    for (int v = 0; v < kVectors; ++v) {
      const auto u = S::Load(x + v * S::kLanes) - S::Load(y + v * S::kLanes);
      sum_[v] += u * u;
    }
  }
  // Sums whose total is all there is, the squares of `rest` values more, in
  // the first lanes, included.
  typename S::Vector Finish(const T* x, const T* y, int64_t rest) const {
    typename S::Vector sum[kVectors];
    T lane[kSumLanes] = {};
    for (int64_t j = 0; j < rest; ++j) lane[j] = (x[j] - y[j]) * (x[j] - y[j]);
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = rest == 0 ? sum_[v] : sum_[v] + S::Load(lane + v * S::kLanes);
    }
    for (int half = kVectors / 2; half > 0; half /= 2) {
      for (int v = 0; v < half; ++v) sum[v] += sum[v + half];
    }
    return sum[0];
  }

 private:
  typename S::Vector sum_[kVectors] = {};
};

template <typename T>
void Squares(const T* a, const T* p, const T* n, int64_t count, int64_t D,
             T* positive, T* negative) {
  for (int64_t i = 0; i < count; ++i, a += D, p += D, n += D) {
    LaneSums<T> to_p, to_n;
    int64_t k = 0;
    for (; k + kSumLanes <= D; k += kSumLanes) {
      to_p.Add(a + k, p + k);
      to_n.Add(a + k, n + k);
    }
    Simd<T>::Totals(to_p.Finish(a + k, p + k, D - k),
                    to_n.Finish(a + k, n + k, D - k), positive + i,
                    negative + i);
  }
}

// Writes a vector to where one fits whole, past the caches.
template <typename T>
void Stream(T* to, typename Simd<T>::Vector v) {
#if !defined(TERCET_X86_KERNELS)
  Simd<T>::Store(to, v);
#elif SIMD_VECTOR_BYTES == 64
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to),
                      reinterpret_cast<__m512i>(v));
#elif SIMD_VECTOR_BYTES == 32
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to),
                      reinterpret_cast<__m256i>(v));
#else
  _mm_stream_si128(reinterpret_cast<__m128i*>(to),
                   reinterpret_cast<__m128i>(v));
#endif
}

template <bool stream, typename T>
void StoreVector(T* to, typename Simd<T>::Vector v) {
  if (stream) {
    Stream<T>(to, v);
  } else {
    Simd<T>::Store(to, v);
  }
}

template <bool stream, typename T>
void Clear(int64_t D, T* to) {
  typedef Simd<T> S;
  int64_t k = 0;
  for (; k + S::kLanes <= D; k += S::kLanes) {
    StoreVector<stream>(to + k, typename S::Vector{});
  }
  for (; k < D; ++k) to[k] = 0;
}

template <bool stream, typename T>
void RowGradients(const T* a, const T* p, const T* n, T positive, T negative,
                  int64_t D, T* da, T* dp, T* dn) {
  typedef Simd<T> S;
  int64_t k = 0;
  for (; k + S::kLanes <= D; k += S::kLanes) {
    const auto x = S::Load(a + k), y = S::Load(p + k), z = S::Load(n + k);
    StoreVector<stream>(
        da + k, T(2) * (positive * (x - y) + negative * (x - z)));
    StoreVector<stream>(dp + k, positive * (T(2) * (y - x)));
    StoreVector<stream>(dn + k, negative * (T(2) * (z - x)));
  }
  for (; k < D; ++k) {
    da[k] = 2 * (positive * (a[k] - p[k]) + negative * (a[k] - n[k]));
    dp[k] = positive * (2 * (p[k] - a[k]));
    dn[k] = negative * (2 * (n[k] - a[k]));
  }
}

template <bool stream, typename T>
void GradientsOf(const T* rows, T scale, const T* a, const T* p, const T* n,
                 int64_t count, int64_t D, T* da, T* dp, T* dn) {
  for (int64_t i = 0, at = 0; i < count; ++i, at += D) {
    const T* const row = rows + i * kTripletRowSize;
    const T positive = row[kPositiveSlope] * scale;
    const T negative = row[kNegativeSlope] * scale;
    if (positive == 0 && negative == 0) {
      for (T* to : {da, dp, dn}) Clear<stream>(D, to + at);
    } else {
      RowGradients<stream>(a + at, p + at, n + at, positive, negative, D,
                           da + at, dp + at, dn + at);
    }
  }
}

template <typename T>
void Gradients(const T* rows, T scale, const T* a, const T* p, const T* n,
               int64_t count, int64_t D, bool stream, T* da, T* dp, T* dn) {
  (stream ? GradientsOf<true, T> : GradientsOf<false, T>)(
      rows, scale, a, p, n, count, D, da, dp, dn);
}

void StreamFence() {
#ifdef TERCET_X86_KERNELS
  _mm_sfence();
#endif
}

template <typename T>
constexpr TripletKernels<T> kTripletKernels = {&Squares<T>, &Gradients<T>,
                                               &StreamFence};

}  // namespace
}  // namespace metric
}  // namespace caffe

#endif  // TERCET_LOSS_TRIPLET_KERNELS_IMPL_HPP_
