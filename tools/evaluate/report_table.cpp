// The table of report_text.hpp.
#include <cmath>
#include <cstdio>

#include "tools/evaluate/report_text.hpp"

namespace caffe {

namespace {

std::string Fixed(double value, int digits = 4) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

std::string Short(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

class Table {
 public:
  void Line(const std::string& name, const std::string& value) {
    constexpr size_t kColumn = 20;
    text_ += name;
    text_.append(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
    text_ += value + "\n";
  }
  void Count(const std::string& name, int64_t value) {
    Line(name, std::to_string(value));
  }
  void Value(const std::string& name, const Figure& figure,
             const std::string& more = "") {
    Line(name, Fixed(figure.value) + IntervalOf(figure) +
                   (more.empty() ? "" : "  (" + more + ")"));
  }
  static std::string IntervalOf(const Figure& figure) {
    if (std::isnan(figure.interval.low)) return "";
    return "  [" + Fixed(figure.interval.low) + ", " +
           Fixed(figure.interval.high) + "]";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string NotMeasurable(double far, int64_t impostors) {
  return "not measurable: wants " + Fixed(std::ceil(1 / far - 1e-6), 0) +
         " impostor pairs, and there are " + std::to_string(impostors);
}

void AddAccuracy(const VerificationReport& report, Table* table) {
  if (std::isnan(report.accuracy.value)) {
    table->Line("accuracy",
                "none: there are no other people to take a threshold from");
    return;
  }
  std::string more = "at the threshold " + Fixed(report.accuracy_threshold) +
                     " of " + report.accuracy_threshold_source;
  if (!std::isnan(report.accuracy_error)) {
    more = "+- " + Fixed(report.accuracy_error) + " over " +
           std::to_string(report.folds) + " folds, " + more;
  }
  table->Value("accuracy", report.accuracy, more);
}

void AddRates(const VerificationReport& report, Table* table) {
  for (const TarAtFar& entry : report.tar) {
    const std::string name = "TAR@FAR=" + Short(entry.far);
    if (entry.supported) {
      table->Value(name, entry.tar, "threshold " + Fixed(entry.threshold));
    } else {
      table->Line(name, NotMeasurable(entry.far, report.impostor));
    }
  }
  for (const ValAtFar& entry : report.val) {
    const std::string name = "VAL@FAR=" + Short(entry.far);
    if (!entry.supported) {
      table->Line(name, "not measurable: " + report.accuracy_threshold_source +
                            " have too few impostor pairs");
      continue;
    }
    std::string value = Fixed(entry.val);
    if (!std::isnan(entry.val_error)) value += " +- " + Fixed(entry.val_error);
    table->Line(name,
                value + "  (FAR reached " + Short(entry.reached_far) +
                    ", at the threshold of " +
                    report.accuracy_threshold_source + ")");
  }
  const TarAtFar& calibrated = report.calibrated;
  if (calibrated.far == 0) return;
  table->Line("threshold",
              calibrated.supported
                  ? ThresholdText(calibrated.threshold) + "  (for FAR " +
                        Short(calibrated.far) + " on these pairs)"
                  : "for FAR " + Short(calibrated.far) + " " +
                        NotMeasurable(calibrated.far, report.impostor));
}

void AddVerification(const VerificationReport& report, Table* table) {
  table->Line("people", report.people > 0 ? std::to_string(report.people)
                                          : "not known");
  table->Count("images", report.images);
  table->Count("genuine pairs", report.genuine);
  table->Count("impostor pairs", report.impostor);
  if (report.skipped_pairs > 0) {
    table->Line("passed over", std::to_string(report.skipped_pairs) +
                                   " pairs whose images are missing");
  }
  if (!report.mean_source.empty()) {
    table->Line("mean", "subtracted, of " + report.mean_source);
  }
  table->Value("ROC AUC", report.auc);
  table->Value("EER", report.eer, "threshold " + Fixed(report.eer_threshold));
  AddAccuracy(report, table);
  AddRates(report, table);
}

void AddRetrieval(const RetrievalReport& report, Table* table) {
  for (size_t k = 0; k < report.recall.size(); ++k) {
    table->Value("Recall@" + std::to_string(report.ranks[k]),
                 report.recall[k]);
  }
  table->Value("precision@1", report.precision_at_1);
  table->Value("R-precision", report.r_precision);
  table->Value("MAP@R", report.map_at_r);
  if (report.skipped > 0) {
    table->Line("not asked", std::to_string(report.skipped) +
                                 " images without another of their person");
  }
}

void AddIdentification(const IdentificationReport& report, Table* table) {
  table->Count("people", report.people);
  table->Line("gallery",
              std::to_string(report.gallery) +
                  (report.junk > 0 ? " (passed over: " +
                                         std::to_string(report.junk) +
                                         " images of label -1)"
                                   : ""));
  table->Line("probes", std::to_string(report.probes) +
                            (report.without_mate > 0
                                 ? ", of these without a mate " +
                                       std::to_string(report.without_mate)
                                 : ""));
  for (size_t r = 0; r < report.cmc.size(); ++r) {
    table->Value("CMC rank " + std::to_string(r + 1), report.cmc[r]);
  }
  table->Value("mAP", report.map);
  table->Value("mAP interpolated", report.map_interpolated);
}

}  // namespace

std::string ThresholdText(double threshold) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.9g", threshold);
  return text;
}

std::string TableOf(const EvaluationReport& report) {
  Table table;
  int replicates = 0;
  if (report.verification) {
    AddVerification(*report.verification, &table);
    replicates = report.verification->replicates;
  }
  if (report.retrieval) AddRetrieval(*report.retrieval, &table);
  if (report.identification) {
    AddIdentification(*report.identification, &table);
    replicates = report.identification->replicates;
  }
  std::string text = table.text();
  if (replicates > 0) {
    text += "[ ]: 95 % of " + std::to_string(replicates) +
            " draws of people\n";
  }
  return text;
}

}  // namespace caffe
