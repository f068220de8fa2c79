// Class scores from angles, with a margin for the right class: A-Softmax
// (SphereFace), CosFace and ArcFace. Functions on pointers; reading options,
// and the softmax over the scores, is left to the layers.
//
// x is N x D, w is C x D, y is N x C; a row of x or w whose square is not
// finite makes NaN of the scores that its length is part of. class_of has N
// values, -1 where a row has no class, or is null where none has one. With
// u^ = u/|u|, or 0 where u is 0:
//
//   cos t_ij = x^_i . w^_j
//   y_ij     = l_i cos t_ij            for j other than row i's class
//   y_ij     = l_i f(t_ij)             for row i's class
//   f(t)     = (g(t) + lambda cos t) / (1 + lambda)
//   l_i      = scale |x_i|, or scale where `normalize` is set
//
//   kSingle ... kQuadruple (m = 1 ... 4):
//     g(t) = (-1)^k cos(m t) - 2 k   for t in [k pi/m, (k + 1) pi/m]
//   kCosine:   g(t) = cos t - margin
//   kAngular:  g(t) = cos(t + margin)            where t + margin <= pi,
//                     cos t - margin sin margin  beyond
//
// Each g falls from t = 0 to pi. Where t + margin is pi, that of kAngular goes
// from -1 to -(cos margin + margin sin margin), as its authors' code has it:
// down, as far as the margin is below 2.33.
//
// Gradient, with a_ij = dL/dy_ij f'_ij, f' the derivative by cos t (1 for all
// classes but the row's own):
//
//   dL/dx_i = l_i/|x_i| sum_j a_ij (w^_j - cos t_ij x^_i)
//             + scale (sum_j dL/dy_ij f_ij) x^_i         without `normalize`
//   dL/dw_j = 1/|w_j| sum_i a_ij l_i (x^_i - cos t_ij w^_j)
//
// For kAngular f' has 1/sin t in it, and the vectors behind it shrink with
// sin t: the gradient stays finite, but its digits go. Below kLeastSine sin t
// counts as that, so the gradient of the margin's part falls to 0 at t = 0 and
// pi, where it has no direction. For the row's own class cos and sin come from
// |x^ + w^| and |x^ - w^|, whose product is 2 sin t: no digits are lost at
// either end, and no arccosine is taken.
//
// Liu et al.: SphereFace, arXiv 1704.08063, equation 7; Wang et al.:
// CosFace, arXiv 1801.09414, equation 4, and Additive margin softmax, arXiv
// 1801.05599; Deng et al.: ArcFace, arXiv 1801.07698, equation 3.
#ifndef CAFFE_LOSS_MARGIN_PRODUCT_HPP_
#define CAFFE_LOSS_MARGIN_PRODUCT_HPP_

#include <cmath>
#include <cstdint>

#include "caffe/host_device.hpp"

