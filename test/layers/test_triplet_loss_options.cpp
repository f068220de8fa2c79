// TripletLoss: its options (each against a formula written out here, and
// against numerical gradients), threads, and what it refuses.
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
class TripletLossOptionsTest : public TripletTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  void CheckGradients(const string& options, const string& normalization) {
    SCOPED_TRACE(options + " " + normalization);
    TripletLossLayer<Dtype> layer(this->Param(options, normalization, 1));
    GradientChecker<Dtype> checker;
    checker.CheckGradientExhaustive(&layer, this->Bottoms(), this->Tops());
  }
  // The message with which the layer is refused; "" when it is not.
  string Refusal(const LayerParameter& param) {
    try {
      TripletLossLayer<Dtype> layer(param);
      layer.SetUp(this->Bottoms(), this->Tops());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    return "";
  }
};

TYPED_TEST_SUITE(TripletLossOptionsTest, TestDtypesAndDevices);

TYPED_TEST(TripletLossOptionsTest, TheDefaultIsThePlainSum) {
  this->Fill(9, 5, 1);
  EXPECT_NEAR(this->Run("").loss, this->ReferenceSum("SQUARED_L2", 1),
              this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 0.2").loss,
              this->ReferenceSum("SQUARED_L2", 0.2f), this->Tolerance());
}

TYPED_TEST(TripletLossOptionsTest, EveryDistanceHasItsFormula) {
  this->Fill(9, 37, 2);
  for (const char* distance : kDistances) {
    const double want = this->ReferenceSum(distance, 0.25);
    const double got =
        this->Run(string("margin: 0.25 distance: ") + distance).loss;
    EXPECT_NEAR(got / want, 1, this->IsDouble() ? 1e-12 : 1e-4) << distance;
  }
}

TYPED_TEST(TripletLossOptionsTest, EveryCombinationHasItsGradient) {
  this->Fill(5, 3, 3);
  for (const char* distance : kDistances) {
    for (const char* hinge : {"HARD", "SOFT"}) {
      for (const char* rest :
           {"", "intra_weight: 0.7 intra_margin: 0.4", "half: true"}) {
        for (const char* normalization : {"NONE", "BATCH_SIZE", "VALID"}) {
          this->CheckGradients(string("margin: 0.6 distance: ") + distance +
                                   " hinge: " + hinge + " " + rest,
                               normalization);
        }
      }
    }
  }
}

TYPED_TEST(TripletLossOptionsTest, ImprovedLossAddsTheIntraClassTerm) {
  // d(a,p) = 4 and 1, d(a,n) = 1 and 9.
  this->Set({{0, 0}, {0, 0}}, {{2, 0}, {0, 1}}, {{0, 1}, {3, 0}});
  const auto result =
      this->Run("margin: 1 intra_weight: 0.5 intra_margin: 0.5");
  EXPECT_NEAR(result.loss, 4 + 0.5 * 3.5 + 0.5 * 0.5, this->Tolerance());
  // Row 1 is beyond the margin, and only its intra-class term pulls.
  this->ExpectRow(result.diff[0], 1, {0, -1});
  this->ExpectRow(result.diff[1], 1, {0, 1});
  this->ExpectRow(result.diff[2], 1, {0, 0});
}

TYPED_TEST(TripletLossOptionsTest, SoftHingeOfZeroIsLogTwo) {
  this->Set({{0, 0}}, {{1, 0}}, {{0, 1}});
  const auto result = this->Run("margin: 0 hinge: SOFT");
  EXPECT_NEAR(result.loss, std::log(2.), this->Tolerance());
  this->ExpectRow(result.diff[1], 0, {1, 0});  // sigmoid(0) * 2
}

TYPED_TEST(TripletLossOptionsTest, ValidCountsTheRowsWithALoss) {
  this->Set({{0, 0}, {0, 0}, {0, 0}}, {{2, 0}, {0, 1}, {0, 2}},
            {{0, 1}, {3, 0}, {1, 0}});
  EXPECT_NEAR(this->Run("margin: 1").loss, 8, this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1", "VALID").loss, 4, this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1", "FULL").loss, 8 / 3.,
              this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1 half: true", "NONE").loss, 4,
              this->Tolerance());
  EXPECT_NEAR(this->Run("margin: 1 half: true").loss, 8 / 6.,
              this->Tolerance());
}

TYPED_TEST(TripletLossOptionsTest, TheOlderNormalizeIsRead) {
  typedef typename TypeParam::Dtype Dtype;
  this->Set({{0, 0}, {0, 0}}, {{2, 0}, {0, 1}}, {{0, 1}, {3, 0}});
  for (bool normalize : {true, false}) {
    LayerParameter param = this->Param("margin: 1");
    param.mutable_loss_param()->set_normalize(normalize);
    TripletLossLayer<Dtype> layer(param);
    layer.SetUp(this->Bottoms(), this->Tops());
    EXPECT_NEAR(this->Pass(&layer, {true, true, true}).loss,
                normalize ? 4 : 2, this->Tolerance());
  }
}

