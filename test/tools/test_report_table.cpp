// How evaluate's table and JSON tell a rate that cannot be measured, beside one
// that can.
#include <string>

#include "gtest/gtest.h"

#include "caffe/util/io.hpp"
#include "evaluation/figures.hpp"
#include "test/data/image_files.hpp"
#include "tools/evaluate/gnuplot.hpp"
#include "tools/evaluate/plots.hpp"
#include "tools/evaluate/report_text.hpp"

namespace caffe {
namespace {

// 150 impostor pairs, of which 90 give a threshold to the others' 60.
EvaluationReport ReportOfTwoRates() {
  EvaluationReport report;
  report.verification.emplace();
  VerificationReport& verification = *report.verification;
  verification.impostor = 150;
  verification.accuracy_threshold_source = "other people";
  for (const double far : {0.1, 0.01}) {
    TarAtFar tar;
    tar.far = far;
    tar.tar.value = 0.75;
    tar.tar.interval = {0.5, 0.875};
    tar.reached_far = far;
    tar.threshold = 2;
    verification.tar.push_back(tar);
    ValAtFar val;
    val.far = far;
    val.supported = far == 0.1;
    if (val.supported) val.val = val.val_error = val.reached_far = 0.25;
    verification.val.push_back(val);
  }
  verification.tar.push_back(TarAtFar());
  verification.tar.back().far = 1e-6;
  verification.tar.back().supported = false;
  return report;
}

// Once the line was left out, and who read the table looked for it in vain.
TEST(ReportTableTest, AValThatCannotBeMeasuredIsNamed) {
  const std::string table = TableOf(ReportOfTwoRates());
  for (const char* line :
       {"TAR@FAR=0.01        0.7500  [0.5000, 0.8750]  (threshold 2.0000)\n",
        "TAR@FAR=1e-06       not measurable: wants 1000000 impostor pairs, and "
        "there are 150\n",
        "VAL@FAR=0.1         0.2500 +- 0.2500  (FAR reached 0.25, ",
        "VAL@FAR=0.01        not measurable: other people have too few "
        "impostor pairs\n"}) {
    EXPECT_NE(std::string::npos, table.find(line)) << line << table;
  }
}

TEST(ReportTableTest, WhatCannotBeMeasuredIsNull) {
  const std::string json = JsonOf(ReportOfTwoRates());
  for (const char* part :
       {"{\"far\": 0.01, \"tar\": 0.750000, \"tar_interval\": "
        "[0.500000, 0.875000], \"reached_far\": 0.01, \"threshold\": 2}",
        "{\"far\": 1e-06, \"tar\": null, \"tar_interval\": null, "
        "\"reached_far\": null, \"threshold\": null}",
        "{\"far\": 0.1, \"val\": 0.25, \"val_error\": 0.25, "
        "\"reached_far\": 0.25, \"threshold\": null}",
        "{\"far\": 0.01, \"val\": null, \"val_error\": null, "
        "\"reached_far\": null, \"threshold\": null}"}) {
    EXPECT_NE(std::string::npos, json.find(part)) << part << json;
  }
}

// The word was the accuracy's threshold in the JSON and in the picture, and the
// one for a FAR in the table and in the file.
TEST(ReportTableTest, TheThresholdIsOneNumberEverywhere) {
  EvaluationReport report;
  report.verification.emplace();
  VerificationReport& verification = *report.verification;
  verification.accuracy_threshold = 0.5;
  verification.curve = metric::RocCurve::FromDistances(
      {0.1f, 0.2f, 0.30000001f}, {0.7f, 0.8f, 0.9f, 1, 1.1f});
  ReadCurve({}, 0.2, &verification);
  const double threshold = verification.calibrated.threshold;
  EXPECT_NEAR(0.75, threshold, 1e-6);
  const std::string text = ThresholdText(threshold);
  EXPECT_EQ(threshold, std::stod(text));
  ExpectHas(TableOf(report),
            "threshold           " + text + "  (for FAR 0.2 on these pairs)\n");
  ExpectHas(JsonOf(report),
            "\"threshold\": " + text + ", \"threshold_far\": 0.2,");
  ExpectHas(JsonOf(report), "\"accuracy_threshold\": 0.5,");
  ImageFolder folder;
  try {
    CheckGnuplot();
  } catch (const Error&) {
    GTEST_SKIP() << "no gnuplot on PATH";
  }
  WritePlots(folder.path(), "", verification);
  ExpectHas(ReadFile(folder.File("distances.gp"), 1 << 20),
            "'threshold for FAR 0.2: " + text + "'");
}

TEST(ReportTableTest, AThresholdThatTheImpostorsDoNotSupportIsNamed) {
  EvaluationReport report;
  report.verification.emplace();
  report.verification->curve = metric::RocCurve::FromDistances({0}, {1, 2});
  ReadCurve({}, 0.001, &*report.verification);
  ExpectHas(TableOf(report),
            "threshold           for FAR 0.001 not measurable: "
            "wants 1000 impostor pairs, and there are 2\n");
  ExpectHas(JsonOf(report), "\"threshold\": null, \"threshold_far\": 0.001");
}

}  // namespace
}  // namespace caffe
