// TripletLoss: what must hold of the loss and of its gradients. A test named
// LineK holds line K of the table in docs/triplet_loss.md; one named Bug guards
// against a bug that a public triplet layer shipped. Options and refusals are
// in test_triplet_loss_options.cpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/triplet_loss_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "test/loss/triplet_fixture.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class TripletLossLayerTest : public TripletTest<TypeParam> {};

TYPED_TEST_SUITE(TripletLossLayerTest, TestDtypesAndDevices);

// The worked example of the text: |p - q| = 0.3162277660.
TYPED_TEST(TripletLossLayerTest, Line1_GoldenDistances) {
  typedef typename TypeParam::Dtype Dtype;
  const Dtype x[] = {1, 2, 3};
  const Dtype y[] = {Dtype(1.1), 2, Dtype(3.3)};
  const double tolerance = this->IsDouble() ? 1e-10 : 1e-6;
  const double squared =
      metric::RowDistance(metric::Distance::kSquaredL2, x, y, 3);
  EXPECT_NEAR(metric::RowDistance(metric::Distance::kL2, x, y, 3),
              0.3162277660, tolerance);
  EXPECT_NEAR(squared, 0.10, tolerance);
  EXPECT_NEAR(squared / 3, 0.1 / 3, tolerance);
  // As a triplet whose anchor is its own negative, h = d(a,p) + margin.
  this->Set({{1, 2, 3}}, {{1.1, 2, 3.3}}, {{1, 2, 3}});
  EXPECT_NEAR(this->Run("margin: 0.25").loss, 0.35, tolerance);
  EXPECT_NEAR(this->Run("margin: 0.25 distance: L2").loss, 0.5662277660,
              tolerance);
}

// Row 0 is active (h = 4 - 1 + 1), row 1 is not (h = 1 - 9 + 1), row 2 lies
// exactly on the kink (h = 1 - 2 + 1).
TYPED_TEST(TripletLossLayerTest,
           Line2_OnlyActiveRowsCountAndTheKinkIsInactive) {
  this->Set({{0, 0}, {0, 0}, {0, 0}}, {{2, 0}, {0, 1}, {1, 0}},
            {{0, 1}, {3, 0}, {1, 1}});
  const auto result = this->Run("margin: 1");
  EXPECT_EQ(result.loss, 4);
  this->ExpectRow(result.diff[0], 0, {-4, 2});  //  2 (n - p)
  this->ExpectRow(result.diff[1], 0, {4, 0});   // -2 (a - p)
  this->ExpectRow(result.diff[2], 0, {0, -2});  //  2 (a - n)
  for (int bottom = 0; bottom < 3; ++bottom) {
    this->ExpectRow(result.diff[bottom], 1, {0, 0});
    this->ExpectRow(result.diff[bottom], 2, {0, 0});
  }
}

TYPED_TEST(TripletLossLayerTest, Line2_TheLossIsNeverNegative) {
  for (const char* distance : kDistances) {
    for (const char* hinge : {"HARD", "SOFT"}) {
      for (int seed = 0; seed < 5; ++seed) {
        this->Fill(7, 5, seed);
        const string options = string("margin: 0 distance: ") + distance +
                               " hinge: " + hinge;
        EXPECT_GE(this->Run(options).loss, 0) << options;
      }
    }
  }
  // All rows far beyond the margin: nothing is left, and nothing is negative.
  this->Set({{0, 0}}, {{0, 1}}, {{30, 0}});
  EXPECT_EQ(this->Run("margin: 1").loss, 0);
}

TYPED_TEST(TripletLossLayerTest, Line3_EachGradientWithALossWeight) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(6, 5, 3);
  TripletLossLayer<Dtype> layer(this->Param("margin: 0.5", "", 3.7));
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, this->Bottoms(), this->Tops());
  for (int bottom = 0; bottom < 3; ++bottom) {
    TripletLossLayer<Dtype> alone(this->Param("margin: 0.5", "", 3.7));
    checker.CheckGradient(&alone, this->Bottoms(), this->Tops(), bottom);
  }
}

