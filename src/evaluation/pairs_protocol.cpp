// The protocol of the header. An image that is in pairs of several folds has a
// row for each, so that a row has one fold, as the bootstrap wants it.
#include "evaluation/pairs_protocol.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/evaluation/bootstrap.hpp"
#include "evaluation/figures.hpp"
#include "evaluation/row_lengths.hpp"

namespace caffe {

namespace {

using metric::ListedPair;
using metric::RocCurve;
using metric::ScoredPair;

// Rows of their own for each fold of an image.
struct FoldRows {
  std::vector<float> x;
  std::vector<ListedPair> pairs;
  std::vector<int> image, person, fold;  // of each row
  int64_t size() const { return static_cast<int64_t>(image.size()); }

  FoldRows(const PairsFile& file, const std::vector<float>& rows, int width) {
    std::map<std::pair<int, int>, int32_t> row_of;
    const auto row = [&](int place, int group) {
      const auto added = row_of.emplace(std::make_pair(place, group),
                                        static_cast<int32_t>(image.size()));
      if (added.second) {
        image.push_back(place);
        fold.push_back(group);
        if (!file.person.empty()) person.push_back(file.person[place]);
        const float* const from = rows.data() + int64_t{place} * width;
        INPUT_CHECK(std::all_of(from, from + width,
                                [](float v) { return std::isfinite(v); }))
            << file.images[place] << ": its embedding is not finite";
        x.insert(x.end(), from, from + width);
      }
      return added.first->second;
    };
    for (const ListedPair& pair : file.pairs) {
      const int32_t i = row(pair.i, pair.group), j = row(pair.j, pair.group);
      pairs.push_back({i, j, pair.genuine, pair.group});
    }
  }
};

// The sum of the rows of the pairs of each fold, and of how many rows it is.
struct FoldSum {
  std::vector<double> sum;
  double count = 0;
  explicit FoldSum(int width) : sum(width, 0) {}
  void Add(const float* row) {
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += row[k];
    ++count;
  }
};

// For each fold the mean of the other folds' rows; of one set, `given`.
std::vector<std::vector<float>> MeansOf(const PairsProtocol& protocol,
                                        const PairsFile& file,
                                        const std::vector<float>& rows,
                                        int width) {
  if (!protocol.subtract_mean) return {};
  if (file.folds == 1) {
    CHECK_EQ(static_cast<int>(protocol.mean.size()), width);
    return {protocol.mean};
  }
  std::vector<FoldSum> sums(file.folds, FoldSum(width));
  for (const ListedPair& pair : file.pairs) {
    for (const int i : {pair.i, pair.j}) {
      sums[pair.group].Add(rows.data() + int64_t{i} * width);
    }
  }
  std::vector<std::vector<float>> means(file.folds,
                                        std::vector<float>(width));
  for (int fold = 0; fold < file.folds; ++fold) {
    for (int k = 0; k < width; ++k) {
      double sum = 0, count = 0;
      for (int other = 0; other < file.folds; ++other) {
        if (other == fold) continue;
        sum += sums[other].sum[k];
        count += sums[other].count;
      }
      means[fold][k] = static_cast<float>(sum / count);
    }
  }
  return means;
}

metric::VerificationScores ScoresOf(metric::Distance distance, int folds,
                                    int64_t worst, const FoldRows& rows,
                                    int width) {
  metric::VerificationOptions options;
  options.distance = distance;
  options.groups = folds;
  options.worst = worst;
  return metric::ScoreListedPairs(options, rows.x.data(), rows.pairs,
                                  rows.size(), width);
}

class PairsJudge {
 public:
  PairsJudge(const PairsProtocol& protocol, const PairsFile& file,
             const std::vector<float>& rows, int width)
      : protocol_(protocol),
        file_(file),
        width_(width),
        rows_(file, rows, width),
        means_(MeansOf(protocol, file, rows, width)),
        scores_(ScoresOf(protocol.distance, file.folds, protocol.worst,
                         Shifted(-1), width)) {}

  VerificationReport Judge() {
    report_.curve = scores_.Curve();
    Describe();
    if (file_.folds > 1) {
      JudgeFolds();
    } else if (protocol_.threshold) {
      report_.accuracy_threshold = *protocol_.threshold;
      report_.accuracy_threshold_source = protocol_.threshold_source;
      report_.accuracy.value =
          report_.curve.AccuracyAt(report_.accuracy_threshold);
      thresholds_ = {report_.accuracy_threshold};
    }
    if (file_.people > 0 && protocol_.replicates > 0) FindIntervals();
    report_.worst_genuine = OfImages(scores_.worst_genuine);
    report_.worst_impostor = OfImages(scores_.worst_impostor);
    return std::move(report_);
  }

