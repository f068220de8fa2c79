// SigmoidLayer: values, extremes, gradients.
#include <cmath>
#include <limits>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class SigmoidLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(SigmoidLayerTest, TestDtypesAndDevices);

TYPED_TEST(SigmoidLayerTest, Values) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Sigmoid'", {{2, 3, 7}});
  run.SetUpAndForward();
  for (int i = 0; i < run.bottom()->count(); ++i) {
    const double x = run.bottom()->cpu_data()[i];
    EXPECT_NEAR(1 / (1 + std::exp(-x)), run.top()->cpu_data()[i],
                4 * std::numeric_limits<Dtype>::epsilon());
  }
}

TYPED_TEST(SigmoidLayerTest, ExtremesNeitherOverflowNorLosePrecision) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Sigmoid'", {{6}});
  run.SetBottom(0, {-1e4, -50, 0, 50, 1e4,
                    std::numeric_limits<Dtype>::quiet_NaN()});
  run.SetUpAndForward();
  const vector<Dtype> y = run.Top();
  EXPECT_EQ(0, y[0]);
  EXPECT_NEAR(1, y[1] / std::exp(-50.), 1e-5);
  EXPECT_EQ(Dtype(0.5), y[2]);
  EXPECT_EQ(1, y[3]);
  EXPECT_EQ(1, y[4]);
  EXPECT_TRUE(std::isnan(y[5]));
  const vector<Dtype> dx = run.BackwardFrom({{1, 1, 1, 1, 1, 1}});
  EXPECT_EQ(0, dx[0]);
  EXPECT_EQ(Dtype(0.25), dx[2]);
  EXPECT_EQ(0, dx[4]);
}

TYPED_TEST(SigmoidLayerTest, InPlaceEqualsApart) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner apart("type: 'Sigmoid'", {{2, 3, 7}});
  Runner in_place("type: 'Sigmoid'", {{2, 3, 7}}, 1, Runner::kInPlace);
  apart.SetUpAndForward();
  in_place.SetUpAndForward();
  EXPECT_EQ(apart.Top(), in_place.Top());
  const vector<Dtype> dy = apart.Bottom();
  EXPECT_EQ(apart.BackwardFrom({dy}), in_place.BackwardFrom({dy}));
}

TYPED_TEST(SigmoidLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const auto place : {Runner::kApart, Runner::kInPlace}) {
    Runner run("type: 'Sigmoid'", {{2, 3, 7}}, 1, place);
    run.CheckGradient();
  }
}

}  // namespace
}  // namespace caffe
