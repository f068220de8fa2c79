// The bootstrap over people against pairs that are written out as often as
// their people were drawn, and its intervals against the truth they are for.
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/evaluation/bootstrap.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/evaluation/verification_reference.hpp"

namespace caffe {
namespace {

using metric::BootstrapOptions;
using metric::Interval;
using metric::VerificationIntervals;
using metric::VerificationOptions;
using metric::VerificationScores;

struct DrawnPeople {
  vector<float> x;
  vector<int> person, group;

  int size() const { return static_cast<int>(x.size()); }
  VerificationScores Score(int groups) const {
    VerificationOptions options;
    options.groups = groups;
    options.distance = metric::Distance::kL1;
    return metric::ScoreAllPairs(options, x.data(), person.data(),
                                 group.data(), size(), 1);
  }
};

// Images of people on a line, a person's all in one group.
DrawnPeople OnALine(int people, int images, int groups, double spread,
                    int seed) {
  Rng rng(seed);
  DrawnPeople set;
  for (int p = 0; p < people; ++p) {
    const double centre = std::floor(rng.Uniform(0, 20));
    for (int k = 0; k < images; ++k) {
      set.x.push_back(static_cast<float>(
          centre + std::floor(rng.Uniform(-spread, spread))));
      set.person.push_back(p);
      set.group.push_back(p % groups);
    }
  }
  return set;
}

vector<int> TimesDrawn(uint64_t seed, int replicate, int people) {
  Rng rng(seed, replicate);
  vector<int> drawn(people, 0);
  for (int k = 0; k < people; ++k) ++drawn[rng.Below(people)];
  return drawn;
}

// The pairs of the drawn people's copies; copies of one person do not meet.
vector<PlainPair> WrittenOut(const DrawnPeople& set, const vector<int>& drawn) {
  vector<PlainPair> pairs;
  for (const PlainPair& pair : PlainPairs(metric::Distance::kL1, set.x,
                                          set.person, set.group, 1)) {
    const int v = drawn[set.person[pair.i]], w = drawn[set.person[pair.j]];
    const int copies = pair.genuine ? v : v * w;
    for (int k = 0; k < copies; ++k) pairs.push_back(pair);
  }
  return pairs;
}

// The pairs of the sample, with their weight among the drawn people.
vector<PlainPair> WeighedOut(const DrawnPeople& set,
                             const VerificationScores& scores,
                             const vector<int>& drawn) {
  vector<PlainPair> pairs;
  for (const bool genuine : {true, false}) {
    for (const metric::ScoredPair& pair :
         genuine ? scores.genuine_sample : scores.impostor_sample) {
      const int v = drawn[set.person[pair.i]], w = drawn[set.person[pair.j]];
      const double copies = genuine ? v : v * w;
      if (copies > 0) {
        pairs.push_back({pair.distance, genuine, pair.weight * copies});
      }
    }
  }
  return pairs;
}

// The interval of one replicate is its figure.
TEST(BootstrapTest, AReplicateIsItsPairsWrittenOut) {
  const DrawnPeople set = OnALine(7, 3, 2, 3, 5);
  const VerificationScores scores = set.Score(2);
  for (uint64_t seed = 1; seed < 40; ++seed) {
    BootstrapOptions options;
    options.replicates = 1;
    options.seed = seed;
    options.fars = {0.3, 0.05};
    options.thresholds = {3, 2};
    options.balanced = seed % 2 == 0;
    const VerificationIntervals got = metric::BootstrapVerification(
        options, scores, set.person.data(), set.group.data(), 7);
    const vector<PlainPair> pairs = WrittenOut(set, TimesDrawn(seed, 0, 7));
    ASSERT_EQ(got.replicates, 1);
    EXPECT_NEAR(got.auc.low, PlainAuc(pairs), 1e-9);
    EXPECT_EQ(got.auc.low, got.auc.high);
    EXPECT_NEAR(got.eer.low, PlainEer(pairs), 1e-9);
    for (size_t f = 0; f < 2; ++f) {
      const double last = PlainLastWithin(pairs, options.fars[f]);
      EXPECT_NEAR(got.tar[f].high,
                  PlainAccepted(pairs, true, last) / PlainWeight(pairs, true),
                  1e-9);
    }
    double sum = 0, groups = 0;
    for (int g = 0; g < 2; ++g) {
      vector<PlainPair> own;
      for (const PlainPair& pair : pairs) {
        if (pair.a == g && pair.b == g) own.push_back(pair);
      }
      if (PlainWeight(own, true) == 0 || PlainWeight(own, false) == 0) continue;
      sum += PlainAccuracy(own, options.thresholds[g], options.balanced);
      ++groups;
    }
    if (groups == 0) {
      EXPECT_TRUE(std::isnan(got.accuracy.low));
    } else {
      EXPECT_NEAR(got.accuracy.low, sum / groups, 1e-9) << seed;
    }
  }
}

// A thinned sample: each pair stands for as many as its weight says.
TEST(BootstrapTest, AReplicateOfAThinnedSampleCountsItsWeights) {
  const DrawnPeople set = OnALine(20, 4, 1, 3, 8);
  VerificationOptions thin;
  thin.distance = metric::Distance::kL1;
  thin.sampled_pairs = 60;
  const VerificationScores scores = metric::ScoreAllPairs(
      thin, set.x.data(), set.person.data(), nullptr, set.size(), 1);
  std::set<float> weights;
  for (const auto& pair : scores.impostor_sample) weights.insert(pair.weight);
  ASSERT_GT(weights.size(), 1u);
  for (uint64_t seed = 1; seed < 20; ++seed) {
    BootstrapOptions options;
    options.replicates = 1;
    options.seed = seed;
    options.fars = {0.3};
    options.thresholds = {3};
    const VerificationIntervals got = metric::BootstrapVerification(
        options, scores, set.person.data(), nullptr, 20);
    const vector<PlainPair> pairs =
        WeighedOut(set, scores, TimesDrawn(seed, 0, 20));
    EXPECT_NEAR(got.auc.low, PlainAuc(pairs), 1e-9);
    EXPECT_NEAR(got.eer.low, PlainEer(pairs), 1e-9);
    EXPECT_NEAR(got.accuracy.low, PlainAccuracy(pairs, 3, true), 1e-9);
    const double last = PlainLastWithin(pairs, 0.3);
    EXPECT_NEAR(got.tar[0].low,
                PlainAccepted(pairs, true, last) / PlainWeight(pairs, true),
                1e-9);
  }
}

TEST(BootstrapTest, GroupsWithoutAThresholdAreLeftOut) {
  const DrawnPeople set = OnALine(12, 3, 2, 3, 6);
  const VerificationScores scores = set.Score(2);
  BootstrapOptions options;
  options.replicates = 1;
  options.thresholds = {NAN, 2};
  const double got = metric::BootstrapVerification(options, scores,
                                                   set.person.data(),
                                                   set.group.data(), 12)
                         .accuracy.low;
  vector<PlainPair> own;
  for (const PlainPair& pair : WrittenOut(set, TimesDrawn(1, 0, 12))) {
    if (pair.a == 1 && pair.b == 1) own.push_back(pair);
  }
  EXPECT_NEAR(got, PlainAccuracy(own, 2, true), 1e-9);
  options.thresholds = {NAN, NAN};
  EXPECT_TRUE(std::isnan(
      metric::BootstrapVerification(options, scores, set.person.data(),
                                    set.group.data(), 12)
          .accuracy.low));
}

// Quantiles on a straight line between the replicates' figures.
TEST(BootstrapTest, TheIntervalHoldsTheMiddleOfTheReplicates) {
  const vector<double> value = {0, 1, 2, 10};
  const vector<int> person = {0, 0, 1, 2};
  BootstrapOptions options;
  options.replicates = 5;
  options.level = 0.5;
  vector<double> means;
  for (int r = 0; r < 5; ++r) {
    const vector<int> drawn = TimesDrawn(1, r, 3);
    const double count = 2 * drawn[0] + drawn[1] + drawn[2];
    means.push_back((drawn[0] + 2 * drawn[1] + 10 * drawn[2]) / count);
  }
  std::sort(means.begin(), means.end());
  Interval got = metric::BootstrapMean(options, value, person.data(), 3);
  EXPECT_NEAR(got.low, means[1], 1e-12);
  EXPECT_NEAR(got.high, means[3], 1e-12);
  options.level = 0.75;
  got = metric::BootstrapMean(options, value, person.data(), 3);
  EXPECT_NEAR(got.low, (means[0] + means[1]) / 2, 1e-12);
  EXPECT_NEAR(got.high, (means[3] + means[4]) / 2, 1e-12);
}

// People's values are normal around 0, a person's ones nearly equal: of 200
// intervals of 90 % about 180 hold 0.
TEST(BootstrapTest, IntervalsHoldTheTruthAsOftenAsTheySay) {
  constexpr int kPeople = 40, kValues = 5, kTrials = 200;
  BootstrapOptions options;
  options.replicates = 200;
  options.level = 0.9;
  int held = 0;
  Rng rng(8);
  for (int trial = 0; trial < kTrials; ++trial) {
    vector<double> value;
    vector<int> person;
    for (int p = 0; p < kPeople; ++p) {
      const double centre = rng.Gaussian();
      for (int k = 0; k < kValues; ++k) {
        value.push_back(centre + 0.1 * rng.Gaussian());
        person.push_back(p);
      }
    }
    options.seed = trial + 1;
    const Interval got =
        metric::BootstrapMean(options, value, person.data(), kPeople);
    held += got.low <= 0 && got.high >= 0;
  }
  EXPECT_GE(held, 165);
  EXPECT_LE(held, 195);
}

TEST(BootstrapTest, SameBitsForAnyThreads) {
  const int threads = Caffe::threads();
  const DrawnPeople set = OnALine(60, 4, 1, 3, 5);
  const VerificationScores scores = set.Score(1);
  BootstrapOptions options;
  options.replicates = 30;
  options.fars = {0.1};
  options.thresholds = {3};
  vector<double> want;
  for (int t : {1, 2, 3}) {
    Caffe::set_threads(t);
    const VerificationIntervals got = metric::BootstrapVerification(
        options, scores, set.person.data(), nullptr, 60);
    const Interval mean = metric::BootstrapMean(
        options, vector<double>(set.x.begin(), set.x.end()), set.person.data(),
        60);
    vector<double> all;
    for (const Interval& one :
         {got.auc, got.eer, got.accuracy, got.tar[0], mean}) {
      EXPECT_LT(one.low, one.high);
      all.push_back(one.low);
      all.push_back(one.high);
    }
    if (want.empty()) want = all;
    EXPECT_EQ(all, want);
  }
  Caffe::set_threads(threads);
}

// Two people: half of the replicates are of one alone, without impostors.
TEST(BootstrapTest, ReplicatesWithoutAKindOfPairsDoNotCount) {
  DrawnPeople set;
  set.x = {0, 1, 5, 6};
  set.person = {0, 0, 1, 1};
  set.group = {0, 0, 0, 0};
  BootstrapOptions options;
  options.replicates = 100;
  options.fars = {0.5};
  const VerificationScores scores = set.Score(1);
  VerificationIntervals got = metric::BootstrapVerification(
      options, scores, set.person.data(), nullptr, 2);
  int both = 0;
  for (int r = 0; r < 100; ++r) both += TimesDrawn(1, r, 2)[0] == 1;
  EXPECT_EQ(got.replicates, both);
  EXPECT_EQ(got.auc.low, 1);
  EXPECT_TRUE(std::isnan(got.accuracy.low));
  set.person = {0, 0, 0, 0};
  got = metric::BootstrapVerification(options, set.Score(1),
                                      set.person.data(), nullptr, 1);
  EXPECT_EQ(got.replicates, 0);
  EXPECT_TRUE(std::isnan(got.auc.low) && std::isnan(got.eer.high) &&
              std::isnan(got.tar[0].low));
  EXPECT_TRUE(std::isnan(metric::BootstrapMean(options, {}, nullptr, 3).low));
}

TEST(BootstrapTest, RefusesWhatCallersMayNotDo) {
  const DrawnPeople set = OnALine(4, 3, 2, 3, 5);
  const VerificationScores scores = set.Score(2);
  BootstrapOptions options;
  options.thresholds = {1};  // and two groups
  EXPECT_THROW(metric::BootstrapVerification(options, scores,
                                             set.person.data(),
                                             set.group.data(), 4),
               Error);
  EXPECT_THROW(metric::BootstrapVerification(options, scores,
                                             set.person.data(), nullptr, 3),
               Error);
  options.level = 1;
  EXPECT_THROW(metric::BootstrapVerification(options, scores,
                                             set.person.data(), nullptr, 4),
               Error);
}

}  // namespace
}  // namespace caffe
