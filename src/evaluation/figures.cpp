// The figures that curves give, for reports.
#include "evaluation/figures.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace caffe {

using metric::RocCurve;

MeanAndError OverFolds(const std::vector<double>& values) {
  MeanAndError result;
  if (values.empty()) return result;
  const double n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  result.mean = sum / n;
  for (const double value : values) {
    squares += (value - result.mean) * (value - result.mean);
  }
  if (n > 1) result.error = std::sqrt(squares / (n - 1) / n);
  return result;
}

namespace {

TarAtFar ReadTar(const RocCurve& curve, double far) {
  TarAtFar entry;
  entry.far = far;
  entry.supported = curve.SupportsFar(far);
  if (!entry.supported) return entry;
  const metric::OperatingPoint point = curve.AtFar(far);
  entry.tar.value = point.tar;
  entry.reached_far = point.far;
  entry.threshold = point.threshold;
  return entry;
}

// The number of nine digits that is next to a threshold, if the same pairs are
// accepted by it: so what is printed, drawn and written is one number. Between
// two distances, which are floats, there always is one.
double NineDigits(const RocCurve& curve, double threshold) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.9g", threshold);
  const double shorter = std::strtod(text, nullptr);
  const metric::OperatingPoint was = curve.AtThreshold(threshold);
  const metric::OperatingPoint is = curve.AtThreshold(shorter);
  return was.tar == is.tar && was.far == is.far ? shorter : threshold;
}

}  // namespace

void ReadCurve(const std::vector<double>& fars, double calibrated_far,
               VerificationReport* report) {
  const RocCurve& curve = report->curve;
  curve.CheckBothKinds();
  report->genuine = std::llround(curve.genuine());
  report->impostor = std::llround(curve.impostor());
  report->auc.value = curve.Auc();
  const metric::EqualError equal = curve.EqualErrorRate();
  report->eer.value = equal.rate;
  report->eer_threshold = equal.threshold;
  for (const double far : fars) report->tar.push_back(ReadTar(curve, far));
  report->calibrated = ReadTar(curve, calibrated_far);
  if (!report->calibrated.supported) return;
  report->calibrated.threshold =
      NineDigits(curve, report->calibrated.threshold);
}

ValAtFar ValOverFolds(double far, const std::vector<RocCurve>& own,
                      const std::vector<RocCurve>& others) {
  ValAtFar entry;
  entry.far = far;
  std::vector<double> val, reached, thresholds;
  for (size_t fold = 0; fold < own.size(); ++fold) {
    if (!own[fold].HasBothKinds() || !others[fold].HasBothKinds()) continue;
    entry.supported = entry.supported && others[fold].SupportsFar(far);
    if (!entry.supported) return entry;
    const double threshold = others[fold].AtFar(far).threshold;
    const metric::OperatingPoint point = own[fold].AtThreshold(threshold);
    val.push_back(point.tar);
    reached.push_back(point.far);
    thresholds.push_back(threshold);
  }
  const MeanAndError mean = OverFolds(val);
  entry.val = mean.mean;
  entry.val_error = mean.error;
  entry.reached_far = OverFolds(reached).mean;
  entry.threshold = OverFolds(thresholds).mean;
  return entry;
}

void PairsHash::Add(const std::string& image, int64_t about) {
  // The folder and the name, so that the same set elsewhere is the same.
  const std::filesystem::path path(image);
  const std::string name = path.parent_path().filename().string() + "/" +
                           path.stem().string();
  hasher_.Add(name.data(), name.size());
  hasher_.Add(&about, sizeof(about));
}

void AddIntervals(metric::BootstrapOptions options,
                  const metric::VerificationScores& scores,
                  const std::vector<int>& person, const std::vector<int>& group,
                  int people, VerificationReport* report) {
  options.fars.clear();
  for (const TarAtFar& entry : report->tar) {
    if (entry.supported) options.fars.push_back(entry.far);
  }
  const metric::VerificationIntervals intervals = metric::BootstrapVerification(
      options, scores, person.data(), group.data(), people);
  report->replicates = intervals.replicates;
  report->auc_draws = intervals.auc_draws;
  report->eer_draws = intervals.eer_draws;
  report->seed = options.seed;
  report->auc.interval = intervals.auc;
  report->eer.interval = intervals.eer;
  report->accuracy.interval = intervals.accuracy;
  auto next = intervals.tar.begin();
  for (TarAtFar& entry : report->tar) {
    if (entry.supported) entry.tar.interval = *next++;
  }
}

}  // namespace caffe
