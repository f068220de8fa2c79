// The protocol of all pairs of people, and what evaluate reads, against plain
// loops over the pairs.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "caffe/test/fixture.hpp"
#include "data/npy.hpp"
#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"
#include "evaluation/embedding_input.hpp"
#include "evaluation/people_protocol.hpp"
#include "tools/evaluate/report_text.hpp"

namespace caffe {
namespace {

// People with one to five images, labels with gaps, coordinates that tie.
EmbeddingSet SomePeople(int seed, int people) {
  Rng rng(seed);
  EmbeddingSet set;
  set.width = 3;
  for (int p = 0; p < people; ++p) {
    const int images = 1 + static_cast<int>(rng.Below(5));
    for (int k = 0; k < images; ++k) {
      set.names.push_back("p" + std::to_string(p) + "/" + std::to_string(k));
      set.labels.push_back(3 * p + 1);
      for (int c = 0; c < set.width; ++c) {
        set.rows.push_back(static_cast<float>((p * (c + 2)) % 5) +
                           static_cast<float>(rng.Below(3)));
      }
    }
  }
  return set;
}

// Distances of the pairs of rows that `wanted` takes, by kind.
struct PairsByLoops {
  std::vector<double> genuine, impostor;

  template <typename Wanted>
  PairsByLoops(const EmbeddingSet& set, const Wanted& wanted) {
    for (int i = 0; i < set.size(); ++i) {
      for (int j = i + 1; j < set.size(); ++j) {
        if (!wanted(i) || !wanted(j)) continue;
        double d = 0;
        for (int c = 0; c < set.width; ++c) {
          const double u = set.rows[i * set.width + c] -
                           set.rows[j * set.width + c];
          d += u * u;
        }
        (set.labels[i] == set.labels[j] ? genuine : impostor).push_back(d);
      }
    }
  }
  bool both() const { return !genuine.empty() && !impostor.empty(); }
  static double Share(const std::vector<double>& d, double t) {
    double count = 0;
    for (const double value : d) count += value <= t;
    return count / static_cast<double>(d.size());
  }
  double Auc() const {
    double sum = 0;
    for (const double g : genuine) {
      for (const double i : impostor) sum += g < i ? 1 : g == i ? 0.5 : 0;
    }
    return sum / static_cast<double>(genuine.size() * impostor.size());
  }
  double Balanced(double t) const {
    return (Share(genuine, t) + 1 - Share(impostor, t)) / 2;
  }
  // The highest balanced accuracy that any threshold has.
  double BestBalanced() const {
    double best = 0.5;
    for (const double t : genuine) best = std::max(best, Balanced(t));
    return best;
  }
  // The highest TAR whose FAR is within `far`.
  double TarAt(double far) const {
    double tar = 0;
    for (const auto* list : {&genuine, &impostor}) {
      for (const double t : *list) {
        if (Share(impostor, t) <= far) tar = std::max(tar, Share(genuine, t));
      }
    }
    return tar;
  }
};

PeopleProtocol ProtocolOf(int fold, int of) {
  PeopleProtocol protocol;
  protocol.fold = fold;
  protocol.of = of;
  protocol.fars = {0.2, 1e-6};
  protocol.calibrated_far = 0.2;
  protocol.ranks = {1, 2};
  protocol.replicates = 20;
  return protocol;
}

TEST(PeopleProtocol, AFoldIsJudgedByTheOtherPeople) {
  for (int seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const EmbeddingSet set = SomePeople(seed, 12);
    const auto inside = [&](int i) { return (set.labels[i] - 1) / 3 % 3 == 1; };
    const PairsByLoops judged(set, inside);
    const PairsByLoops others(set, [&](int i) { return !inside(i); });
    if (!judged.both() || !others.both()) continue;
    const PeopleReport report = JudgePeople(ProtocolOf(1, 3), set);
    const VerificationReport& v = report.verification;
    EXPECT_EQ(v.people, 4);
    EXPECT_EQ(v.genuine, static_cast<int64_t>(judged.genuine.size()));
    EXPECT_EQ(v.impostor, static_cast<int64_t>(judged.impostor.size()));
    EXPECT_NEAR(v.auc.value, judged.Auc(), 1e-12);
    EXPECT_NEAR(others.Balanced(v.accuracy_threshold), others.BestBalanced(),
                1e-12);
    EXPECT_NEAR(v.accuracy.value, judged.Balanced(v.accuracy_threshold), 1e-12);
    EXPECT_TRUE(std::isnan(v.accuracy_error));
    ASSERT_EQ(v.tar.size(), 2u);
    EXPECT_NEAR(v.tar[0].tar.value, judged.TarAt(0.2), 1e-12);
    EXPECT_NEAR(v.calibrated.threshold, v.tar[0].threshold, 1e-12);
    EXPECT_FALSE(v.tar[1].supported);
    ASSERT_EQ(v.val.size(), 2u);
    EXPECT_NEAR(v.val[0].val,
                PairsByLoops::Share(judged.genuine, v.val[0].threshold), 1e-12);
    EXPECT_NEAR(PairsByLoops::Share(others.genuine, v.val[0].threshold),
                others.TarAt(0.2), 1e-12);
    EXPECT_LE(PairsByLoops::Share(others.impostor, v.val[0].threshold), 0.2);
    for (const int i : report.judged) EXPECT_TRUE(inside(i));
    EXPECT_EQ(report.retrieval.queries + report.retrieval.skipped, v.images);
    EXPECT_LE(v.auc.interval.low, v.auc.value + 1e-12);
    EXPECT_GE(v.auc.interval.high, v.auc.value - 0.2);
  }
}

// The rows less the mean of those outside of the fold, by hand; the first
// person has a place among the people and no row.
TEST(PeopleProtocol, TheMeanIsOfThePeopleOutsideOfTheFoldByTheirPlaces) {
  EmbeddingSet set = SomePeople(7, 12);
  for (int p = 0; p < 12; ++p) set.people.push_back(3 * p + 1);
  const auto first = std::count(set.labels.begin(), set.labels.end(), 1);
  set.names.erase(set.names.begin(), set.names.begin() + first);
  set.labels.erase(set.labels.begin(), set.labels.begin() + first);
  set.rows.erase(set.rows.begin(), set.rows.begin() + first * set.width);
  std::vector<double> mean(set.width, 0);
  double count = 0;
  for (int i = 0; i < set.size(); ++i) {
    if ((set.labels[i] - 1) / 3 % 3 == 1) continue;
    ++count;
    for (int c = 0; c < set.width; ++c) mean[c] += set.rows[i * set.width + c];
  }
  EmbeddingSet centred = set;
  for (size_t k = 0; k < centred.rows.size(); ++k) {
    centred.rows[k] -= static_cast<float>(mean[k % set.width] / count);
  }
  PeopleProtocol protocol = ProtocolOf(1, 3);
  protocol.distance = metric::Distance::kCosine;
  const double want = JudgePeople(protocol, centred).verification.auc.value;
  protocol.subtract_mean = true;
  EXPECT_EQ(want, JudgePeople(protocol, set).verification.auc.value);
}

TEST(PeopleProtocol, WithoutAFoldFiveAreJudgedByTheOtherFour) {
  for (int seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const EmbeddingSet set = SomePeople(seed, 15);
    const PeopleReport report = JudgePeople(ProtocolOf(0, 0), set);
    const VerificationReport& v = report.verification;
    const PairsByLoops all(set, [](int) { return true; });
    EXPECT_EQ(v.people, 15);
    EXPECT_NEAR(v.auc.value, all.Auc(), 1e-12);
    // Each fold by itself, as the fold of five that --of=5 judges.
    std::vector<double> accuracy, val;
    for (int fold = 0; fold < 5; ++fold) {
      PairsByLoops own(set, [&](int i) {
        return (set.labels[i] - 1) / 3 % 5 == fold;
      });
      if (!own.both()) continue;
      const VerificationReport one =
          JudgePeople(ProtocolOf(fold, 5), set).verification;
      accuracy.push_back(one.accuracy.value);
      val.push_back(one.val[0].val);
    }
    ASSERT_GE(accuracy.size(), 2u);
    double mean = 0, mean_val = 0, squares = 0;
    const double n = static_cast<double>(accuracy.size());
    for (const double value : accuracy) mean += value / n;
    for (const double value : val) mean_val += value / n;
    for (const double value : accuracy) {
      squares += (value - mean) * (value - mean);
    }
    EXPECT_EQ(v.folds, static_cast<int>(n));
    EXPECT_NEAR(v.accuracy.value, mean, 1e-12);
    EXPECT_NEAR(v.accuracy_error, std::sqrt(squares / (n - 1) / n), 1e-12);
    EXPECT_NEAR(v.val[0].val, mean_val, 1e-12);
  }
}

TEST(PeopleProtocol, AGivenThresholdIsTaken) {
  const EmbeddingSet set = SomePeople(3, 10);
  PeopleProtocol protocol = ProtocolOf(0, 0);
  protocol.threshold = 4;
  const VerificationReport v = JudgePeople(protocol, set).verification;
  const PairsByLoops all(set, [](int) { return true; });
  EXPECT_EQ(v.accuracy_threshold, 4);
  EXPECT_NEAR(v.accuracy.value, all.Balanced(4), 1e-12);
  EXPECT_TRUE(v.val.empty());
}

TEST(EvaluateInput, RowsAndListBelongTogether) {
  ImageFolder folder;
  const std::vector<double> rows = {1, 2, 3, 4, 5, 6};
  WriteNpy<double>(folder / "x.npy", {3, 2}, rows.data());
  std::ofstream(folder / "list") << "a b/1.jpg 4\n\nc.jpg 0\nd.jpg 4\n";
  const EmbeddingSet set =
      ReadEmbeddings(folder / "x.npy", folder / "list", true);
  EXPECT_EQ(set.width, 2);
  EXPECT_EQ(set.rows, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(set.labels, (std::vector<int>{4, 0, 4}));
  EXPECT_EQ(set.names[0], "a b/1.jpg");
}

TEST(EvaluateInput, ImagesBesideThePeopleAreNobodys) {
  ImageFolder folder;
  const std::vector<double> rows = {1, 2, 3};
  WriteNpy<double>(folder / "x.npy", {3, 1}, rows.data());
  for (const char* name : {"faces/stray.pgm", "faces/ann/1.pgm",
                           "faces/bob/1.pgm"}) {
    folder.Write(name, "");
  }
  testing::internal::CaptureStderr();
  const EmbeddingSet set =
      ReadEmbeddings(folder / "x.npy", folder / "faces", true);
  ExpectHas(testing::internal::GetCapturedStderr(),
            "/faces: left out 1 images that lie in no person's folder, the "
            "first: " + (folder / "faces/stray.pgm"));
  EXPECT_EQ(set.rows, (std::vector<float>{2, 3}));
  EXPECT_EQ(set.labels, (std::vector<int>{0, 1}));
  EXPECT_EQ(set.names, (std::vector<std::string>{folder / "faces/ann/1.pgm",
                                                 folder / "faces/bob/1.pgm"}));
}

TEST(EvaluateReport, TableAndJsonNameWhatThereIs) {
  EvaluationReport report;
  report.distance = "l2";
  PeopleReport found = JudgePeople(ProtocolOf(1, 3), SomePeople(2, 12));
  report.verification = found.verification;
  report.retrieval = found.retrieval;
  const std::string table = TableOf(report), json = JsonOf(report);
  for (const char* name : {"ROC AUC ", "EER ", "accuracy ", "TAR@FAR=0.2 ",
                           "TAR@FAR=1e-06 ", "VAL@FAR=0.2 ", "Recall@2 ",
                           "R-precision ", "MAP@R ", "draws of people"}) {
    EXPECT_NE(table.find(name), std::string::npos) << name;
  }
  EXPECT_NE(table.find("not measurable: wants 1000000 impostor pairs"),
            std::string::npos);
  EXPECT_EQ(json.find("{\"people\": 4, \"images\": "), 0u);
  EXPECT_NE(json.find("\"far\": 1e-06, \"tar\": null"), std::string::npos);
  EXPECT_EQ(json.find("nan"), std::string::npos);
  EXPECT_EQ(json.back(), '\n');
}

}  // namespace
}  // namespace caffe
