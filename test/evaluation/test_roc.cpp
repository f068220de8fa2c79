// The figures of a verification against their definitions, with ties in
// plenty, and against cases worked out by hand.
#include <cmath>
#include <limits>
#include <vector>

#include "caffe/evaluation/roc.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/evaluation/verification_reference.hpp"

namespace caffe {
namespace {

using metric::OperatingPoint;
using metric::RocCurve;

// Whole numbers from a small range, so that most are tied; now and then
// fractions, or both kinds far apart.
vector<PlainPair> TiedPairs(int seed) {
  Rng rng(seed);
  const int range = 1 + static_cast<int>(rng.Below(12));
  const double scale = rng.Below(3) == 0 ? 0.3 : 1;
  const int apart = static_cast<int>(rng.Below(4));
  vector<PlainPair> pairs;
  for (bool genuine : {true, false}) {
    for (int k = 1 + static_cast<int>(rng.Below(30)); k > 0; --k) {
      PlainPair pair;
      pair.genuine = genuine;
      pair.distance = static_cast<float>(
          scale * static_cast<double>(rng.Below(range) + apart * !genuine));
      pairs.push_back(pair);
    }
  }
  return pairs;
}

RocCurve CurveOf(const vector<PlainPair>& pairs) {
  vector<float> genuine, impostor;
  for (const PlainPair& pair : pairs) {
    (pair.genuine ? genuine : impostor)
        .push_back(static_cast<float>(pair.distance));
  }
  return RocCurve::FromDistances(genuine, impostor);
}

constexpr int kTiedSets = 1000;

TEST(RocTest, AucAndEerMatchTheirDefinitions) {
  for (int seed = 0; seed < kTiedSets; ++seed) {
    const vector<PlainPair> pairs = TiedPairs(seed);
    const RocCurve curve = CurveOf(pairs);
    EXPECT_NEAR(curve.Auc(), PlainAuc(pairs), 1e-12) << seed;
    EXPECT_NEAR(curve.EqualErrorRate().rate, PlainEer(pairs), 1e-9) << seed;
  }
}

TEST(RocTest, OnePointADistance) {
  for (int seed = 0; seed < 200; ++seed) {
    const vector<PlainPair> pairs = TiedPairs(seed);
    const RocCurve curve = CurveOf(pairs);
    double last = -1;
    for (const metric::RocPoint& point : curve.points()) {
      EXPECT_GT(point.threshold, last) << seed;
      last = point.threshold;
      EXPECT_EQ(point.genuine, PlainAccepted(pairs, true, last)) << seed;
      EXPECT_EQ(point.impostor, PlainAccepted(pairs, false, last)) << seed;
    }
    EXPECT_EQ(curve.genuine(), PlainWeight(pairs, true)) << seed;
    EXPECT_EQ(curve.impostor(), PlainWeight(pairs, false)) << seed;
  }
}

TEST(RocTest, BestThresholdIsTheLowestOfTheBest) {
  for (int seed = 0; seed < kTiedSets; ++seed) {
    const vector<PlainPair> pairs = TiedPairs(seed);
    const RocCurve curve = CurveOf(pairs);
    for (bool balanced : {false, true}) {
      const double best = PlainBest(pairs, balanced);
      EXPECT_EQ(curve.BestThreshold(balanced), PlainHalfWay(pairs, best))
          << seed;
      const double at = curve.BestThreshold(balanced);
      EXPECT_NEAR(balanced ? curve.BalancedAccuracyAt(at)
                           : curve.AccuracyAt(at),
                  PlainAccuracy(pairs, best, balanced), 1e-12)
          << seed;
    }
  }
}

TEST(RocTest, AccuraciesAtAnyThreshold) {
  for (int seed = 0; seed < 200; ++seed) {
    const vector<PlainPair> pairs = TiedPairs(seed);
    const RocCurve curve = CurveOf(pairs);
    for (double t = -0.5; t < 16; t += 0.5) {
      EXPECT_NEAR(curve.AccuracyAt(t), PlainAccuracy(pairs, t, false), 1e-12)
          << seed;
      EXPECT_NEAR(curve.BalancedAccuracyAt(t), PlainAccuracy(pairs, t, true),
                  1e-12)
          << seed;
      const OperatingPoint point = curve.AtThreshold(t);
      EXPECT_EQ(point.threshold, t);
      EXPECT_EQ(point.tar,
                PlainAccepted(pairs, true, t) / PlainWeight(pairs, true));
      EXPECT_EQ(point.far,
                PlainAccepted(pairs, false, t) / PlainWeight(pairs, false));
    }
  }
}

TEST(RocTest, TarAtFarIsTheLastPointWithin) {
  for (int seed = 0; seed < 300; ++seed) {
    const vector<PlainPair> pairs = TiedPairs(seed);
    const RocCurve curve = CurveOf(pairs);
    const int I = static_cast<int>(curve.impostor());
    // Each share of the impostors itself, and what lies between them.
    for (int k = 1; k < 2 * I; k += 3) {
      const double far = k / (2. * I);
      EXPECT_EQ(curve.SupportsFar(far), k >= 2) << seed;
      const double last = PlainLastWithin(pairs, far);
      const OperatingPoint point =
          k >= 2 ? curve.AtFar(far) : curve.LastPointWithin(far);
      EXPECT_EQ(point.threshold, PlainHalfWay(pairs, last)) << seed;
      EXPECT_LE(point.far, far) << seed;
      const OperatingPoint again = curve.AtThreshold(point.threshold);
      EXPECT_EQ(point.tar, again.tar) << seed;
      EXPECT_EQ(point.far, again.far) << seed;
      EXPECT_EQ(point.tar,
                PlainAccepted(pairs, true, last) / PlainWeight(pairs, true));
    }
  }
}

TEST(RocTest, ByHand) {
  const RocCurve apart = RocCurve::FromDistances({1, 2, 3}, {4, 5});
  EXPECT_EQ(apart.Auc(), 1);
  EXPECT_EQ(apart.EqualErrorRate().rate, 0);
  EXPECT_EQ(apart.BestThreshold(true), 3.5);
  EXPECT_EQ(apart.BestThreshold(false), 3.5);
  EXPECT_EQ(apart.AccuracyAt(3.5), 1);

  const RocCurve inverted = RocCurve::FromDistances({4, 5}, {1, 2, 3});
  EXPECT_EQ(inverted.Auc(), 0);
  EXPECT_EQ(inverted.EqualErrorRate().rate, 1);

  // A collapsed net: every distance is the same.
  const RocCurve collapsed = RocCurve::FromDistances({2, 2, 2}, {2, 2});
  EXPECT_EQ(collapsed.Auc(), 0.5);
  EXPECT_EQ(collapsed.EqualErrorRate().rate, 0.5);
  EXPECT_EQ(collapsed.EqualErrorRate().threshold, 2);
  EXPECT_EQ(collapsed.BalancedAccuracyAt(2), 0.5);
  EXPECT_EQ(collapsed.AccuracyAt(2), 0.6);
  EXPECT_EQ(collapsed.AtFar(0.5).tar, 0);
  EXPECT_EQ(collapsed.AtFar(0.5).threshold, 1);

  // One genuine pair of four lies above one impostor of four.
  const RocCurve crossed = RocCurve::FromDistances({1, 2, 3, 5}, {4, 6, 7, 8});
  EXPECT_EQ(crossed.Auc(), 15 / 16.);
  EXPECT_EQ(crossed.EqualErrorRate().rate, 0.25);
  EXPECT_EQ(crossed.EqualErrorRate().threshold, 4);
  EXPECT_EQ(crossed.BalancedAccuracyAt(4), 0.75);
  EXPECT_EQ(crossed.AtFar(0.25).tar, 1);
  EXPECT_EQ(crossed.AtFar(0.25).threshold, 5.5);

  // FAR - FRR goes from -1/2 at 1 to 1/2 at 3.
  const RocCurve between = RocCurve::FromDistances({1, 3}, {3, 5});
  EXPECT_EQ(between.EqualErrorRate().rate, 0.25);
  EXPECT_EQ(between.EqualErrorRate().threshold, 2);

  // Where accepting anything makes it worse, nothing is accepted.
  EXPECT_LT(RocCurve::FromDistances({5}, {1, 2, 3}).BestThreshold(false), 1);
  EXPECT_LT(RocCurve::FromDistances({5}, {0, 2, 3}).BestThreshold(false), 0);
}

TEST(RocTest, MinusZeroIsZero) {
  const RocCurve curve = RocCurve::FromDistances({-0.f, 1}, {0, 2});
  ASSERT_EQ(curve.points().size(), 3u);
  EXPECT_EQ(curve.points()[0].genuine, 1);
  EXPECT_EQ(curve.points()[0].impostor, 1);
  EXPECT_EQ(curve.Auc(), 0.625);
}

// 1 / 49 * 49 and 0.29 * 100 are a little less than 1 and 29.
TEST(RocTest, AShareOfTheImpostorsIsNotRoundedAway) {
  vector<float> impostor;
  for (int k = 0; k < 49; ++k) impostor.push_back(static_cast<float>(k));
  EXPECT_EQ(RocCurve::FromDistances({0.5}, impostor).AtFar(1. / 49).tar, 1);
  for (int k = 49; k < 100; ++k) impostor.push_back(static_cast<float>(k));
  EXPECT_EQ(RocCurve::FromDistances({28.5}, impostor).AtFar(0.29).tar, 1);
}

// Two distances that share a point may lie on both sides of the threshold
// that is half way between two points.
TEST(RocTest, ThresholdStaysBelowWhatMayShareTheNextPoint) {
  const float one = std::nextafter(2.f, 0.f), next = 2 + 31 * 0x1p-22f;
  const RocCurve curve({{one, 3, 1}, {next, 4, 4}}, 5);
  const double threshold = curve.AtFar(0.3).threshold;
  EXPECT_GT(threshold, one);
  EXPECT_LT(threshold, 2);
}

TEST(RocTest, RefusesWhatHasNoFigure) {
  const RocCurve no_genuine = RocCurve::FromDistances({}, {1});
  const RocCurve no_impostor = RocCurve::FromDistances({1}, {});
  for (const RocCurve& curve : {no_genuine, no_impostor, RocCurve()}) {
    EXPECT_FALSE(curve.HasBothKinds());
    EXPECT_THROW(curve.Auc(), Error);
    EXPECT_THROW(curve.EqualErrorRate(), Error);
    EXPECT_THROW(curve.AccuracyAt(1), Error);
    EXPECT_THROW(curve.BalancedAccuracyAt(1), Error);
    EXPECT_THROW(curve.BestThreshold(true), Error);
    EXPECT_THROW(curve.AtFar(0.5), Error);
    EXPECT_THROW(curve.LastPointWithin(0.5), Error);
    EXPECT_THROW(curve.AtThreshold(0.5), Error);
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(RocCurve::FromDistances({nan}, {1}), Error);
  EXPECT_THROW(RocCurve::FromDistances({1}, {-1}), Error);
  const RocCurve curve = RocCurve::FromDistances({1}, vector<float>(9999, 2));
  EXPECT_THROW(curve.AtFar(0), Error);
  EXPECT_THROW(curve.AtFar(1), Error);
  EXPECT_NO_THROW(curve.AtFar(1. / 9999));
  try {
    curve.AtFar(1e-6);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "FAR 1e-06 wants 1000000 impostor pairs or more, and there "
                 "are 9999");
  }
}

}  // namespace
}  // namespace caffe