TYPED_TEST(TripletLossOptionsTest, WeightsScaleEachRow) {
  this->Fill(4, 3, 5);
  const auto plain = this->Run("margin: 9");
  const vector<double> weights = {2, 0, 0.5, 1};
  this->SetWeights(weights);
  const auto weighted = this->Run("margin: 9");
  for (int bottom = 0; bottom < 3; ++bottom) {
    for (int k = 0; k < 12; ++k) {
      EXPECT_NEAR(weighted.diff[bottom][k],
                  weights[k / 3] * plain.diff[bottom][k], this->Tolerance());
    }
  }
  double want = 0;
  for (int i = 0; i < 4; ++i) {
    const auto row = this->Row(i);
    want += weights[i] *
            std::max(0., ReferenceDistance("SQUARED_L2", row.a, row.p) -
                             ReferenceDistance("SQUARED_L2", row.a, row.n) + 9);
  }
  EXPECT_NEAR(weighted.loss, want, this->Tolerance());
  for (const char* distance : kDistances) {
    this->CheckGradients(string("margin: 0.5 distance: ") + distance, "VALID");
  }
}

TYPED_TEST(TripletLossOptionsTest, TrailingAxesAreFlattened) {
  this->Fill(3, 8, 6);
  const auto flat = this->Run("margin: 2");
  for (int b = 0; b < 3; ++b) this->bottom_[b].Reshape({3, 2, 2, 2});
  const auto deep = this->Run("margin: 2");
  EXPECT_EQ(flat.loss, deep.loss);
  EXPECT_EQ(flat.diff[0], deep.diff[0]);
}

TYPED_TEST(TripletLossOptionsTest, ThreadsDoNotChangeABit) {
  const int before = Caffe::threads();
  this->Fill(700, 131, 7);
  for (const char* distance : kDistances) {
    const string options = string("margin: 1 distance: ") + distance;
    Caffe::set_threads(1);
    const auto one = this->Run(options, "BATCH_SIZE");
    Caffe::set_threads(3);
    const auto three = this->Run(options, "BATCH_SIZE");
    EXPECT_EQ(one.loss, three.loss);
    for (int b = 0; b < 3; ++b) EXPECT_EQ(one.diff[b], three.diff[b]);
  }
  Caffe::set_threads(before);
}

TYPED_TEST(TripletLossOptionsTest, ANaNIsNotHidden) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* distance : kDistances) {
    for (const char* hinge : {"HARD", "SOFT"}) {
      this->Set({{nan, 0}}, {{0, 1}}, {{1, 0}});
      const string options =
          string("margin: 1 distance: ") + distance + " hinge: " + hinge;
      try {
        const double loss = this->Run(options).loss;
        EXPECT_TRUE(TypeParam::device == Caffe::GPU && std::isnan(loss))
            << options;
      } catch (const Error& error) {
        EXPECT_TRUE(error.not_finite()) << options;
      }
    }
  }
}

TYPED_TEST(TripletLossOptionsTest, RefusesAMarginThatMeansNothing) {
  this->Fill(2, 2, 1);
  for (const char* margin : {"-0.5", "nan", "inf"}) {
    EXPECT_NE(this->Refusal(this->Param(string("margin: ") + margin))
                  .find("triplet_loss_param: margin is "),
              string::npos)
        << margin;
  }
  EXPECT_NE(this->Refusal(this->Param("intra_weight: -1"))
                .find("intra_weight is -1"),
            string::npos);
  EXPECT_EQ(this->Refusal(this->Param("margin: 0")), "");
}

TYPED_TEST(TripletLossOptionsTest, RefusesTheFieldsOfOtherTripletLayers) {
  this->Fill(2, 2, 1);
  for (const char* field :
       {"alpha: 1.1", "num_triplets: 3", "mu: 0.5", "ids_per_batch: 4",
        "num_per_id: 5", "separate: true"}) {
    const string name = string(field).substr(0, string(field).find(':'));
    EXPECT_NE(this->Refusal(this->Param(field)).find("'" + name + "'"),
              string::npos)
        << field;
  }
  EXPECT_NE(this->Refusal(this->Param("alpha: 1.1")).find("margin:"),
            string::npos);
  EXPECT_EQ(this->Refusal(this->Param("num_triplets: 1")), "");
}

TYPED_TEST(TripletLossOptionsTest, NamesBothShapesThatDoNotFit) {
  LayerParameter param = this->Param("margin: 1");
  for (const char* name : {"fa", "fp", "fn"}) param.add_bottom(name);
  this->Fill(4, 3, 1);
  this->bottom_[2].Reshape({4, 2});
  EXPECT_EQ(this->Refusal(param),
            "bottom 2 'fn' (negative) has shape 4 2 (8), but bottom 0 'fa' "
            "(anchor) has shape 4 3 (12); they must have the same shape");
  this->Fill(4, 3, 1);
  this->bottom_[1].Reshape({3, 4});
  EXPECT_NE(this->Refusal(param).find("bottom 1 'fp' (positive) has shape 3 4"),
            string::npos);
  this->Fill(4, 3, 1);
  this->SetWeights({1, 1, 1});
  EXPECT_NE(this->Refusal(param).find("one value for each of the 4 rows"),
            string::npos);
}

TYPED_TEST(TripletLossOptionsTest, WeightsGetNoGradient) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(2, 2, 1);
  this->SetWeights({1, 1});
  TripletLossLayer<Dtype> layer(this->Param("margin: 1"));
  layer.SetUp(this->Bottoms(), this->Tops());
  EXPECT_FALSE(layer.AllowForceBackward(3));
  layer.Forward(this->Bottoms(), this->Tops());
  EXPECT_THROW(layer.Backward(this->Tops(), {true, true, true, true},
                              this->Bottoms()),
               Error);
}

}  // namespace
}  // namespace caffe
