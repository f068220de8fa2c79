// The JSON of report_text.hpp.
#include <cmath>
#include <cstdio>

#include <utility>

#include "tools/common/tool_main.hpp"
#include "tools/evaluate/plots.hpp"
#include "tools/evaluate/report_text.hpp"

namespace caffe {

namespace {

std::string Number(double value, const char* format = "%.9g") {
  if (!std::isfinite(value)) return "null";
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

class Object {
 public:
  void Raw(const std::string& key, const std::string& json) {
    text_ += (text_.empty() ? "" : ", ") + JsonString(key) + ": " + json;
  }
  void Count(const std::string& key, int64_t value) {
    Raw(key, std::to_string(value));
  }
  void Value(const std::string& key, double value) {
    Raw(key, Number(value));
  }
  void Words(const std::string& key, const std::string& text) {
    Raw(key, JsonString(text));
  }
  void WithInterval(const std::string& key, const Figure& figure) {
    Raw(key, Number(figure.value, "%.6f"));
    Interval(key + "_interval", figure);
  }
  void Interval(const std::string& key, const Figure& figure) {
    if (std::isnan(figure.interval.low)) {
      Raw(key, "null");
    } else {
      Raw(key, "[" + Number(figure.interval.low, "%.6f") + ", " +
                   Number(figure.interval.high, "%.6f") + "]");
    }
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string ListOf(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : ", ") + item;
  }
  return "[" + text + "]";
}

std::string TarOf(const TarAtFar& entry) {
  Object object;
  object.Value("far", entry.far);
  object.WithInterval("tar", entry.tar);
  object.Value("reached_far", entry.reached_far);
  object.Value("threshold", entry.threshold);
  return object.text();
}

std::string ValOf(const ValAtFar& entry) {
  Object object;
  object.Value("far", entry.far);
  object.Value("val", entry.val);
  object.Value("val_error", entry.val_error);
  object.Value("reached_far", entry.reached_far);
  object.Value("threshold", entry.threshold);
  return object.text();
}

// The keys that have always been there come first.
void AddVerification(const VerificationReport& report,
                     const RetrievalReport* retrieval, Object* object) {
  if (report.people > 0) {
    object->Count("people", report.people);
  } else {
    object->Raw("people", "null");
  }
  object->Count("images", report.images);
  object->Count("genuine_pairs", report.genuine);
  object->Count("impostor_pairs", report.impostor);
  object->Raw("auc", Number(report.auc.value, "%.6f"));
  object->Raw("eer", Number(report.eer.value, "%.6f"));
  object->Raw("accuracy", Number(report.accuracy.value, "%.6f"));
  object->Value("threshold", report.calibrated.threshold);
  object->Value("threshold_far", report.calibrated.far);
  if (retrieval != nullptr) {
    object->Raw("recall_at_1",
                Number(retrieval->precision_at_1.value, "%.6f"));
  }
  object->Interval("auc_interval", report.auc);
  object->Interval("eer_interval", report.eer);
  object->Value("eer_threshold", report.eer_threshold);
  object->Interval("accuracy_interval", report.accuracy);
  object->Value("accuracy_error", report.accuracy_error);
  object->Value("accuracy_threshold", report.accuracy_threshold);
  object->Count("folds", report.folds);
  if (report.accuracy_threshold_source.empty()) {
    object->Raw("accuracy_threshold_source", "null");
  } else {
    object->Words("accuracy_threshold_source",
                  report.accuracy_threshold_source);
  }
  std::vector<std::string> tar, val;
  for (const TarAtFar& entry : report.tar) tar.push_back(TarOf(entry));
  for (const ValAtFar& entry : report.val) val.push_back(ValOf(entry));
  object->Raw("tar_at_far", ListOf(tar));
  object->Raw("val_at_far", ListOf(val));
  object->Raw("calibrated", TarOf(report.calibrated));
  object->Count("replicates", report.replicates);
  object->Count("skipped_pairs", report.skipped_pairs);
  if (report.mean_source.empty()) {
    object->Raw("mean_source", "null");
  } else {
    object->Words("mean_source", report.mean_source);
  }
}

// What a comparison with other reports wants (compare.hpp).
void AddForComparison(const VerificationReport& report, Object* object) {
  if (!report.curve.HasBothKinds()) return;
  char hash[24];
  std::snprintf(hash, sizeof(hash), "%016llx",
                static_cast<unsigned long long>(report.pairs_hash));  // NOLINT
  object->Words("pairs_hash", hash);
  object->Count("seed", static_cast<int64_t>(report.seed));
  for (const auto& draws : {std::make_pair("auc_draws", &report.auc_draws),
                            std::make_pair("eer_draws", &report.eer_draws)}) {
    std::vector<std::string> numbers;
    for (const double draw : *draws.second) {
      numbers.push_back(Number(draw, "%.6f"));
    }
    object->Raw(draws.first, ListOf(numbers));
  }
  std::vector<std::string> points;
  for (const PlotPoint& point : ThinCurve(report.curve)) {
    points.push_back("[" + Number(point.x, "%.7g") + ", " +
                     Number(point.y, "%.6f") + "]");
  }
  object->Raw("roc", ListOf(points));
}

std::string RetrievalOf(const RetrievalReport& report) {
  Object object;
  object.Count("queries", report.queries);
  object.Count("skipped", report.skipped);
  for (size_t k = 0; k < report.recall.size(); ++k) {
    object.WithInterval("recall_at_" + std::to_string(report.ranks[k]),
                        report.recall[k]);
  }
  object.WithInterval("precision_at_1", report.precision_at_1);
  object.WithInterval("r_precision", report.r_precision);
  object.WithInterval("map_at_r", report.map_at_r);
  return object.text();
}

std::string IdentificationOf(const IdentificationReport& report) {
  Object object;
  object.Count("people", report.people);
  object.Count("gallery", report.gallery);
  object.Count("probes", report.probes);
  object.Count("junk", report.junk);
  object.Count("without_mate", report.without_mate);
  object.Raw("cameras", report.cameras ? "true" : "false");
  std::vector<std::string> cmc;
  for (const Figure& figure : report.cmc) {
    cmc.push_back(Number(figure.value, "%.6f"));
  }
  object.Raw("cmc", ListOf(cmc));
  if (!report.cmc.empty()) {
    object.WithInterval("rank_1", report.cmc.front());
  }
  object.WithInterval("map", report.map);
  object.WithInterval("map_interpolated", report.map_interpolated);
  object.Count("replicates", report.replicates);
  return object.text();
}

}  // namespace

std::string JsonOf(const EvaluationReport& report) {
  Object object;
  if (report.verification) {
    AddVerification(*report.verification,
                    report.retrieval ? &*report.retrieval : nullptr, &object);
  }
  object.Words("distance", report.distance);
  if (report.retrieval) {
    object.Raw("retrieval", RetrievalOf(*report.retrieval));
  }
  if (report.identification) {
    object.Raw("identification", IdentificationOf(*report.identification));
  }
  if (report.overlap) {
    Object overlap;
    overlap.Count("people", report.overlap->people);
    overlap.Count("images", report.overlap->images);
    object.Raw("train_overlap", overlap.text());
  }
  if (report.verification) AddForComparison(*report.verification, &object);
  return object.text() + "\n";
}

}  // namespace caffe
