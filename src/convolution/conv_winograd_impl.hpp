// The transforms of Winograd's convolution F(4 x 4, 3 x 3), a part of
// conv_kernels_impl.hpp: 16 outputs of a 3 x 3 window take 36 products in
// place of 144. For a patch d of 6 x 6 inputs and a window g
// (Lavin and Gray, Fast algorithms for convolutional neural networks,
// arXiv 1509.09308):
//
//   outputs = At [ (G g Gt) * (Bt d B) ] A,   * value by value
//
// At, G and Bt follow from six points, here 0, +-p, +-q and infinity with
// p = 5/8 and q = 3/2: every entry of Bt is then exact in float, and the
// rounding error is a third of what the usual 1 and 2 give. Each lane of a
// vector is one patch.
#ifndef TERCET_CONVOLUTION_CONV_WINOGRAD_IMPL_HPP_
#define TERCET_CONVOLUTION_CONV_WINOGRAD_IMPL_HPP_

namespace caffe {
namespace {

#ifdef __AVX2__
typedef float Float4 __attribute__((vector_size(16)));
typedef float Float4u
    __attribute__((vector_size(16), aligned(4), may_alias));

inline Float8 Join(const float* low, const float* high) {
  const Float4 a = *reinterpret_cast<const Float4u*>(low);
  const Float4 b = *reinterpret_cast<const Float4u*>(high);
  return Shuffle<0, 1, 2, 3, 4, 5, 6, 7>(a, b);
}

// Of each half of v its 4 x 4 block transposed.
inline void TransposeHalves(Float8* v) {
  const Float8 a = LowTurns(v[0], v[1]), b = HighTurns(v[0], v[1]);
  const Float8 c = LowTurns(v[2], v[3]), d = HighTurns(v[2], v[3]);
  v[0] = LowPairs(a, c);
  v[1] = HighPairs(a, c);
  v[2] = LowPairs(b, d);
  v[3] = HighPairs(b, d);
}

// Eight lanes; four values of each are read, whatever the columns wanted.
inline void Gather8(const float* from, const int64_t* offsets, Float8* v) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = Join(from + offsets[i], from + offsets[i + 4]);
  }
  TransposeHalves(v);
}

inline void Scatter8(Float8* v, float* to, const int64_t* offsets) {
  TransposeHalves(v);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    *reinterpret_cast<Float4u*>(to + offsets[i]) =
        Shuffle<0, 1, 2, 3>(v[i], v[i]);
    *reinterpret_cast<Float4u*>(to + offsets[i + 4]) =
        Shuffle<4, 5, 6, 7>(v[i], v[i]);
  }
}
#endif

// N columns of all lanes, from from + offsets[lane] on; N is 2 or 4.
template <int N, typename Dtype>
inline void GatherColumns(const Dtype* from, const int64_t* offsets,
                          typename Simd<Dtype>::Vector* columns) {
  typedef Simd<Dtype> S;
#if SIMD_VECTOR_BYTES == 32
  if constexpr (sizeof(Dtype) == sizeof(float)) {
    Float8 v[4];
    Gather8(from, offsets, v);
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) { columns[i] = v[i]; }
    return;
  }
#elif SIMD_VECTOR_BYTES == 64
  if constexpr (sizeof(Dtype) == sizeof(float)) {
    Float8 low[4], high[4];
    Gather8(from, offsets, low);
    Gather8(from, offsets + 8, high);
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) {
      columns[i] = Shuffle<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                           15>(low[i], high[i]);
    }
    return;
  }
#endif
  Dtype turned[N][S::kLanes];
  for (int lane = 0; lane < S::kLanes; ++lane) {
    for (int i = 0; i < N; ++i) { turned[i][lane] = from[offsets[lane] + i]; }
  }
  for (int i = 0; i < N; ++i) { columns[i] = S::Load(turned[i]); }
}

// The reverse of four columns: column i of each lane to offsets[lane] + i.
template <typename Dtype>
inline void ScatterColumns(const typename Simd<Dtype>::Vector* columns,
                           Dtype* to, const int64_t* offsets) {
  typedef Simd<Dtype> S;
#if SIMD_VECTOR_BYTES == 32
  if constexpr (sizeof(Dtype) == sizeof(float)) {
    Float8 v[4] = {columns[0], columns[1], columns[2], columns[3]};
    Scatter8(v, to, offsets);
    return;
  }
#elif SIMD_VECTOR_BYTES == 64
  if constexpr (sizeof(Dtype) == sizeof(float)) {
    Float8 low[4], high[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      low[i] = Shuffle<0, 1, 2, 3, 4, 5, 6, 7>(columns[i], columns[i]);
      high[i] =
          Shuffle<8, 9, 10, 11, 12, 13, 14, 15>(columns[i], columns[i]);
    }
    Scatter8(low, to, offsets);
    Scatter8(high, to, offsets + 8);
    return;
  }
#endif
  for (int i = 0; i < 4; ++i) {
    for (int lane = 0; lane < S::kLanes; ++lane) {
      to[offsets[lane] + i] = columns[i][lane];
    }
  }
}

