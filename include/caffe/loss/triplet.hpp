// The triplet loss over rows, on pointers: its hinge, the coefficients of its
// gradient, and the passes forward and backward on the CPU. Which triplets
// there are, and where the numbers come from and go to, is left to the layers.
//
// a, p, n are N x D, one triplet a row, d is a distance of distances.hpp:
//
//   h_i = d(a_i, p_i) - d(a_i, n_i) + margin
//   l_i = w_i (hinge(h_i) + intra_weight max(0, d(a_i, p_i) - intra_margin))
//   hinge(h) = max(0, h)  (kHard)   or   log(1 + exp(h))  (kSoft)
//   L   = factor sum_i l_i
//   factor = 1 (kNone), 1/N (kFull, kBatchSize), 1/max(1, #{l_i > 0}) (kValid),
//            and half of that where `half` is set
//
// With s = hinge'(h_i) (kHard: 1 where h_i > 0, else 0; kSoft: the sigmoid of
// h_i) and t = 1 where d(a_i, p_i) > intra_margin, else 0:
//
//   positive_slope_i = dl_i/dd(a_i, p_i) =  w_i (s + intra_weight t)
//   negative_slope_i = dl_i/dd(a_i, n_i) = -w_i s
//
// from which the chain rule gives the three gradients:
//   dL/da = factor (positive_slope dd_ap/da + negative_slope dd_an/da)
//   dL/dp = factor  positive_slope dd_ap/dp
//   dL/dn = factor  negative_slope dd_an/dn
//
// A row of weight 0 has no loss and no gradient, whatever it holds, NaN too.
// l_i is NaN where w_i is negative or not a number, and where one of the row's
// distances is not finite, for a negative at distance infinity is an overflow
// and satisfies nothing.
#ifndef CAFFE_LOSS_TRIPLET_HPP_
#define CAFFE_LOSS_TRIPLET_HPP_

#include <cmath>
#include <cstdint>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

// The values are those of TripletLossParameter.Hinge.
enum class Hinge { kHard = 0, kSoft = 1 };

// The values are those of LossParameter.NormalizationMode.
enum class Normalization { kFull = 0, kValid = 1, kBatchSize = 2, kNone = 3 };

struct TripletOptions {
  Distance distance = Distance::kSquaredL2;
  Hinge hinge = Hinge::kHard;
  double margin = 1;
  double intra_margin = 0;
  double intra_weight = 0;
  Normalization normalization = Normalization::kNone;
  bool half = false;
};

// What Forward keeps of a row for Backward: the values of a row lie
// together, kTripletRowSize of them.
enum TripletRow {
  kPositiveDistance,
  kNegativeDistance,
  kRowLoss,
  kPositiveSlope,
  kNegativeSlope,
  kInverseAnchor,  // 1/|a|, 1/|p|, 1/|n|; set for Distance::kCosine
  kInversePositive,
  kInverseNegative,
  kRadialPositive,  // CosinePair::radial of (a, p) and of (a, n)
  kRadialNegative,
  kTripletRowSize
};

template <typename T>
TERCET_HD inline CosinePair<T> PositivePair(const T* row) {
  return CosinePair<T>{row[kInverseAnchor], row[kInversePositive],
                       row[kRadialPositive]};
}
template <typename T>
TERCET_HD inline CosinePair<T> NegativePair(const T* row) {
  return CosinePair<T>{row[kInverseAnchor], row[kInverseNegative],
                       row[kRadialNegative]};
}

// max(0, h) with a NaN kept, or log(1 + exp(h)) without overflow.
template <typename T>
TERCET_HD inline T HingeValue(Hinge hinge, T h) {
  if (hinge == Hinge::kHard) return h <= 0 ? T(0) : h;
  const T magnitude = h < 0 ? -h : h;
  return (h > 0 ? h : T(0)) + std::log1p(std::exp(-magnitude));
}

// The derivative of HingeValue; 0 at the kink.
template <typename T>
TERCET_HD inline T HingeSlope(Hinge hinge, T h) {
  if (hinge == Hinge::kHard) return h <= 0 ? T(0) : T(1);
  const T e = std::exp(h < 0 ? h : -h);
  return h < 0 ? e / (1 + e) : 1 / (1 + e);
}

// h of a row, by its two distances.
template <typename T>
TERCET_HD inline T TripletHinge(const TripletOptions& options, const T* row) {
  return row[kPositiveDistance] - row[kNegativeDistance] +
         static_cast<T>(options.margin);
}

