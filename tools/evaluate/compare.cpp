// Reading reports back, and the table of their differences.
#include "tools/evaluate/compare.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>

#include "caffe/check.hpp"
#include "caffe/evaluation/bootstrap.hpp"
#include "caffe/util/io.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/evaluate/plots.hpp"

namespace caffe {
namespace {

namespace pb = google::protobuf;

constexpr int64_t kMostBytes = int64_t{1} << 26;
constexpr double kLevel = 0.95;

struct Report {
  std::string pairs_hash;
  double auc = NAN, eer = NAN, seed = NAN;
  std::vector<double> auc_draws, eer_draws;
  std::vector<PlotPoint> roc;
};

// The fields of one file's object.
class Fields {
 public:
  explicit Fields(const std::string& file) : file_(file) {
    const auto status =
        pb::util::JsonStringToMessage(ReadFile(file, kMostBytes), &object_);
    INPUT_CHECK(status.ok()) << file << ": is no JSON of evaluate --out=FILE";
  }

  const pb::Value& At(const std::string& key) const {
    const auto found = object_.fields().find(key);
    INPUT_CHECK(found != object_.fields().end())
        << file_ << ": has no '" << key << "'; wanted what evaluate --out=FILE "
        << "writes of a verification";
    return found->second;
  }
  // NaN: null.
  double Number(const std::string& key) const {
    const pb::Value& value = At(key);
    INPUT_CHECK(IsNumber(value)) << file_ << ": '" << key << "' is no number";
    return NumberOf(value);
  }
  std::string Word(const std::string& key) const {
    const pb::Value& value = At(key);
    INPUT_CHECK(value.has_string_value())
        << file_ << ": '" << key << "' is no string";
    return value.string_value();
  }
  std::vector<double> Numbers(const std::string& key) const {
    std::vector<double> numbers;
    for (const pb::Value& value : List(key).values()) {
      INPUT_CHECK(IsNumber(value))
          << file_ << ": '" << key << "' holds what is no number";
      numbers.push_back(NumberOf(value));
    }
    return numbers;
  }
  std::vector<PlotPoint> Points(const std::string& key) const {
    std::vector<PlotPoint> points;
    for (const pb::Value& value : List(key).values()) {
      const auto& pair = value.list_value().values();
      INPUT_CHECK(pair.size() == 2 && NumberOf(pair[0]) > 0 &&
                  NumberOf(pair[0]) <= 1 && NumberOf(pair[1]) >= 0 &&
                  NumberOf(pair[1]) <= 1)
          << file_ << ": '" << key << "' holds what is no point [FAR, TAR]";
      points.push_back({NumberOf(pair[0]), NumberOf(pair[1])});
    }
    INPUT_CHECK(!points.empty()) << file_ << ": '" << key << "' is empty";
    return points;
  }

 private:
  // A number, or the null that stands for none.
  static bool IsNumber(const pb::Value& value) {
    return value.has_number_value() || value.has_null_value();
  }
  static double NumberOf(const pb::Value& value) {
    return value.has_number_value() ? value.number_value() : NAN;
  }
  const pb::ListValue& List(const std::string& key) const {
    const pb::Value& value = At(key);
    INPUT_CHECK(value.has_list_value())
        << file_ << ": '" << key << "' is no list";
    return value.list_value();
  }