TYPED_TEST(TripletLossLayerTest, Line3_TheLossWeightScalesTheGradients) {
  this->Fill(6, 5, 3);
  const auto one = this->Run("margin: 0.5");
  const auto weighted = this->Run("margin: 0.5", "", 3.7);
  EXPECT_EQ(one.loss, weighted.loss);
  for (int bottom = 0; bottom < 3; ++bottom) {
    for (size_t k = 0; k < one.diff[bottom].size(); ++k) {
      EXPECT_NEAR(3.7f * one.diff[bottom][k], weighted.diff[bottom][k],
                  this->Tolerance());
    }
  }
}

TYPED_TEST(TripletLossLayerTest, Line3_AnUnwantedDiffIsLeftAlone) {
  this->Fill(4, 3, 3);
  const auto all = this->Run("margin: 5");
  for (int chosen = 0; chosen < 8; ++chosen) {
    const vector<bool> propagate = {(chosen & 1) != 0, (chosen & 2) != 0,
                                    (chosen & 4) != 0};
    const auto some = this->Run("margin: 5", "", 1, propagate);
    for (int bottom = 0; bottom < 3; ++bottom) {
      for (size_t k = 0; k < all.diff[bottom].size(); ++k) {
        if (propagate[bottom]) {
          EXPECT_EQ(some.diff[bottom][k], all.diff[bottom][k]);
        } else {
          EXPECT_TRUE(std::isnan(some.diff[bottom][k]));
        }
      }
    }
  }
}

// Moving a, p and n together changes no distance (but for the cosine).
TYPED_TEST(TripletLossLayerTest, Line4_TheThreeGradientsOfARowSumToZero) {
  for (const char* distance : {"SQUARED_L2", "L2", "L1"}) {
    this->Fill(8, 6, 4);
    const auto result = this->Run(
        string("margin: 1 intra_weight: 0.5 intra_margin: 0.2 distance: ") +
        distance);
    double size = 0;
    for (size_t k = 0; k < result.diff[0].size(); ++k) {
      EXPECT_NEAR(
          result.diff[0][k] + result.diff[1][k] + result.diff[2][k], 0,
          this->Tolerance());
      size += std::fabs(result.diff[0][k]);
    }
    EXPECT_GT(size, 1) << "no row was active, so nothing was tested";
  }
}

TYPED_TEST(TripletLossLayerTest, Line6_DuplicatingTheBatchScalesOnlyTheSum) {
  const int kTimes = 3;
  this->Fill(5, 4, 6);
  const double sum = this->Run("margin: 4").loss;
  const double mean = this->Run("margin: 4", "BATCH_SIZE").loss;
  const double full = this->Run("margin: 4", "FULL").loss;
  const double valid = this->Run("margin: 4", "VALID").loss;
  ASSERT_GT(sum, 0);
  EXPECT_NEAR(mean, sum / 5, this->Tolerance());
  this->Repeat(kTimes);
  EXPECT_NEAR(this->Run("margin: 4").loss, kTimes * sum, this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 4", "BATCH_SIZE").loss, mean,
              this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 4", "FULL").loss, full, this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 4", "VALID").loss, valid, this->Tolerance());
}

// Every run poisons the diffs with NaN first, so nothing can be added to them.
TYPED_TEST(TripletLossLayerTest, Line7_ARowsGradientIsItsOwn) {
  this->Fill(5, 4, 7);
  const auto before = this->Run("margin: 2");
  for (int bottom = 0; bottom < 3; ++bottom) {
    for (int row = 0; row < 5; ++row) {
      if (row != 2) this->Move(bottom, row, 0.75);
    }
  }
  const auto after = this->Run("margin: 2");
  bool others_changed = false;
  for (int bottom = 0; bottom < 3; ++bottom) {
    for (size_t k = 0; k < before.diff[bottom].size(); ++k) {
      if (k / 4 == 2) {
        EXPECT_EQ(before.diff[bottom][k], after.diff[bottom][k]);
      } else {
        others_changed |= before.diff[bottom][k] != after.diff[bottom][k];
      }
    }
  }
  EXPECT_TRUE(others_changed);
}

