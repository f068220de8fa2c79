// Verification figures against brute force over all pairs and thresholds, with
// ties in plenty, and against cases worked out by hand.
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "caffe/metric/verification.hpp"
#include "caffe/test/fixture.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::PairScores;

// Whole numbers from a small range, so that most are tied.
PairScores TiedScores(int seed) {
  Rng rng(seed);
  vector<float> genuine(1 + rng.Below(30)), impostor(1 + rng.Below(30));
  for (float& score : genuine) score = static_cast<float>(rng.Below(8));
  for (float& score : impostor) score = static_cast<float>(rng.Below(8) + 2);
  return PairScores(genuine, impostor);
}

double BruteAuc(const PairScores& scores) {
  double sum = 0;
  for (float g : scores.genuine()) {
    for (float i : scores.impostor()) sum += g < i ? 1 : g == i ? 0.5 : 0;
  }
  return sum / scores.genuine().size() / scores.impostor().size();
}

double Share(const vector<float>& scores, double threshold) {
  double count = 0;
  for (float score : scores) count += score <= threshold;
  return count / scores.size();
}

// The crossing of the ROC polyline with FAR = FRR, by bisection over it.
double BruteEer(const PairScores& scores) {
  std::set<float> at(scores.genuine().begin(), scores.genuine().end());
  at.insert(scores.impostor().begin(), scores.impostor().end());
  vector<double> far = {0}, frr = {1};
  for (float threshold : at) {
    far.push_back(Share(scores.impostor(), threshold));
    frr.push_back(1 - Share(scores.genuine(), threshold));
  }
  double low = 0, high = static_cast<double>(far.size() - 1);
  const auto on = [](const vector<double>& line, double where) {
    const size_t k = std::min(static_cast<size_t>(where), line.size() - 2);
    return line[k] + (where - k) * (line[k + 1] - line[k]);
  };
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    (on(far, middle) < on(frr, middle) ? low : high) = middle;
  }
  return on(far, high);
}

TEST(VerificationTest, AucAndEerMatchBruteForceOnTiedScores) {
  for (int seed = 0; seed < 300; ++seed) {
    const PairScores scores = TiedScores(seed);
    EXPECT_NEAR(RocAuc(scores), BruteAuc(scores), 1e-12) << seed;
    EXPECT_NEAR(EqualErrorRate(scores).rate, BruteEer(scores), 1e-9) << seed;
  }
}

TEST(VerificationTest, ByHand) {
  const PairScores apart({1, 2, 3}, {4, 5});
  EXPECT_EQ(RocAuc(apart), 1);
  EXPECT_EQ(EqualErrorRate(apart).rate, 0);
  EXPECT_EQ(BestThreshold(apart, true), 3.5);
  EXPECT_EQ(BestThreshold(apart, false), 3.5);
  EXPECT_EQ(AccuracyAt(apart, 3.5), 1);

  const PairScores inverted({4, 5}, {1, 2, 3});
  EXPECT_EQ(RocAuc(inverted), 0);
  EXPECT_EQ(EqualErrorRate(inverted).rate, 1);

  // A collapsed net: every distance is the same.
  const PairScores collapsed({2, 2, 2}, {2, 2});
  EXPECT_EQ(RocAuc(collapsed), 0.5);
  EXPECT_EQ(EqualErrorRate(collapsed).rate, 0.5);
  EXPECT_EQ(EqualErrorRate(collapsed).threshold, 2);
  EXPECT_EQ(BalancedAccuracyAt(collapsed, 2), 0.5);
  EXPECT_EQ(AccuracyAt(collapsed, 2), 0.6);

  // One genuine pair of four lies above one impostor of four.
  const PairScores crossed({1, 2, 3, 5}, {4, 6, 7, 8});
  EXPECT_EQ(RocAuc(crossed), 15 / 16.);
  EXPECT_EQ(EqualErrorRate(crossed).rate, 0.25);
  EXPECT_EQ(EqualErrorRate(crossed).threshold, 4);
  EXPECT_EQ(BalancedAccuracyAt(crossed, 4), 0.75);
}