namespace caffe {
namespace metric {

// The values are those of MarginInnerProductParameter.MarginType.
enum class Margin {
  kSingle = 0,
  kDouble = 1,
  kTriple = 2,
  kQuadruple = 3,
  kCosine = 16,
  kAngular = 17
};

struct MarginOptions {
  Margin type = Margin::kSingle;
  double margin = 0;  // of kCosine and kAngular
  double scale = 1;
  bool normalize = false;
  double lambda = 0;
};

// The square root of the rounding error.
template <typename T>
constexpr T kLeastSine = sizeof(T) == sizeof(float) ? T(3.4526698e-4)
                                                    : T(1.4901161e-8);

// f, its derivative by cos t, and on which piece of g the angle lies.
template <typename T>
struct MarginValue {
  T value;
  T slope;
  int piece;
};

// g of kSingle ... kQuadruple: the Chebyshev polynomial of degree m, turned
// over and shifted on every other piece.
template <typename T>
TERCET_HD inline MarginValue<T> MultipleAngle(int m, T cosine) {
  const T c = cosine, square = cosine * cosine;
  constexpr T kHalfRoot = T(0.70710678118654752440);  // cos(pi/4)
  T value = c, slope = 1;
  int piece = 0;
  if (m == 2) {
    value = 2 * square - 1;
    slope = 4 * c;
    piece = c < 0;
  } else if (m == 3) {
    value = (4 * square - 3) * c;
    slope = 12 * square - 3;
    piece = (c < T(0.5)) + (c < T(-0.5));
  } else if (m == 4) {
    value = 8 * square * (square - 1) + 1;
    slope = (32 * square - 16) * c;
    piece = (c < kHalfRoot) + (c < 0) + (c < -kHalfRoot);
  }
  const T sign = piece % 2 == 0 ? T(1) : T(-1);
  return {sign * value - 2 * piece, sign * slope, piece};
}

// g of kAngular, from the cosine and the sine of t.
template <typename T>
TERCET_HD inline MarginValue<T> AddedAngle(T margin, T cosine, T sine) {
  const T c = std::cos(margin), s = std::sin(margin);
  if (cosine < -c) return {cosine - margin * s, T(1), 1};
  const T least = kLeastSine<T>;
  return {cosine * c - sine * s,
          c + s * cosine / (sine < least ? least : sine), 0};
}

template <typename T>
TERCET_HD inline MarginValue<T> MarginOf(const MarginOptions& options,
                                         T cosine, T sine) {
  const T margin = static_cast<T>(options.margin);
  MarginValue<T> g{cosine - margin, T(1), 0};
  if (options.type == Margin::kAngular) {
    g = AddedAngle(margin, cosine, sine);
  } else if (options.type != Margin::kCosine) {
    g = MultipleAngle(static_cast<int>(options.type) + 1, cosine);
  }
  const T lambda = static_cast<T>(options.lambda);
  return {(g.value + lambda * cosine) / (1 + lambda),
          (g.slope + lambda) / (1 + lambda), g.piece};
}

// What Forward keeps of a row for Backward, kMarginRowSize values.
enum MarginRow {
  kInverseLength,  // InverseNorm's 1/|x|: 0 for a zero vector, or NaN
  kOwnCosine,      // of the row's class; 0 and 1 where it has none, or where
  kOwnSine,        // one of the two vectors is 0
  kRadial,         // the factor of x_i in dL/dx_i; Backward's
  kMarginRowSize
};

// Sets kOwnCosine and kOwnSine from |x^ + w^|^2 and |x^ - w^|^2.
template <typename T>
TERCET_HD inline void SetOwnAngle(T plus, T minus, bool defined, T* row) {
  row[kOwnCosine] = defined ? (plus - minus) / 4 : T(0);
  row[kOwnSine] = defined ? std::sqrt(plus * minus) / 2 : T(1);
}

// l_i, and l_i / |x_i|.
template <typename T>
TERCET_HD inline T ScoreLength(const MarginOptions& options, const T* row) {
  const T scale = static_cast<T>(options.scale);
  if (options.normalize) return scale;
  return row[kInverseLength] == 0 ? T(0) : scale / row[kInverseLength];
}
template <typename T>
TERCET_HD inline T ScoreFactor(const MarginOptions& options, const T* row) {
  const T scale = static_cast<T>(options.scale);
  return options.normalize ? scale * row[kInverseLength] : scale;
}

// What a row's own class changes in the sums over dL/dy_ij f'_ij l_i cos t_ij,
// whose terms are dL/dy_ij y_ij for the others.
template <typename T>
TERCET_HD inline double OwnChange(const MarginOptions& options, const T* row,
                                  T y, T dy) {
  const T slope = MarginOf(options, row[kOwnCosine], row[kOwnSine]).slope;
  return static_cast<double>(dy) *
         (slope * ScoreLength(options, row) * row[kOwnCosine] - y);
}

// The factor of x_i in dL/dx_i: with `normalize` from the sum over the classes
// of what OwnChange tells, without it from dL/dy of the row's own class.
template <typename T>
TERCET_HD inline T RadialFactor(const MarginOptions& options, const T* row,
                                double sum, T own_dy) {
  const T inverse = row[kInverseLength];
  if (options.normalize) return static_cast<T>(-sum) * inverse * inverse;
  const MarginValue<T> f = MarginOf(options, row[kOwnCosine], row[kOwnSine]);
  return own_dy * static_cast<T>(options.scale) *
         (f.value - f.slope * row[kOwnCosine]) * inverse;
}

// Where the numbers are.
template <typename T>
struct MarginBatch {
  MarginOptions options;
  const T* x;           // N x D
  const T* w;           // C x D
  const int* class_of;  // N, or null
  int64_t N;
  int64_t D;
  int64_t C;
  T* rows;       // N * kMarginRowSize, from Forward to Backward
  T* inverse_w;  // C, 1/|w_j|; likewise
  T* h;          // N x C, Backward's
  double* sums;  // C, Backward's
};

// Fills y.
template <typename T>
void MarginForward(const MarginBatch<T>& batch, T* y);

// From what Forward left: dx, overwriting, where it is not null; adds to dw
// where that is not null.
template <typename T>
void MarginBackward(const MarginBatch<T>& batch, const T* y, const T* dy,
                    T* dx, T* dw);

#ifdef TERCET_CUDA
// The same, with all arrays on the device.
template <typename T>
void MarginForwardGpu(const MarginBatch<T>& batch, T* y);
template <typename T>
void MarginBackwardGpu(const MarginBatch<T>& batch, const T* y, const T* dy,
                       T* dx, T* dw);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_MARGIN_PRODUCT_HPP_
