// The figures of roc.hpp: one pass each over the curve's points.
#include "caffe/evaluation/roc.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "caffe/check.hpp"
#include "evaluation/score_table.hpp"

namespace caffe {
namespace metric {

RocCurve::RocCurve(std::vector<RocPoint> points, int shared_bits)
    : points_(std::move(points)), shared_bits_(shared_bits) {}

RocCurve RocCurve::FromDistances(std::vector<float> genuine,
                                 std::vector<float> impostor) {
  for (std::vector<float>* list : {&genuine, &impostor}) {
    for (float& distance : *list) {
      INPUT_CHECK(!std::isnan(distance)) << "a distance is not a number";
      CHECK_GE(distance, 0);
      distance = std::fabs(distance);  // -0 would be sorted last
    }
  }
  SortDistances(&genuine);
  SortDistances(&impostor);
  return RocCurve(MergeSorted(genuine, impostor));
}

void RocCurve::CheckBothKinds() const {
  INPUT_CHECK(genuine() > 0) << "there is no genuine pair; some person must "
                                "have two images or more";
  INPUT_CHECK(impostor() > 0) << "there is no impostor pair; there must be "
                                 "two people or more";
}

double RocCurve::Auc() const {
  CheckBothKinds();
  double area = 0, last_genuine = 0, last_impostor = 0;
  for (const RocPoint& point : points_) {
    area += (point.impostor - last_impostor) *
            (last_genuine + point.genuine) / 2;
    last_genuine = point.genuine;
    last_impostor = point.impostor;
  }
  return area / genuine() / impostor();
}

EqualError RocCurve::EqualErrorRate() const {
  CheckBothKinds();
  double last_far = 0, last_frr = 1;
  double last_at = points_.front().threshold;
  for (const RocPoint& point : points_) {
    const double far = point.impostor / impostor();
    const double frr = 1 - point.genuine / genuine();
    if (far >= frr) {
      // FAR - FRR goes from below 0 to 0 or above.
      const double before = last_far - last_frr, after = far - frr;
      const double share = -before / (after - before);
      return EqualError{last_far + share * (far - last_far),
                        last_at + share * (point.threshold - last_at)};
    }
    last_far = far;
    last_frr = frr;
    last_at = point.threshold;
  }
  return EqualError{last_far, last_at};
}

namespace {

float LeastWithout(float value, int bits) {
  uint32_t word;
  std::memcpy(&word, &value, sizeof(word));
  word = word >> bits << bits;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

}  // namespace

ptrdiff_t RocCurve::PlaceOf(double threshold) const {
  return std::upper_bound(points_.begin(), points_.end(), threshold,
                          [](double t, const RocPoint& point) {
                            return t < point.threshold;
                          }) -
         points_.begin() - 1;
}

double RocCurve::Between(ptrdiff_t k) const {
  const ptrdiff_t last = static_cast<ptrdiff_t>(points_.size()) - 1;
  if (k == last) return points_.back().threshold;
  // The least of the distances that may be in the next point.
  const double high = LeastWithout(points_[k + 1].threshold, shared_bits_);
  if (k >= 0) {
    const double low = points_[k].threshold;
    return low + (high - low) / 2;
  }
  return high > 0 ? high / 2 : high - 0.5;
}

OperatingPoint RocCurve::At(ptrdiff_t k, double threshold) const {
  if (k < 0) return OperatingPoint{threshold, 0, 0};
  return OperatingPoint{threshold, points_[k].impostor / impostor(),
                        points_[k].genuine / genuine()};
}

OperatingPoint RocCurve::AtThreshold(double threshold) const {
  CheckBothKinds();
  return At(PlaceOf(threshold), threshold);
}

double RocCurve::AccuracyAt(double threshold) const {
  const OperatingPoint point = AtThreshold(threshold);
  return (point.tar * genuine() + (1 - point.far) * impostor()) /
         (genuine() + impostor());
}

double RocCurve::BalancedAccuracyAt(double threshold) const {
  const OperatingPoint point = AtThreshold(threshold);
  return (point.tar + 1 - point.far) / 2;
}

double RocCurve::BestThreshold(bool balanced) const {
  CheckBothKinds();
  // Whole numbers, so that gains are compared without a rounding.
  const double genuine_weight = balanced ? impostor() : 1;
  const double impostor_weight = balanced ? genuine() : 1;
  ptrdiff_t best = -1;
  double best_gain = 0;
  for (size_t k = 0; k < points_.size(); ++k) {
    const double gain = genuine_weight * points_[k].genuine -
                        impostor_weight * points_[k].impostor;
    if (gain <= best_gain) continue;
    best_gain = gain;
    best = static_cast<ptrdiff_t>(k);
  }
  return Between(best);
}

OperatingPoint RocCurve::LastPointWithin(double far) const {
  CheckBothKinds();
  const ptrdiff_t k =
      std::upper_bound(points_.begin(), points_.end(), far,
                       [this](double wanted, const RocPoint& point) {
                         return wanted < point.impostor / impostor();
                       }) -
      points_.begin() - 1;
  return At(k, Between(k));
}

OperatingPoint RocCurve::AtFar(double far) const {
  CHECK(far > 0 && far < 1);
  CheckBothKinds();
  INPUT_CHECK(SupportsFar(far))
      << "FAR " << far << " wants " << static_cast<int64_t>(std::ceil(1 / far))
      << " impostor pairs or more, and there are "
      << static_cast<int64_t>(impostor());
  return LastPointWithin(far);
}

}  // namespace metric
}  // namespace caffe
