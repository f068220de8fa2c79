// SilenceLayer: no top, and a gradient of 0.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class SilenceLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(SilenceLayerTest, TestDtypesAndDevices);

TYPED_TEST(SilenceLayerTest, GradientIsZero) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Silence'", {{2, 3}, {4}}, 0);
  run.SetUpAndForward();
  for (int i = 0; i < 4; ++i) run.bottom(1)->mutable_cpu_diff()[i] = 7;
  run.bottom(0)->mutable_cpu_diff()[5] = 7;
  run.layer()->Backward(run.tops(), {true, false}, run.bottoms());
  EXPECT_EQ(vector<Dtype>(6, 0), Runner::Diff(*run.bottom(0)));
  EXPECT_EQ(vector<Dtype>(4, 7), Runner::Diff(*run.bottom(1)));
}

}  // namespace
}  // namespace caffe