TYPED_TEST(TripletLossLayerTest, Line7_TwoPassesInARowGiveTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(5, 4, 7);
  TripletLossLayer<Dtype> layer(this->Param("margin: 2", "BATCH_SIZE", 1));
  layer.SetUp(this->Bottoms(), this->Tops());
  const auto first = this->Pass(&layer, {true, true, true});
  const auto second = this->Pass(&layer, {true, true, true});
  EXPECT_EQ(first.loss, second.loss);
  for (int bottom = 0; bottom < 3; ++bottom) {
    EXPECT_EQ(first.diff[bottom], second.diff[bottom]);
  }
  // And without fresh diffs in between: the second overwrites.
  layer.Backward(this->Tops(), {true, true, true}, this->Bottoms());
  for (int bottom = 0; bottom < 3; ++bottom) {
    EXPECT_EQ(first.diff[bottom], this->Diff(bottom));
  }
}

TYPED_TEST(TripletLossLayerTest, Line8_AnotherBatchSizeAfterSetUp) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(4, 6, 8);
  TripletLossLayer<Dtype> layer(this->Param("margin: 1", "", 1));
  layer.SetUp(this->Bottoms(), this->Tops());
  for (int rows : {4, 900, 1, 3, 64}) {
    this->Fill(rows, 6, rows);
    const auto reused = this->Pass(&layer, {true, true, true});
    const auto fresh = this->Run("margin: 1");
    EXPECT_EQ(reused.loss, fresh.loss) << rows << " rows";
    for (int bottom = 0; bottom < 3; ++bottom) {
      EXPECT_EQ(reused.diff[bottom], fresh.diff[bottom]) << rows << " rows";
    }
  }
}

TYPED_TEST(TripletLossLayerTest, Line9_CoincidingPointsStayFinite) {
  const vector<double> x = {0.5, -1, 2}, y = {1, 0.25, -0.5}, zero = {0, 0, 0};
  for (const char* distance : kDistances) {
    for (const char* hinge : {"HARD", "SOFT"}) {
      const string options = string("margin: 50 distance: ") + distance +
                             " hinge: " + hinge;
      // a == p, a == n, all three equal, and the same with zero vectors.
      this->Set({x, x, x, zero, zero, zero, x}, {x, y, x, zero, x, zero, zero},
                {y, x, x, x, zero, zero, zero});
      const auto result = this->Run(options);
      EXPECT_TRUE(std::isfinite(result.loss)) << options;
      for (int bottom = 0; bottom < 3; ++bottom) {
        for (double value : result.diff[bottom]) {
          EXPECT_TRUE(std::isfinite(value)) << options;
        }
      }
      // At distance 0 the gradient of d is 0.
      this->ExpectRow(result.diff[1], 0, zero);
      this->ExpectRow(result.diff[2], 1, zero);
      for (int bottom = 0; bottom < 3; ++bottom) {
        this->ExpectRow(result.diff[bottom], 2, zero);
        this->ExpectRow(result.diff[bottom], 5, zero);
      }
    }
  }
}

// Unit vectors whose squared distance is about 1e-8, against the same numbers
// in double.
TYPED_TEST(TripletLossLayerTest, Line10_NearDuplicatesKeepTheirDigits) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* distance : kDistances) {
    for (int D : {2, 16, 128, 509}) {
      this->FillNearDuplicates(20, D, 1e-4);
      // margin 0 and the negative at the anchor's place: h = d(a,p).
      const string options = string("margin: 0 distance: ") + distance;
      for (int i = 0; i < 20; ++i) {
        const auto row = this->Row(i);
        const double want = ReferenceDistance(distance, row.a, row.p);
        const vector<Dtype> a(row.a.begin(), row.a.end());
        const vector<Dtype> p(row.p.begin(), row.p.end());
        const double got = metric::RowDistance(DistanceOf(distance), a.data(),
                                               p.data(), D);
        EXPECT_NEAR(got / want, 1, 1e-3) << distance << " D " << D;
      }
      const auto result = this->Run(options);
      const double want = this->ReferenceSum(distance, 0);
      EXPECT_NEAR(result.loss / want, 1, 1e-3) << distance << " D " << D;
    }
  }
}

