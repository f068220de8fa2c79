// Normalize: unit rows, the zero row, its gradient, in place.
#include <cmath>
#include <limits>
#include <vector>

#include "caffe/layers/normalize_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class NormalizeLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  void Fill(const vector<int>& shape) {
    x_.Reshape(shape);
    Rng rng(7);
    for (int k = 0; k < x_.count(); ++k) {
      x_.mutable_cpu_data()[k] = static_cast<Dtype>(rng.Gaussian());
    }
  }
  void ZeroRow(int row) {
    for (int k = 0; k < x_.count(1); ++k) {
      x_.mutable_cpu_data()[row * x_.count(1) + k] = 0;
    }
  }
  bool Refused(const LayerParameter& param) {
    try {
      NormalizeLayer<Dtype> layer(param);
      layer.SetUp({&x_}, {&y_});
    } catch (const Error& error) {
      return error.kind() == Error::kInput;
    }
    return false;
  }

  Blob<Dtype> x_, y_;
};

TYPED_TEST_SUITE(NormalizeLayerTest, TestDtypesAndDevices);

TYPED_TEST(NormalizeLayerTest, RowsHaveLengthOneAndTheirDirection) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill({5, 3, 7, 1});
  NormalizeLayer<Dtype> layer((LayerParameter()));
  layer.SetUp({&this->x_}, {&this->y_});
  layer.Forward({&this->x_}, {&this->y_});
  EXPECT_EQ(this->y_.shape(), this->x_.shape());
  for (int i = 0; i < 5; ++i) {
    double squares = 0, norm = 0;
    for (int k = i * 21; k < (i + 1) * 21; ++k) {
      squares += this->y_.cpu_data()[k] * this->y_.cpu_data()[k];
      norm += 1. * this->x_.cpu_data()[k] * this->x_.cpu_data()[k];
    }
    EXPECT_NEAR(squares, 1, 1e-6);
    EXPECT_NEAR(this->y_.cpu_data()[i * 21] * std::sqrt(norm),
                this->x_.cpu_data()[i * 21], 1e-6);
  }
}

TYPED_TEST(NormalizeLayerTest, AZeroRowStaysZeroAndGetsNoGradient) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill({3, 4});
  this->ZeroRow(1);
  NormalizeLayer<Dtype> layer((LayerParameter()));
  layer.SetUp({&this->x_}, {&this->y_});
  layer.Forward({&this->x_}, {&this->y_});
  for (int k = 0; k < 12; ++k) this->y_.mutable_cpu_diff()[k] = 1;
  layer.Backward({&this->y_}, {true}, {&this->x_});
  for (int k = 0; k < 12; ++k) {
    EXPECT_TRUE(std::isfinite(this->y_.cpu_data()[k]));
    EXPECT_TRUE(std::isfinite(this->x_.cpu_diff()[k]));
    if (k / 4 != 1) continue;
    EXPECT_EQ(this->y_.cpu_data()[k], 0);
    EXPECT_EQ(this->x_.cpu_diff()[k], 0);
  }
}

TYPED_TEST(NormalizeLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill({4, 6, 2});
  NormalizeLayer<Dtype> layer((LayerParameter()));
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, {&this->x_}, {&this->y_});
  this->ZeroRow(2);
  checker.CheckGradientExhaustive(&layer, {&this->x_}, {&this->y_});
  EXPECT_EQ(checker.report().skipped, 12);
}

// Whatever the way that the device takes through a row: in packs or one by
// one, kept in shared memory or read twice.
TYPED_TEST(NormalizeLayerTest, TheDeviceGivesTheBitsOfTheCpu) {
  typedef typename TypeParam::Dtype Dtype;
  for (const int N : {1, 9, 33}) {
    for (const int D : {1, 3, 4, 16, 20, 67, 128, 770, 772, 1540}) {
      vector<Dtype> result[2][2];
      for (const bool second : {false, true}) {
        Caffe::set_mode(second ? TypeParam::device : Caffe::CPU);
        LayerRunner<Dtype> run("type: 'Normalize'", {{N, D}});
        run.SetUpAndForward();
        result[second][0] = run.Top();
        result[second][1] = run.BackwardFrom({run.Bottom()});
      }
      EXPECT_TRUE(SameBits(result[0][0], result[1][0])) << N << " x " << D;
      EXPECT_TRUE(SameBits(result[0][1], result[1][1])) << N << " x " << D;
    }
  }
}

TYPED_TEST(NormalizeLayerTest, InPlaceIsTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill({4, 5});
  NormalizeLayer<Dtype> apart((LayerParameter())), in_place((LayerParameter()));
  apart.SetUp({&this->x_}, {&this->y_});
  apart.Forward({&this->x_}, {&this->y_});
  for (int k = 0; k < 20; ++k) this->y_.mutable_cpu_diff()[k] = k - 7;
  apart.Backward({&this->y_}, {true}, {&this->x_});
  Blob<Dtype> z;
  z.CopyFrom(this->x_, false, true);
  in_place.SetUp({&z}, {&z});
  in_place.Forward({&z}, {&z});
  for (int k = 0; k < 20; ++k) {
    EXPECT_EQ(z.cpu_data()[k], this->y_.cpu_data()[k]);
    z.mutable_cpu_diff()[k] = k - 7;
  }
  in_place.Backward({&z}, {true}, {&z});
  for (int k = 0; k < 20; ++k) {
    EXPECT_EQ(z.cpu_diff()[k], this->x_.cpu_diff()[k]);
  }
}

TYPED_TEST(NormalizeLayerTest, InPlaceGradient) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill({3, 5});
  NormalizeLayer<Dtype> layer((LayerParameter()));
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, {&this->x_}, {&this->x_});
}

TYPED_TEST(NormalizeLayerTest, RefusesWhatItDoesNotDo) {
  this->Fill({2, 2});
  LayerParameter param;
  param.mutable_normalize_param()->set_normalize_type("L2");
  EXPECT_FALSE(this->Refused(param));
  param.mutable_normalize_param()->set_normalize_type("L1");
  EXPECT_TRUE(this->Refused(param));
  param.Clear();
  param.mutable_normalize_param()->set_fix_gradient(true);
  EXPECT_TRUE(this->Refused(param));
  param.Clear();
  param.mutable_normalize_param()->set_eps(-1);
  EXPECT_TRUE(this->Refused(param));
}

}  // namespace
}  // namespace caffe