 private:
  // The rows less the mean of `fold`; -1: of their own folds.
  FoldRows Shifted(int fold) const {
    FoldRows rows = rows_;
    if (means_.empty()) return rows;
    for (int64_t i = 0; i < rows.size(); ++i) {
      const std::vector<float>& mean =
          means_[fold >= 0 ? fold : rows.fold[i]];
      for (int k = 0; k < width_; ++k) rows.x[i * width_ + k] -= mean[k];
    }
    return rows;
  }

  // What gives a fold its threshold: the others, seen as the fold is.
  RocCurve OthersThan(int fold) const {
    const auto others = [=](int a, int) { return a != fold; };
    if (means_.empty()) return scores_.Curve(others);
    return ScoresOf(protocol_.distance, file_.folds, 0, Shifted(fold), width_)
        .Curve(others);
  }

  // What needs no threshold from elsewhere.
  void Describe() {
    const RocCurve& curve = report_.curve;
    report_.people = file_.people;
    report_.images = static_cast<int64_t>(
        std::set<int>(rows_.image.begin(), rows_.image.end()).size());
    report_.genuine = std::llround(curve.genuine());
    report_.impostor = std::llround(curve.impostor());
    report_.folds = file_.folds;
    PairsHash hash;
    for (const ListedPair& pair : file_.pairs) {
      hash.Add(file_.images[pair.i], 2 * pair.group + pair.genuine);
      hash.Add(file_.images[pair.j], 0);
      // Who is drawn together must be the same, too.
      if (file_.person.empty()) continue;
      hash.Add("", file_.person[pair.i]);
      hash.Add("", file_.person[pair.j]);
    }
    report_.pairs_hash = hash.value();
    report_.skipped_pairs = file_.skipped;
    if (!means_.empty()) {
      report_.mean_source =
          file_.folds > 1 ? "the other folds" : protocol_.threshold_source;
    }
    ReadCurve(protocol_.fars, protocol_.calibrated_far, &report_);
  }

  void JudgeFolds() {
    report_.accuracy_threshold_source = "the other folds";
    std::vector<RocCurve> own, others;
    for (int fold = 0; fold < file_.folds; ++fold) {
      own.push_back(scores_.Curve([=](int a, int) { return a == fold; }));
      others.push_back(OthersThan(fold));
    }
    std::vector<double> accuracy;
    for (int fold = 0; fold < file_.folds; ++fold) {
      thresholds_.push_back(others[fold].BestThreshold(false));
      accuracy.push_back(own[fold].AccuracyAt(thresholds_[fold]));
    }
    const MeanAndError mean = OverFolds(accuracy);
    report_.accuracy.value = mean.mean;
    report_.accuracy_error = mean.error;
    report_.accuracy_threshold = OverFolds(thresholds_).mean;
    for (const double far : protocol_.fars) {
      report_.val.push_back(ValOverFolds(far, own, others));
    }
  }

  void FindIntervals() {
    metric::BootstrapOptions options;
    options.replicates = protocol_.replicates;
    options.seed = protocol_.seed;
    options.thresholds = thresholds_;
    options.balanced = false;
    AddIntervals(options, scores_, rows_.person, rows_.fold, file_.people,
                 &report_);
  }

  std::vector<ScoredPair> OfImages(std::vector<ScoredPair> pairs) const {
    for (ScoredPair& pair : pairs) {
      pair.i = rows_.image[pair.i];
      pair.j = rows_.image[pair.j];
    }
    return pairs;
  }

  const PairsProtocol& protocol_;
  const PairsFile& file_;
  const int width_;
  const FoldRows rows_;
  const std::vector<std::vector<float>> means_;  // one a fold, or none
  const metric::VerificationScores scores_;
  std::vector<double> thresholds_;  // of the accuracy, one a fold
  VerificationReport report_;
};

}  // namespace

VerificationReport JudgePairs(const PairsProtocol& protocol,
                              const PairsFile& pairs,
                              const std::vector<float>& rows, int width) {
  CHECK_EQ(rows.size(), pairs.images.size() * width);
  // With a mean that is subtracted, other rows are compared.
  if (!protocol.subtract_mean) {
    WarnOfLengths(protocol.distance, {&rows}, width);
  }
  return PairsJudge(protocol, pairs, rows, width).Judge();
}

std::vector<float> MeanOfPairs(const PairsFile& pairs,
                               const std::vector<float>& rows, int width) {
  FoldSum all(width);
  for (const ListedPair& pair : pairs.pairs) {
    for (const int i : {pair.i, pair.j}) {
      all.Add(rows.data() + int64_t{i} * width);
    }
  }
  std::vector<float> mean;
  for (const double sum : all.sum) {
    mean.push_back(static_cast<float>(sum / all.count));
  }
  return mean;
}

double BestThresholdOfPairs(metric::Distance distance, const PairsFile& pairs,
                            const std::vector<float>& rows, int width) {
  CHECK_EQ(rows.size(), pairs.images.size() * width);
  return ScoresOf(distance, pairs.folds, 0, FoldRows(pairs, rows, width), width)
      .Curve()
      .BestThreshold(false);
}

}  // namespace caffe