// The points 0, infinity and +- these; their squares; and the scales of G.
template <typename Dtype>
struct Points {
  static constexpr Dtype p = 0.625;
  static constexpr Dtype q = 1.5;
  static constexpr Dtype p2 = p * p;
  static constexpr Dtype q2 = q * q;
  static constexpr Dtype scale_0 = 1 / (p2 * q2);
  static constexpr Dtype scale_p = 1 / (2 * p2 * (p2 - q2));
  static constexpr Dtype scale_q = 1 / (2 * q2 * (q2 - p2));
};

// Six values x, a step apart, become Bt x.
template <typename Dtype>
inline void TimesBt(const typename Simd<Dtype>::Vector* x, int step,
                    typename Simd<Dtype>::Vector* y) {
  typedef Points<Dtype> P;
  typedef typename Simd<Dtype>::Vector Vector;
  const Vector x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
  const Vector x4 = x[4 * step], x5 = x[5 * step];
  const Vector even_p = x4 - P::q2 * x2;
  const Vector odd_p = x3 - P::q2 * x1;
  const Vector even_q = x4 - P::p2 * x2;
  const Vector odd_q = x3 - P::p2 * x1;
  y[0] = x4 - (P::p2 + P::q2) * x2 + P::p2 * P::q2 * x0;
  y[1] = even_p + P::p * odd_p;
  y[2] = even_p - P::p * odd_p;
  y[3] = even_q + P::q * odd_q;
  y[4] = even_q - P::q * odd_q;
  y[5] = x5 - (P::p2 + P::q2) * x3 + P::p2 * P::q2 * x1;
}

// Six values m, a step apart, become At m: four.
template <typename Dtype>
inline void TimesAt(const typename Simd<Dtype>::Vector* m, int step,
                    typename Simd<Dtype>::Vector* y) {
  typedef Points<Dtype> P;
  typedef typename Simd<Dtype>::Vector Vector;
  const Vector sum_p = m[step] + m[2 * step];
  const Vector less_p = m[step] - m[2 * step];
  const Vector sum_q = m[3 * step] + m[4 * step];
  const Vector less_q = m[3 * step] - m[4 * step];
  y[0] = m[0] + sum_p + sum_q;
  y[1] = P::p * less_p + P::q * less_q;
  y[2] = P::p2 * sum_p + P::q2 * sum_q;
  y[3] = P::p2 * P::p * less_p + P::q2 * P::q * less_q + m[5 * step];
}

// Four values x, a step apart, become A x: six.
template <typename Dtype>
inline void TimesA(const typename Simd<Dtype>::Vector* x, int step,
                   typename Simd<Dtype>::Vector* y) {
  typedef Points<Dtype> P;
  typedef typename Simd<Dtype>::Vector Vector;
  const Vector x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
  const Vector even_p = x0 + P::p2 * x2;
  const Vector odd_p = x1 + P::p2 * x3;
  const Vector even_q = x0 + P::q2 * x2;
  const Vector odd_q = x1 + P::q2 * x3;
  y[0] = x0;
  y[1] = even_p + P::p * odd_p;
  y[2] = even_p - P::p * odd_p;
  y[3] = even_q + P::q * odd_q;
  y[4] = even_q - P::q * odd_q;
  y[5] = x3;
}

// Three values w, a step apart, become G w: six.
template <typename Dtype>
inline void TimesG(const typename Simd<Dtype>::Vector* w, int step,
                   typename Simd<Dtype>::Vector* y) {
  typedef Points<Dtype> P;
  typedef typename Simd<Dtype>::Vector Vector;
  const Vector w0 = w[0], w1 = w[step], w2 = w[2 * step];
  const Vector even_p = P::scale_p * (w0 + P::p2 * w2);
  const Vector odd_p = P::scale_p * P::p * w1;
  const Vector even_q = P::scale_q * (w0 + P::q2 * w2);
  const Vector odd_q = P::scale_q * P::q * w1;
  y[0] = P::scale_0 * w0;
  y[1] = even_p + odd_p;
  y[2] = even_p - odd_p;
  y[3] = even_q + odd_q;
  y[4] = even_q - odd_q;
  y[5] = w2;
}

