// Asking once more for what a report could not tell; see the header.
#include "tools/evaluate/wanted_fars.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "caffe/check.hpp"
#include "embed/threshold_file.hpp"
#include "tools/common/threshold_flags.hpp"
#include "tools/evaluate/report_text.hpp"

namespace caffe {
namespace {

// The least number of three digits that is a FAR of `accepted` impostor pairs
// or above; "" where that is no FAR any more, or there are no impostors.
std::string LeastFar(const metric::RocCurve& curve, double accepted) {
  const double least = accepted / curve.impostor();
  if (!(least > 0 && least < 1)) return "";
  const double unit = std::pow(10.0, std::floor(std::log10(least)) - 2);
  for (double steps = std::floor(least / unit);; ++steps) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3g", steps * unit);
    const double far = std::atof(text);
    if (far >= 1) return "";
    if (far >= least) return text;
  }
}

// The impostor pairs that are accepted with the nearest genuine pair.
double ImpostorsBeforeGenuine(const metric::RocCurve& curve) {
  for (const metric::RocPoint& point : curve.points()) {
    if (point.genuine > 0) return std::max(1.0, point.impostor);
  }
  return curve.impostor();
}

// What a threshold's file says, in some words; "" where there is none.
std::string ThresholdInFile(const std::string& path) {
  if (!std::filesystem::exists(path)) return "";
  try {
    const VerificationThreshold file = ReadThreshold(path);
    std::ostringstream text;
    text << "threshold " << ThresholdText(file.threshold()) << " ("
         << file.distance();
    if (file.has_far()) text << ", for FAR " << file.far();
    if (file.has_blob()) text << ", blob " << file.blob();
    text << (file.flip() ? ", flip)" : ")");
    return text.str();
  } catch (const Error&) {
    return "a file that holds no threshold";
  }
}

}  // namespace

void CheckFars(const std::string& flag, const std::vector<double>& fars,
               const metric::RocCurve& curve) {
  for (const double far : fars) {
    if (curve.SupportsFar(far)) continue;
    const std::string least = LeastFar(curve, 1);
    INPUT_FAIL() << "FAR " << far << " wants "
                 << static_cast<int64_t>(std::ceil(1 / far))
                 << " impostor pairs or more, and there are "
                 << static_cast<int64_t>(curve.impostor())
                 << (least.empty() ? "; give more people or images"
                                   : "; the least that they allow is --" +
                                         flag + "=" + least);
  }
}

void WriteCalibrated(const VerificationReport& report,
                     const std::string& weights, uint64_t weights_hash) {
  const TarAtFar& calibrated = report.calibrated;
  CheckFars("threshold_far", {calibrated.far}, report.curve);
  if (!(calibrated.tar.value > 0)) {
    const std::string least =
        LeastFar(report.curve, ImpostorsBeforeGenuine(report.curve));
    INPUT_FAIL() << "no genuine pair is nearer than the impostors that a FAR "
                 << "of " << calibrated.far << " leaves; no threshold is "
                 << "written"
                 << (least.empty() ? ""
                                   : "; the least that accepts a genuine pair "
                                     "is --threshold_far=" + least);
  }
  VerificationThreshold threshold;
  threshold.set_threshold(calibrated.threshold);
  threshold.set_far(calibrated.far);
  threshold.set_tar(calibrated.tar.value);
  threshold.set_impostor_pairs(report.impostor);
  StoreSettings(&threshold);
  threshold.set_weights_hash(weights_hash);
  const std::string path = ThresholdPath(weights);
  const std::string before = ThresholdInFile(path);
  WriteThreshold(path, threshold);
  const std::string now = ThresholdInFile(path);
  if (before.empty()) {
    LOG(INFO) << path << ": holds " << now;
  } else if (before == now) {
    LOG(INFO) << path << ": holds " << now << ", as before";
  } else {
    LOG(WARNING) << path << ": " << now << " replaces " << before;
  }
}

}  // namespace caffe
