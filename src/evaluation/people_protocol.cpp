// The figures over all pairs of people, from one pass over the pairs.
#include "evaluation/people_protocol.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "caffe/check.hpp"
#include "caffe/evaluation/retrieval.hpp"
#include "evaluation/figures.hpp"
#include "evaluation/identification_protocol.hpp"
#include "evaluation/row_lengths.hpp"

namespace caffe {

namespace {

using metric::RocCurve;

constexpr int kFoldsWithoutFold = 5;

// Each person's place in the order of the labels: person i is in fold i mod of.
// Whoever has no row takes a place too.
std::map<int, int> PlacesOf(const EmbeddingSet& set) {
  std::map<int, int> places;
  for (const int label : set.people) places[label] = 0;
  for (const int label : set.labels) places[label] = 0;
  int next = 0;
  for (auto& entry : places) entry.second = next++;
  return places;
}

class PeopleJudge {
 public:
  PeopleJudge(const PeopleProtocol& protocol, const EmbeddingSet& set)
      : protocol_(protocol), set_(set) {
    CheckFinite();
    SortIntoGroups();
    metric::VerificationOptions options;
    options.distance = protocol.distance;
    options.groups = groups_;
    options.judged = protocol.of > 0 ? 0 : -1;
    options.worst = protocol.worst;
    scores_ = metric::ScoreAllPairs(options, set.rows.data(),
                                    set.labels.data(), group_.data(),
                                    set.size(), set.width);
  }

  PeopleReport Judge() {
    VerificationReport& verification = report_.verification;
    verification.people = people_;
    verification.images = static_cast<int64_t>(report_.judged.size());
    verification.curve =
        protocol_.of > 0
            ? scores_.Curve([](int a, int b) { return a == 0 && b == 0; })
            : scores_.Curve();
    ReadCurve(protocol_.fars, protocol_.calibrated_far, &verification);
    if (protocol_.threshold) {
      JudgeByGivenThreshold();
    } else {
      JudgeByOthers();
    }
    PairsHash hash;
    for (const int i : report_.judged) hash.Add(set_.names[i], set_.labels[i]);
    verification.pairs_hash = hash.value();
    verification.worst_genuine = scores_.worst_genuine;
    verification.worst_impostor = scores_.worst_impostor;
    if (protocol_.replicates > 0) FindIntervals();
    Retrieve();
    return std::move(report_);
  }

 private:
  void CheckFinite() const {
    for (int64_t i = 0; i < set_.size(); ++i) {
      const float* const row = set_.rows.data() + i * set_.width;
      INPUT_CHECK(std::all_of(row, row + set_.width,
                              [](float v) { return std::isfinite(v); }))
          << set_.names[i] << ": its embedding is not finite";
    }
  }

  // Group 0 is the fold that is judged, and 1 the rest; or the groups are the
  // folds, or there is one.
  void SortIntoGroups() {
    const std::map<int, int> place = PlacesOf(set_);
    const bool one = protocol_.of == 0 && protocol_.threshold.has_value();
    groups_ = protocol_.of > 0 ? 2 : one ? 1 : kFoldsWithoutFold;
    std::map<int, int> judged_people;
    for (int64_t i = 0; i < set_.size(); ++i) {
      const int who = place.at(set_.labels[i]);
      int group = who % groups_;
      if (protocol_.of > 0) {
        group = who % protocol_.of == protocol_.fold ? 0 : 1;
      }
      group_.push_back(group);
      const bool judged = protocol_.of == 0 || group == 0;
      if (judged) {
        judged_people.emplace(who, static_cast<int>(judged_people.size()));
        report_.judged.push_back(static_cast<int>(i));
      }
      person_.push_back(judged ? judged_people.at(who) : 0);
    }
    people_ = static_cast<int>(judged_people.size());
  }

  void JudgeByGivenThreshold() {
    VerificationReport& verification = report_.verification;
    verification.accuracy_threshold = *protocol_.threshold;
    verification.accuracy_threshold_source = "--threshold";
    verification.accuracy.value =
        verification.curve.BalancedAccuracyAt(verification.accuracy_threshold);
    thresholds_.assign(groups_, NAN);
    thresholds_[0] = verification.accuracy_threshold;
  }