  const std::string file_;
  pb::Struct object_;
};

Report ReadReport(const std::string& file) {
  const Fields fields(file);
  Report report;
  report.auc = fields.Number("auc");
  report.eer = fields.Number("eer");
  report.pairs_hash = fields.Word("pairs_hash");
  report.seed = fields.Number("seed");
  report.auc_draws = fields.Numbers("auc_draws");
  report.eer_draws = fields.Numbers("eer_draws");
  INPUT_CHECK(report.auc_draws.size() == report.eer_draws.size())
      << file << ": 'auc_draws' has " << report.auc_draws.size()
      << " numbers, 'eer_draws' " << report.eer_draws.size()
      << "; wanted as many, as evaluate --out=FILE writes them";
  report.roc = fields.Points("roc");
  return report;
}

std::string Fixed(double value, const char* format = "%.4f") {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

// What the files' curves are called: a file's name without its ending, and in
// front of names that repeat the folder.
std::vector<std::string> NamesOf(const std::vector<std::string>& files) {
  std::map<std::string, int> count;
  for (const std::string& file : files) {
    ++count[std::filesystem::path(file).stem().string()];
  }
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const std::filesystem::path path(file);
    const std::string stem = path.stem().string();
    const std::string folder = path.parent_path().filename().string();
    names.push_back(count[stem] > 1 && !folder.empty() ? folder + "/" + stem
                                                       : stem);
  }
  return names;
}

// Why the difference of two reports has no interval; "" where it may have one.
std::string NotPaired(const Report& first, const Report& other) {
  if (first.pairs_hash != other.pairs_hash) return "they judge other pairs";
  if (first.auc_draws.empty() || other.auc_draws.empty()) {
    return "one of them has no draws of people (--bootstrap)";
  }
  if (first.seed != other.seed ||
      first.auc_draws.size() != other.auc_draws.size()) {
    return "they drew other people (--seed, --bootstrap)";
  }
  return "";
}

// One figure of two reports: other - first.
struct Change {
  double value;
  metric::Interval interval;  // NaN: none
  bool HasInterval() const {
    return std::isfinite(interval.low) && std::isfinite(interval.high);
  }
};

Change ChangeOf(double from, double to, const std::vector<double>& a,
                const std::vector<double>& b, bool paired) {
  Change change = {to - from, {NAN, NAN}};
  if (!paired) return change;
  std::vector<double> draws;
  for (size_t k = 0; k < a.size(); ++k) draws.push_back(b[k] - a[k]);
  change.interval = metric::IntervalOf(draws, kLevel);
  return change;
}

struct Difference {
  std::string why_not_paired;
  Change auc, eer;
};

Difference DifferenceOf(const Report& first, const Report& other) {
  Difference difference;
  difference.why_not_paired = NotPaired(first, other);
  const bool paired = difference.why_not_paired.empty();
  difference.auc =
      ChangeOf(first.auc, other.auc, first.auc_draws, other.auc_draws, paired);
  difference.eer =
      ChangeOf(first.eer, other.eer, first.eer_draws, other.eer_draws, paired);
  return difference;
}

// "+0.0120  [+0.0040, +0.0210]". A difference may have no interval though it is
// paired: where no draw has the figure in both.
std::string TextOf(const Change& change, bool paired) {
  const std::string text = Fixed(change.value, "%+.4f");
  if (!paired) return text;
  if (!change.HasInterval()) return text + "  no interval";
  return text + "  [" + Fixed(change.interval.low, "%+.4f") + ", " +
         Fixed(change.interval.high, "%+.4f") + "]";
}

std::string TableOf(const std::vector<std::string>& files,
                    const std::vector<Report>& reports) {
  std::string text;
  for (size_t k = 0; k < files.size(); ++k) {
    text += files[k] + ": ROC AUC " + Fixed(reports[k].auc) + ", EER " +
            Fixed(reports[k].eer) + "\n";
  }
  bool any = false;
  for (size_t k = 1; k < files.size(); ++k) {
    const Difference difference = DifferenceOf(reports[0], reports[k]);
    const std::string& why = difference.why_not_paired;
    any = any || difference.auc.HasInterval() || difference.eer.HasInterval();
    text += files[k] + " - " + files[0] + ": ROC AUC " +
            TextOf(difference.auc, why.empty()) + ", EER " +
            TextOf(difference.eer, why.empty()) +
            (why.empty() ? "" : " (no interval: " + why + ")") + "\n";
  }
  if (any) text += "[ ]: 95 % of the same draws of people, draw by draw\n";
  return text;
}

std::string JsonNumber(double value) {
  return std::isfinite(value) ? Fixed(value, "%.6f") : "null";
}

std::string JsonOf(const std::string& key, const Change& change) {
  return JsonString(key) + ": " + JsonNumber(change.value) + ", " +
         JsonString(key + "_interval") + ": " +
         (change.HasInterval()
              ? "[" + JsonNumber(change.interval.low) + ", " +
                    JsonNumber(change.interval.high) + "]"
              : "null");
}

std::string JsonOf(const std::vector<std::string>& files,
                   const std::vector<Report>& reports) {
  std::string figures, differences;
  for (size_t k = 0; k < files.size(); ++k) {
    figures += std::string(k == 0 ? "" : ", ") +
               "{\"file\": " + JsonString(files[k]) +
               ", \"auc\": " + JsonNumber(reports[k].auc) +
               ", \"eer\": " + JsonNumber(reports[k].eer) + "}";
    if (k == 0) continue;
    const Difference difference = DifferenceOf(reports[0], reports[k]);
    const std::string& why = difference.why_not_paired;
    differences += std::string(k == 1 ? "" : ", ") +
                   "{\"file\": " + JsonString(files[k]) + ", " +
                   JsonOf("auc", difference.auc) + ", " +
                   JsonOf("eer", difference.eer) + ", \"no_interval\": " +
                   (why.empty() ? "null" : JsonString(why)) + "}";
  }
  return "{\"reports\": [" + figures + "], \"differences\": [" + differences +
         "]}\n";
}

}  // namespace

std::string CompareReports(const std::vector<std::string>& files,
                           const std::string& folder, bool json) {
  std::vector<Report> reports;
  std::vector<NamedCurve> curves;
  const std::vector<std::string> names = NamesOf(files);
  for (size_t k = 0; k < files.size(); ++k) {
    reports.push_back(ReadReport(files[k]));
    const Report& report = reports.back();
    curves.push_back({names[k] + ": AUC " + Fixed(report.auc) + ", EER " +
                          Fixed(report.eer),
                      report.roc});
  }
  const std::string text =
      json ? JsonOf(files, reports) : TableOf(files, reports);
  if (!folder.empty()) WriteComparison(folder, curves);
  return text;
}

}  // namespace caffe
