// TanHLayer: values, extremes, gradients.
#include <cmath>
#include <limits>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class TanHLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(TanHLayerTest, TestDtypesAndDevices);

TYPED_TEST(TanHLayerTest, Values) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'TanH'", {{2, 3, 7}});
  run.SetUpAndForward();
  for (int i = 0; i < run.bottom()->count(); ++i) {
    const double x = run.bottom()->cpu_data()[i];
    EXPECT_NEAR(1 - 2 / (std::exp(2 * x) + 1), run.top()->cpu_data()[i],
                4 * std::numeric_limits<Dtype>::epsilon());
  }
}

TYPED_TEST(TanHLayerTest, Extremes) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'TanH'", {{3}});
  run.SetBottom(0, {-1e4, 0, 1e4});
  run.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{-1, 0, 1}), run.Top());
  EXPECT_EQ((vector<Dtype>{0, 1, 0}), run.BackwardFrom({{1, 1, 1}}));
}

TYPED_TEST(TanHLayerTest, InPlaceEqualsApart) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner apart("type: 'TanH'", {{2, 3, 7}});
  Runner in_place("type: 'TanH'", {{2, 3, 7}}, 1, Runner::kInPlace);
  apart.SetUpAndForward();
  in_place.SetUpAndForward();
  EXPECT_EQ(apart.Top(), in_place.Top());
  const vector<Dtype> dy = apart.Bottom();
  EXPECT_EQ(apart.BackwardFrom({dy}), in_place.BackwardFrom({dy}));
}

TYPED_TEST(TanHLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const auto place : {Runner::kApart, Runner::kInPlace}) {
    Runner run("type: 'TanH'", {{2, 3, 7}}, 1, place);
    run.CheckGradient();
  }
}

}  // namespace
}  // namespace caffe
