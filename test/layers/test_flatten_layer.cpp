// FlattenLayer: shapes, shared memory, gradients, and what it refuses.
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class FlattenLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(FlattenLayerTest, TestDtypesAndDevices);

TYPED_TEST(FlattenLayerTest, Shapes) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const struct {
    const char* options;
    vector<int> want;
  } cases[] = {{"", {2, 60}},
               {"axis: 2", {2, 3, 20}},
               {"axis: 0", {120}},
               {"axis: -2", {2, 3, 20}},
               {"axis: 1 end_axis: 2", {2, 12, 5}},
               {"axis: 0 end_axis: -3", {6, 4, 5}},
               {"axis: 1 end_axis: 1", {2, 3, 4, 5}}};
  for (const auto& c : cases) {
    Runner run(string("type: 'Flatten' flatten_param { ") + c.options + " }",
               {{2, 3, 4, 5}});
    run.SetUpAndForward();
    EXPECT_EQ(c.want, run.top()->shape()) << c.options;
    EXPECT_EQ(run.Bottom(), run.Top());
    EXPECT_EQ(run.bottom()->data(), run.top()->data());
  }
}

TYPED_TEST(FlattenLayerTest, FollowsItsBottomsShape) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Flatten'", {{2, 3, 4}});
  run.SetUpAndForward();
  run.bottom()->Reshape({5, 6, 7});
  Runner::Fill(run.bottom(), 4);
  run.Forward();
  EXPECT_EQ((vector<int>{5, 42}), run.top()->shape());
  EXPECT_EQ(run.Bottom(), run.Top());
}

TYPED_TEST(FlattenLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Flatten'", {{2, 3, 4}});
  run.CheckGradient();
}

TEST(FlattenLayer, Refusals) {
  ExpectRefused("type: 'Flatten'", {{2, 3}}, 1, {"in place"}, true);
  ExpectRefused("type: 'Flatten' flatten_param { axis: 3 }", {{2, 3}}, 1,
                {"axis 3", "2 3 (6)"});
  ExpectRefused("type: 'Flatten' flatten_param { axis: 2 end_axis: 1 }",
                {{2, 3, 4}}, 1, {"axis 2", "end_axis 1"});
}

}  // namespace
}  // namespace caffe
