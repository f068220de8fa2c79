// The ROC curve of a verification, and the figures that are read off it. Where
// the distances come from is verification.hpp's; which pairs a threshold may be
// taken from is left to the callers.
//
// A pair is genuine when both images show one person, else it is an impostor.
// At a threshold t a pair is accepted when its distance is <= t:
//
//   FAR(t) = accepted impostors / impostors        (false accept rate)
//   TAR(t) = accepted genuine pairs / genuine pairs (true accept rate; VAL)
//   FRR(t) = 1 - TAR(t)                            (false reject rate)
//
// The curve has one point for each distinct distance, so that tied distances
// have one value, whatever their order. Pairs may carry weights; all counts are
// therefore in double, which is exact for whole numbers up to 2^53.
#ifndef CAFFE_EVALUATION_ROC_HPP_
#define CAFFE_EVALUATION_ROC_HPP_

#include <cstddef>
#include <vector>

namespace caffe {
namespace metric {

// What is accepted at a threshold.
struct RocPoint {
  float threshold;
  double genuine;
  double impostor;
};

// Where FAR = FRR.
struct EqualError {
  double rate;
  double threshold;
};

struct OperatingPoint {
  double threshold;
  double far;
  double tar;
};

class RocCurve {
 public:
  RocCurve() = default;
  // Points in ascending order of their thresholds, which differ; the last one
  // accepts everything. shared_bits: distances that differ in so many of their
  // last bits alone share a point, whose threshold is the largest of these.
  explicit RocCurve(std::vector<RocPoint> points, int shared_bits = 0);
  // The curve of distances that are not negative, in any order. Error kInput
  // where one of them is not a number.
  static RocCurve FromDistances(std::vector<float> genuine,
                                std::vector<float> impostor);

  const std::vector<RocPoint>& points() const { return points_; }
  // How many pairs there are of each kind.
  double genuine() const {
    return points_.empty() ? 0 : points_.back().genuine;
  }
  double impostor() const {
    return points_.empty() ? 0 : points_.back().impostor;
  }
  bool HasBothKinds() const { return genuine() > 0 && impostor() > 0; }
  // Error kInput where there is no pair of one of the kinds; each figure below
  // calls it.
  void CheckBothKinds() const;

  // The probability that a genuine pair lies closer than an impostor pair, a
  // tie counted as one half: the area under the curve.
  double Auc() const;

  // FAR = FRR on the straight lines that join the points, the threshold alike.
  EqualError EqualErrorRate() const;

  // (accepted genuine + refused impostors) / all pairs.
  double AccuracyAt(double threshold) const;
  // ((1 - FRR) + (1 - FAR)) / 2: both kinds count the same, however many pairs
  // there are of each.
  double BalancedAccuracyAt(double threshold) const;
  // The threshold of the highest accuracy (or balanced accuracy), half way to
  // the next distance; the lowest one where several are as good.
  double BestThreshold(bool balanced) const;

  // Whether there are impostors enough for a FAR: one at least in 1 / far.
  bool SupportsFar(double far) const { return 1 / impostor() <= far; }
  // The highest TAR whose FAR is not above `far`, in (0, 1): a point of the
  // curve, nothing between; its threshold lies half way to the next distance.
  // Error kInput where the impostors do not support it.
  OperatingPoint AtFar(double far) const;
  // The same without asking whether the impostors support it.
  OperatingPoint LastPointWithin(double far) const;
  OperatingPoint AtThreshold(double threshold) const;

 private:
  // The place of the last point whose threshold is <= t, or -1.
  ptrdiff_t PlaceOf(double threshold) const;
  // Half way from point k, or from nothing accepted (-1), to the next.
  double Between(ptrdiff_t k) const;
  OperatingPoint At(ptrdiff_t k, double threshold) const;

  std::vector<RocPoint> points_;
  int shared_bits_ = 0;
};

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_EVALUATION_ROC_HPP_