  void JudgeByOthers() {
    const int folds = protocol_.of > 0 ? 1 : groups_;
    std::vector<RocCurve> own, others;
    for (int fold = 0; fold < folds; ++fold) {
      own.push_back(
          scores_.Curve([=](int a, int b) { return a == fold && b == fold; }));
      others.push_back(
          scores_.Curve([=](int a, int b) { return a != fold && b != fold; }));
    }
    VerificationReport& verification = report_.verification;
    std::vector<double> accuracy, used;
    thresholds_.assign(groups_, NAN);
    for (int fold = 0; fold < folds; ++fold) {
      if (!own[fold].HasBothKinds() || !others[fold].HasBothKinds()) continue;
      thresholds_[fold] = others[fold].BestThreshold(true);
      used.push_back(thresholds_[fold]);
      accuracy.push_back(own[fold].BalancedAccuracyAt(thresholds_[fold]));
    }
    verification.folds = static_cast<int>(accuracy.size());
    const MeanAndError mean = OverFolds(accuracy);
    verification.accuracy.value = mean.mean;
    verification.accuracy_error = mean.error;
    verification.accuracy_threshold = OverFolds(used).mean;
    if (accuracy.empty()) return;
    verification.accuracy_threshold_source = "other people";
    for (const double far : protocol_.fars) {
      verification.val.push_back(ValOverFolds(far, own, others));
    }
  }

  metric::BootstrapOptions Options() const {
    metric::BootstrapOptions options;
    options.replicates = protocol_.replicates;
    options.seed = protocol_.seed;
    options.thresholds = thresholds_;
    return options;
  }

  void FindIntervals() {
    AddIntervals(Options(), scores_, person_, group_, people_,
                 &report_.verification);
  }

  void Retrieve() {
    std::vector<float> rows;
    std::vector<int> labels;
    for (const int i : report_.judged) {
      const float* const row = set_.rows.data() + int64_t{i} * set_.width;
      rows.insert(rows.end(), row, row + set_.width);
      labels.push_back(set_.labels[i]);
    }
    const metric::Retrieval found = metric::Retrieve(
        protocol_.distance, rows.data(), labels.data(),
        static_cast<int64_t>(labels.size()), set_.width, protocol_.ranks);
    RetrievalReport& report = report_.retrieval;
    report.queries = found.queries;
    report.skipped = found.skipped;
    report.ranks = protocol_.ranks;
    for (const double recall : found.figures.recall) {
      report.recall.push_back(Figure());
      report.recall.back().value = recall;
    }
    report.precision_at_1.value = found.figures.precision_at_1;
    report.r_precision.value = found.figures.r_precision;
    report.map_at_r.value = found.figures.map_at_r;
    if (protocol_.replicates == 0) return;
    const std::vector<metric::Interval> intervals =
        IntervalsOfMeans(Options(), found.people);
    for (size_t k = 0; k < report.recall.size(); ++k) {
      report.recall[k].interval = intervals[k];
    }
    report.precision_at_1.interval = intervals[report.recall.size()];
    report.r_precision.interval = intervals[report.recall.size() + 1];
    report.map_at_r.interval = intervals[report.recall.size() + 2];
  }

  const PeopleProtocol& protocol_;
  const EmbeddingSet& set_;
  int groups_ = 1, people_ = 0;
  std::vector<int> group_, person_;  // of each row
  std::vector<double> thresholds_;   // of the accuracy, one a group
  metric::VerificationScores scores_;
  PeopleReport report_;
};

void SubtractMeanOfOthers(const PeopleProtocol& protocol, EmbeddingSet* set) {
  CHECK_GT(protocol.of, 0);
  const std::map<int, int> place = PlacesOf(*set);
  std::vector<double> sum(set->width, 0);
  double count = 0;
  for (int64_t i = 0; i < set->size(); ++i) {
    if (place.at(set->labels[i]) % protocol.of == protocol.fold) continue;
    const float* const row = set->rows.data() + i * set->width;
    for (int k = 0; k < set->width; ++k) sum[k] += row[k];
    ++count;
  }
  INPUT_CHECK(count > 0) << "there is nobody outside of fold " << protocol.fold
                         << " to take a mean from";
  for (int64_t i = 0; i < set->size(); ++i) {
    for (int k = 0; k < set->width; ++k) {
      set->rows[i * set->width + k] -= static_cast<float>(sum[k] / count);
    }
  }
}

}  // namespace

PeopleReport JudgePeople(const PeopleProtocol& protocol,
                         const EmbeddingSet& set) {
  CHECK_EQ(set.labels.size(), set.names.size());
  if (!protocol.subtract_mean) {
    WarnOfLengths(protocol.distance, {&set.rows}, set.width);
    return PeopleJudge(protocol, set).Judge();
  }
  EmbeddingSet centred = set;
  SubtractMeanOfOthers(protocol, &centred);
  WarnOfLengths(protocol.distance, {&centred.rows}, set.width);
  PeopleReport report = PeopleJudge(protocol, centred).Judge();
  report.verification.mean_source = "the people of the other folds";
  return report;
}

}  // namespace caffe