TEST(VerificationTest, BestThresholdIsTheBestOfAll) {
  for (int seed = 0; seed < 200; ++seed) {
    const PairScores scores = TiedScores(seed);
    double best = 0, best_balanced = 0;
    for (double t = -0.5; t < 12; t += 0.5) {
      best = std::max(best, AccuracyAt(scores, t));
      best_balanced = std::max(best_balanced, BalancedAccuracyAt(scores, t));
    }
    EXPECT_NEAR(AccuracyAt(scores, BestThreshold(scores, false)), best, 1e-12);
    EXPECT_NEAR(BalancedAccuracyAt(scores, BestThreshold(scores, true)),
                best_balanced, 1e-12);
  }
  // Where accepting anything makes it worse, nothing is accepted.
  const PairScores hopeless({5}, {1, 2, 3});
  EXPECT_LT(BestThreshold(hopeless, false), 1);
}

TEST(VerificationTest, AllPairsOnceEachAndInTheRightList) {
  const int n = 150, D = 7;
  Rng rng(3);
  vector<float> x(n * D);
  vector<int> labels(n);
  for (float& value : x) value = static_cast<float>(rng.Gaussian());
  for (int& label : labels) label = static_cast<int>(rng.Below(20)) - 5;
  const PairScores scores = metric::AllPairScores(
      Distance::kSquaredL2, x.data(), labels.data(), n, D);
  vector<float> genuine, impostor;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      double sum = 0;
      for (int k = 0; k < D; ++k) {
        sum += std::pow(1. * x[i * D + k] - x[j * D + k], 2);
      }
      (labels[i] == labels[j] ? genuine : impostor)
          .push_back(static_cast<float>(sum));
    }
  }
  const PairScores want(genuine, impostor);
  ASSERT_EQ(scores.genuine().size(), want.genuine().size());
  ASSERT_EQ(scores.impostor().size(), want.impostor().size());
  for (size_t k = 0; k < want.genuine().size(); ++k) {
    EXPECT_NEAR(scores.genuine()[k], want.genuine()[k], 1e-4);
  }
  for (size_t k = 0; k < want.impostor().size(); ++k) {
    EXPECT_NEAR(scores.impostor()[k], want.impostor()[k], 1e-4);
  }
}

TEST(VerificationTest, RecallAt1SharesTies) {
  // On a line: 0 and 1 (person 7), 3 (person 8), 3.5 (person 9, alone).
  const vector<float> x = {0, 1, 3, 3.5f, 10};
  const vector<int> labels = {7, 7, 8, 9, 8};
  const auto recall = [&](const vector<float>& rows) {
    return metric::RecallAt1(Distance::kL2, rows.data(), labels.data(), 5, 1);
  };
  // 0 -> 1 right, 1 -> 0 right, 3 -> 3.5 wrong, 10 -> 3.5 wrong; 3.5 not asked.
  EXPECT_EQ(recall(x), 0.5);
  // All in one place: each asks among four, of whom one is right.
  EXPECT_EQ(recall({2, 2, 2, 2, 2}), 0.25);
}

TEST(VerificationTest, RefusesWhatHasNoFigure) {
  EXPECT_THROW(RocAuc(PairScores({}, {1})), Error);
  EXPECT_THROW(EqualErrorRate(PairScores({1}, {})), Error);
  EXPECT_THROW(PairScores({std::numeric_limits<float>::quiet_NaN()}, {1}),
               Error);
  const vector<float> x = {1, 2};
  const vector<int> labels = {0, 1};
  EXPECT_THROW(metric::RecallAt1(Distance::kL2, x.data(), labels.data(), 2, 1),
               Error);
  EXPECT_THROW(metric::AllPairScores(Distance::kL2, x.data(), labels.data(),
                                     40000, 1),
               Error);
}

}  // namespace
}  // namespace caffe
