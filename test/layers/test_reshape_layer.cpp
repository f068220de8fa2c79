// ReshapeLayer: shapes, shared memory, gradients, and what it refuses.
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class ReshapeLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(ReshapeLayerTest, TestDtypesAndDevices);

TYPED_TEST(ReshapeLayerTest, Shapes) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const struct {
    const char* options;
    vector<int> want;
  } cases[] = {
      {"shape { dim: 6 dim: 10 dim: 2 }", {6, 10, 2}},
      {"shape { dim: 0 dim: -1 }", {2, 60}},
      {"shape { dim: 0 dim: 0 dim: 0 dim: 0 }", {2, 3, 4, 5}},
      {"shape { dim: -1 dim: 0 }", {40, 3}},
      {"shape { dim: 2 dim: -1 dim: 0 dim: 5 dim: 1 }", {2, 3, 4, 5, 1}},
      {"shape { dim: -1 } axis: 1", {2, 60}},
      {"shape { dim: 2 dim: 2 } axis: 2 num_axes: 1", {2, 3, 2, 2, 5}},
      {"shape { dim: -1 } axis: 1 num_axes: 2", {2, 12, 5}},
      {"shape { dim: 1 } axis: 1 num_axes: 0", {2, 1, 3, 4, 5}},
      {"shape { dim: 1 } axis: -1", {2, 3, 4, 5, 1}},
      {"shape { dim: 1 dim: -1 } axis: -1", {2, 3, 4, 5, 1, 1}},
      {"shape { dim: -1 } axis: -2", {2, 3, 4, 5}},
      {"shape { dim: -1 dim: 1 } axis: -3", {2, 3, 20, 1}}};
  for (const auto& c : cases) {
    Runner run(string("type: 'Reshape' reshape_param { ") + c.options + " }",
               {{2, 3, 4, 5}});
    run.SetUpAndForward();
    EXPECT_EQ(c.want, run.top()->shape()) << c.options;
    EXPECT_EQ(run.Bottom(), run.Top());
    EXPECT_EQ(run.bottom()->data(), run.top()->data());
  }
}

TYPED_TEST(ReshapeLayerTest, FollowsItsBottomsShape) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Reshape' reshape_param { shape { dim: 0 dim: -1 } }",
             {{2, 3, 4}});
  run.SetUpAndForward();
  run.bottom()->Reshape({5, 6, 7});
  Runner::Fill(run.bottom(), 4);
  run.Forward();
  EXPECT_EQ((vector<int>{5, 42}), run.top()->shape());
  EXPECT_EQ(run.Bottom(), run.Top());
}

TYPED_TEST(ReshapeLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Reshape' reshape_param { shape { dim: 0 dim: -1 } }",
             {{2, 3, 4}});
  run.CheckGradient();
}

void Refused(const string& options, const vector<string>& parts) {
  ExpectRefused("type: 'Reshape' reshape_param { " + options + " }",
                {{2, 3, 4}}, 1, parts);
}

TEST(Blob, HasOneAxisOfNoMoreThanAnIntOfValues) {
  Blob<float> blob;
  blob.ReshapeFlat(7);
  EXPECT_EQ(blob.shape(), (vector<int>{7}));
  for (const int64_t count : {int64_t{1} << 31, int64_t{1} << 32, int64_t{-1}}) {
    try {
      blob.ReshapeFlat(count);
      ADD_FAILURE() << count;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), "a blob of " + std::to_string(count) +
                                  " values; at most 2147483647 are possible");
    }
  }
  EXPECT_EQ(blob.count(), 7);
}

TEST(ReshapeLayer, RefusesCounts) {
  Refused("shape { dim: 5 dim: 5 }", {"2 3 4 (24)", "5 5 (25)"});
  Refused("shape { dim: 5 dim: -1 }", {"24", "2 3 4", "5"});
  Refused("shape { dim: 2147483647 dim: 2147483647 }", {"more values"});
}

TEST(ReshapeLayer, RefusesDims) {
  Refused("shape { dim: -1 dim: -1 }", {"2 dims of -1"});
  Refused("shape { dim: -2 }", {"-2"});
  Refused("shape { dim: 3000000000 }", {"3000000000"});
  Refused("shape { dim: 2 dim: 3 dim: 4 dim: 0 }",
          {"dim 3 is 0", "2 3 4 (24)"});
}

TEST(ReshapeLayer, RefusesAxes) {
  Refused("axis: 4", {"axis 4", "2 3 4 (24)"});
  Refused("axis: -5", {"axis -5", "2 3 4 (24)"});
  Refused("num_axes: -2", {"num_axes is -2"});
  Refused("axis: 1 num_axes: 3", {"num_axes is 3", "2 axes"});
  ExpectRefused("type: 'Reshape' reshape_param { shape { dim: 0 } }", {{2}}, 1,
                {"in place"}, true);
}

}  // namespace
}  // namespace caffe