// pos - neg + alpha/num/2, for (pos - neg + alpha)/num/2.
TYPED_TEST(TripletLossLayerTest, Bug_TheFactorAppliesToTheWholeSum) {
  this->Set({{0, 0}, {0, 0}}, {{2, 0}, {0, 1}}, {{0, 1}, {1, 0}});
  EXPECT_NEAR(this->Run("margin: 1").loss, 4 + 1, this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1 half: true").loss, 5 / 4.,
              this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1", "BATCH_SIZE").loss, 5 / 2.,
              this->Tolerance());
  const auto half = this->Run("margin: 1 half: true");
  this->ExpectRow(half.diff[0], 0, {-1, 0.5});
}

// One difference vector for all three gradients; the negative's gradient sent
// to the positive.
TYPED_TEST(TripletLossLayerTest, Bug_TheThreeGradientsAreThreeVectors) {
  this->Set({{1, 0, 0}}, {{0, 2, 0}}, {{0, 0, 3}});
  const auto result = this->Run("margin: 20");
  this->ExpectRow(result.diff[0], 0, {0, -4, 6});
  this->ExpectRow(result.diff[1], 0, {-2, 4, 0});
  this->ExpectRow(result.diff[2], 0, {2, 0, -6});
}

// log1p(exp(h)) is infinite from h = 89 (float) or 710 (double) on.
TYPED_TEST(TripletLossLayerTest, Bug_TheSoftHingeDoesNotOverflow) {
  for (double far : {5., 40., 1000.}) {
    this->Set({{0, 0}, {0, 0}}, {{far, 0}, {0, 0}}, {{0, 0}, {far, 0}});
    const auto result = this->Run("margin: 0 hinge: SOFT");
    const double small = std::log1p(std::exp(-far * far));
    EXPECT_NEAR(result.loss / (far * far + 2 * small), 1, 1e-6);
    const double slope = 1 / (1 + std::exp(-far * far));
    EXPECT_NEAR(result.diff[1][0] / (2 * far * slope), 1, 1e-6);
    EXPECT_NEAR(result.diff[2][2], -2 * far * (1 - slope),
                2 * far * 1e-6);
  }
}

// A mean over the active triplets when there are none.
TYPED_TEST(TripletLossLayerTest, Bug_NoValidTripletIsNoDivisionByZero) {
  this->Set({{0, 0}}, {{0, 1}}, {{30, 0}});
  const auto result = this->Run("margin: 1", "VALID");
  EXPECT_EQ(result.loss, 0);
  for (int bottom = 0; bottom < 3; ++bottom) {
    this->ExpectRow(result.diff[bottom], 0, {0, 0});
  }
}

// A hinge mask taken from the feature instead of from h: rows whose features
// lie about 0, and rows about the hinge's own kink.
TYPED_TEST(TripletLossLayerTest, Bug_TheKinkIsTheHingesNotTheFeatures) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(6, 4, 11, 1e-5);
  TripletLossLayer<Dtype> layer(this->Param("margin: 1", "", 1));
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, this->Bottoms(), this->Tops());
  EXPECT_EQ(checker.report().skipped, 0);
  // h = 0 for row 0, whose coordinates the check must leave out by itself.
  this->Set({{0, 0}, {0, 0}, {0, 0}}, {{1, 0}, {3, 1}, {2, 0}},
            {{1, 1}, {1, 1}, {1, 1}});
  TripletLossLayer<Dtype> at_kink(this->Param("margin: 1", "", 1));
  checker.CheckGradientExhaustive(&at_kink, this->Bottoms(), this->Tops());
  EXPECT_GE(checker.report().skipped, 4);
}

// Distances summed into memory that the previous pass left behind.
TYPED_TEST(TripletLossLayerTest, Bug_NoSumStartsFromAnEarlierPass) {
  typedef typename TypeParam::Dtype Dtype;
  TripletLossLayer<Dtype> layer(this->Param("margin: 1", "", 1));
  this->Set({{0, 0}}, {{100, 0}}, {{0, 1}});
  layer.SetUp(this->Bottoms(), this->Tops());
  EXPECT_EQ(this->Pass(&layer, {true, true, true}).loss, 10000);
  this->Set({{0, 0}}, {{0, 1}}, {{2, 0}});
  EXPECT_EQ(this->Pass(&layer, {true, true, true}).loss, 0);
}

}  // namespace
}  // namespace caffe