// Fills kRowLoss and the two slopes of a row from its distances, and from the
// value and the slope of the hinge at its h.
template <typename T>
TERCET_HD inline void FinishTripletRow(const TripletOptions& options, T weight,
                                       T value, T slope, T* row) {
  if (weight == 0) {
    row[kRowLoss] = row[kPositiveSlope] = row[kNegativeSlope] = 0;
    return;
  }
  const T positive = row[kPositiveDistance], negative = row[kNegativeDistance];
  // 0, or NaN where one of the two is not finite.
  const T overflow = (positive - positive) + (negative - negative);
  T loss = value + overflow, intra = 0;
  if (options.intra_weight != 0) {
    const T excess = positive - static_cast<T>(options.intra_margin);
    const T beta = static_cast<T>(options.intra_weight);
    loss += beta * HingeValue(Hinge::kHard, excess);
    intra = beta * HingeSlope(Hinge::kHard, excess);
  }
  row[kRowLoss] = weight > 0 ? weight * loss : T(NAN);
  row[kPositiveSlope] = weight * (slope + intra);
  row[kNegativeSlope] = -weight * slope;
}
template <typename T>
TERCET_HD inline void FinishTripletRow(const TripletOptions& options, T weight,
                                       T* row) {
  const T h = TripletHinge(options, row);
  FinishTripletRow(options, weight, HingeValue(options.hinge, h),
                   HingeSlope(options.hinge, h), row);
}

// One coordinate of the gradient of a row for the anchor, the positive or the
// negative; row is what Forward kept.
template <Distance kind, typename T>
TERCET_HD inline T AnchorGradient(const T* row, T a, T p, T n) {
  if (kind == Distance::kSquaredL2) {
    return 2 * (row[kPositiveSlope] * (a - p) +
                row[kNegativeSlope] * (a - n));
  }
  return row[kPositiveSlope] *
             DistanceGradient<kind>(a, p, row[kPositiveDistance],
                                    PositivePair(row)) +
         row[kNegativeSlope] *
             DistanceGradient<kind>(a, n, row[kNegativeDistance],
                                    NegativePair(row));
}
template <Distance kind, typename T>
TERCET_HD inline T PositiveGradient(const T* row, T a, T p) {
  return row[kPositiveSlope] *
         DistanceGradient<kind>(p, a, row[kPositiveDistance],
                                PositivePair(row).Swapped());
}
template <Distance kind, typename T>
TERCET_HD inline T NegativeGradient(const T* row, T a, T n) {
  return row[kNegativeSlope] *
         DistanceGradient<kind>(n, a, row[kNegativeDistance],
                                NegativePair(row).Swapped());
}

// What the sum of the rows' losses is multiplied by.
TERCET_HD inline double TripletFactor(const TripletOptions& options, int64_t N,
                                      int64_t active) {
  int64_t divisor = 1;
  if (options.normalization == Normalization::kValid) divisor = active;
  if (options.normalization == Normalization::kFull ||
      options.normalization == Normalization::kBatchSize) {
    divisor = N;
  }
  return (options.half ? 0.5 : 1.0) / (divisor > 1 ? divisor : 1);
}

// What TripletForward counts: the sums of the l_i and of the w_i; how many have
// w_i > 0, and how many of those h_i > 0.
enum TripletTotal {
  kTripletLossSum,
  kTripletWeightSum,
  kTripletWeighted,
  kTripletActive,
  kTripletTotals
};

// Fills rows (N x kTripletRowSize) from a, p, n (N x D) and weights (N values,
// or null for weights of 1), sets *loss to L and *factor to its factor, and
// fills totals (kTripletTotals values).
template <typename T>
void TripletForward(const TripletOptions& options, const T* a, const T* p,
                    const T* n, const T* weights, int64_t N, int64_t D,
                    T* rows, T* loss, T* factor, double* totals);

// Overwrites da, dp, dn (N x D) with scale times the gradients of the sum of
// the l_i; each may be null, and then costs nothing. rows is TripletForward's,
// scale usually its factor times the diff of the loss.
template <typename T>
void TripletBackward(const TripletOptions& options, const T* a, const T* p,
                     const T* n, const T* rows, T scale, int64_t N, int64_t D,
                     T* da, T* dp, T* dn);

#ifdef TERCET_CUDA
// The same on the device: every pointer, those to single values too, is one
// of its memory. Backward's scale is *factor times *loss_diff.
template <typename T>
void TripletForwardGpu(const TripletOptions& options, const T* a, const T* p,
                       const T* n, const T* weights, int64_t N, int64_t D,
                       T* rows, T* loss, T* factor, double* totals);
template <typename T>
void TripletBackwardGpu(const TripletOptions& options, const T* a, const T* p,
                        const T* n, const T* rows, const T* factor,
                        const T* loss_diff, int64_t N, int64_t D, T* da, T* dp,
                        T* dn);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_TRIPLET_HPP_
