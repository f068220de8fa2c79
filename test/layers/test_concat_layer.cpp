// ConcatLayer: along each axis, gradients, and what it refuses.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class ConcatLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(ConcatLayerTest, TestDtypesAndDevices);

TYPED_TEST(ConcatLayerTest, AlongChannels) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Concat'", {{2, 3, 2, 2}, {2, 1, 2, 2}, {2, 2, 2, 2}});
  run.SetUpAndForward();
  EXPECT_EQ((vector<int>{2, 6, 2, 2}), run.top()->shape());
  const int first[] = {0, 3, 4}, size[] = {3, 1, 2};
  for (int n = 0; n < 2; ++n) {
    for (int k = 0; k < 3; ++k) {
      for (int c = 0; c < size[k]; ++c) {
        for (int i = 0; i < 4; ++i) {
          EXPECT_EQ(run.bottom(k)->data_at(n, c, i / 2, i % 2),
                    run.top()->data_at(n, first[k] + c, i / 2, i % 2));
        }
      }
    }
  }
}

TYPED_TEST(ConcatLayerTest, AlongTheFirstAndTheLastAxis) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner rows("type: 'Concat' concat_param { axis: 0 }", {{1, 2}, {2, 2}});
  rows.SetBottom(0, {1, 2});
  rows.SetBottom(1, {3, 4, 5, 6});
  rows.SetUpAndForward();
  EXPECT_EQ((vector<int>{3, 2}), rows.top()->shape());
  EXPECT_EQ((vector<Dtype>{1, 2, 3, 4, 5, 6}), rows.Top());
  Runner columns("type: 'Concat' concat_param { axis: -1 }",
                 {{2, 1}, {2, 2}});
  columns.SetBottom(0, {1, 2});
  columns.SetBottom(1, {3, 4, 5, 6});
  columns.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{1, 3, 4, 2, 5, 6}), columns.Top());
}

TYPED_TEST(ConcatLayerTest, ConcatDimIsTheOldName) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Concat' concat_param { concat_dim: 2 }",
             {{2, 1, 3}, {2, 1, 4}});
  run.SetUpAndForward();
  EXPECT_EQ((vector<int>{2, 1, 7}), run.top()->shape());
}

TYPED_TEST(ConcatLayerTest, OneBottomIsCopied) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Concat'", {{2, 3}});
  run.SetUpAndForward();
  EXPECT_EQ(run.Bottom(), run.Top());
}

TYPED_TEST(ConcatLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* axis : {"0", "1", "2", "-1"}) {
    Runner run(string("type: 'Concat' concat_param { axis: ") + axis + " }",
               {{2, 3, 2}, {2, 3, 2}, {2, 3, 2}});
    run.CheckGradient();
  }
  Runner uneven("type: 'Concat'", {{2, 3, 2}, {2, 1, 2}});
  uneven.CheckGradient();
}

TEST(ConcatLayer, LargeCopiesAreWhole) {
  LayerRunner<float> run("type: 'Concat'", {{1, 300007}, {1, 400009}});
  run.SetUpAndForward();
  vector<float> want = run.Bottom(0);
  const vector<float> second = run.Bottom(1);
  want.insert(want.end(), second.begin(), second.end());
  EXPECT_EQ(want, run.Top());
}

TEST(ConcatLayer, RefusesShapesThatDiffer) {
  ExpectRefused("type: 'Concat'", {{2, 3, 4}, {2, 5, 4}, {2, 3, 5}}, 1,
                {"bottom 2", "2 3 4 (24)", "2 3 5 (30)", "axis 1"});
  ExpectRefused("type: 'Concat'", {{2, 3, 4}, {2, 3}}, 1,
                {"2 3 4 (24)", "2 3 (6)"});
}

TEST(ConcatLayer, RefusesAnAxisOutside) {
  ExpectRefused("type: 'Concat' concat_param { axis: 3 }", {{2, 3}, {2, 3}}, 1,
                {"axis 3", "2 3 (6)"});
  ExpectRefused("type: 'Concat' concat_param { concat_dim: 4000000000 }",
                {{2, 3}, {2, 3}}, 1, {"axis 4000000000"});
  ExpectRefused("type: 'Concat' concat_param { axis: 1 concat_dim: 1 }",
                {{2, 3}}, 1, {"both"});
}

TEST(ConcatLayer, RefusesInPlace) {
  ExpectRefused("type: 'Concat'", {{2, 3}, {2, 3}}, 1, {"in place"}, true);
}

}  // namespace
}  // namespace caffe