// Six values s, a step apart, become Gt s: three.
template <typename Dtype>
inline void TimesGt(const typename Simd<Dtype>::Vector* s, int step,
                    typename Simd<Dtype>::Vector* y) {
  typedef Points<Dtype> P;
  typedef typename Simd<Dtype>::Vector Vector;
  const Vector even_p = P::scale_p * (s[step] + s[2 * step]);
  const Vector odd_p = P::scale_p * P::p * (s[step] - s[2 * step]);
  const Vector even_q = P::scale_q * (s[3 * step] + s[4 * step]);
  const Vector odd_q = P::scale_q * P::q * (s[3 * step] - s[4 * step]);
  y[0] = P::scale_0 * s[0] + even_p + even_q;
  y[1] = odd_p + odd_q;
  y[2] = P::p2 * even_p + P::q2 * even_q + s[5 * step];
}

template <typename Dtype>
void WinogradData(const Dtype* from, const int64_t* offsets, int row,
                  Dtype* to, int64_t step) {
  typedef Simd<Dtype> S;
  typename S::Vector half[6][6];  // d B, then its columns times Bt
#pragma GCC unroll 6
  for (int r = 0; r < 6; ++r) {
    typename S::Vector d[6];
    GatherColumns<4>(from + r * row, offsets, d);
    GatherColumns<2>(from + r * row + 4, offsets, d + 4);
    TimesBt<Dtype>(d, 1, half[r]);
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    typename S::Vector v[6];
    TimesBt<Dtype>(&half[0][i], 6, v);
#pragma GCC unroll 6
    for (int r = 0; r < 6; ++r) { S::Store(to + (6 * r + i) * step, v[r]); }
  }
}

template <typename Dtype>
void WinogradGradient(const Dtype* from, const int64_t* offsets, int row,
                      Dtype* to, int64_t step) {
  typedef Simd<Dtype> S;
  typename S::Vector half[4][6];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    typename S::Vector d[4];
    GatherColumns<4>(from + r * row, offsets, d);
    TimesA<Dtype>(d, 1, half[r]);
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    typename S::Vector v[6];
    TimesA<Dtype>(&half[0][i], 6, v);
#pragma GCC unroll 6
    for (int r = 0; r < 6; ++r) { S::Store(to + (6 * r + i) * step, v[r]); }
  }
}

template <typename Dtype>
void WinogradOutput(const Dtype* m, int64_t step, Dtype bias, Dtype* to,
                    const int64_t* offsets, int row) {
  typedef Simd<Dtype> S;
  typename S::Vector half[4][6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    typename S::Vector v[6], y[4];
#pragma GCC unroll 6
    for (int r = 0; r < 6; ++r) { v[r] = S::Load(m + (6 * r + i) * step); }
    TimesAt<Dtype>(v, 1, y);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) { half[r][i] = y[r]; }
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    typename S::Vector y[4];
    TimesAt<Dtype>(half[r], 1, y);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) { y[i] += bias; }
    ScatterColumns(y, to + r * row, offsets);
  }
}

template <typename Dtype>
void WinogradWindow(const Dtype* w, int64_t next, int count, bool turned,
                    Dtype* to) {
  typedef Simd<Dtype> S;
  Dtype lanes[9][S::kLanes] = {};
  for (int l = 0; l < count; ++l) {
    for (int j = 0; j < 9; ++j) {
      lanes[j][l] = w[l * next + (turned ? 8 - j : j)];
    }
  }
  typename S::Vector window[9], half[6][3];
  for (int j = 0; j < 9; ++j) { window[j] = S::Load(lanes[j]); }
#pragma GCC unroll 3
  for (int j = 0; j < 3; ++j) {
    typename S::Vector column[6];
    TimesG<Dtype>(window + j, 3, column);
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) { half[i][j] = column[i]; }
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    typename S::Vector row[6];
    TimesG<Dtype>(half[i], 1, row);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      S::Store(to + (6 * i + j) * S::kLanes, row[j]);
    }
  }
}

template <typename Dtype>
void WinogradSums(const Dtype* s, int64_t step, Dtype* to) {
  typedef Simd<Dtype> S;
  typename S::Vector half[3][6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    typename S::Vector v[6], y[3];
#pragma GCC unroll 6
    for (int r = 0; r < 6; ++r) { v[r] = S::Load(s + (6 * r + i) * step); }
    TimesGt<Dtype>(v, 1, y);
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) { half[r][i] = y[r]; }
  }
#pragma GCC unroll 3
  for (int r = 0; r < 3; ++r) {
    typename S::Vector y[3];
    TimesGt<Dtype>(half[r], 1, y);
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      S::Store(to + (3 * r + i) * S::kLanes, y[i]);
    }
  }
}

}  // namespace
}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONV_WINOGRAD_IMPL_HPP_
