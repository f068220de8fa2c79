// SliceLayer: equal and given pieces, gradients, and what it refuses.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class SliceLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(SliceLayerTest, TestDtypesAndDevices);

TYPED_TEST(SliceLayerTest, EqualPiecesAlongChannels) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Slice'", {{2, 6, 2, 1}}, 3);
  run.SetUpAndForward();
  for (int k = 0; k < 3; ++k) {
    ASSERT_EQ((vector<int>{2, 2, 2, 1}), run.top(k)->shape());
    for (int n = 0; n < 2; ++n) {
      for (int c = 0; c < 2; ++c) {
        for (int h = 0; h < 2; ++h) {
          EXPECT_EQ(run.bottom()->data_at(n, 2 * k + c, h, 0),
                    run.top(k)->data_at(n, c, h, 0));
        }
      }
    }
  }
}

TYPED_TEST(SliceLayerTest, PiecesCutAtSlicePoints) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Slice' slice_param { axis: 0 slice_point: 1 "
             "slice_point: 4 }", {{5, 2}}, 3);
  run.SetBottom(0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  run.SetUpAndForward();
  EXPECT_EQ((vector<int>{1, 2}), run.top(0)->shape());
  EXPECT_EQ((vector<Dtype>{0, 1}), run.Top(0));
  EXPECT_EQ((vector<Dtype>{2, 3, 4, 5, 6, 7}), run.Top(1));
  EXPECT_EQ((vector<Dtype>{8, 9}), run.Top(2));
}

TYPED_TEST(SliceLayerTest, NegativeAxisAndOldName) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner last("type: 'Slice' slice_param { axis: -1 slice_point: 1 }",
              {{2, 3}}, 2);
  last.SetBottom(0, {0, 1, 2, 3, 4, 5});
  last.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{0, 3}), last.Top(0));
  EXPECT_EQ((vector<Dtype>{1, 2, 4, 5}), last.Top(1));
  Runner old("type: 'Slice' slice_param { slice_dim: 0 }", {{4, 3}}, 2);
  old.SetUpAndForward();
  EXPECT_EQ((vector<int>{2, 3}), old.top(1)->shape());
}

TYPED_TEST(SliceLayerTest, UndoesConcat) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner slice("type: 'Slice' slice_param { slice_point: 2 }", {{3, 5, 2}}, 2);
  slice.SetUpAndForward();
  Runner concat("type: 'Concat'", {{3, 2, 2}, {3, 3, 2}});
  concat.SetBottom(0, slice.Top(0));
  concat.SetBottom(1, slice.Top(1));
  concat.SetUpAndForward();
  EXPECT_EQ(slice.Bottom(), concat.Top());
}

TYPED_TEST(SliceLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* axis : {"0", "1", "2"}) {
    Runner run(string("type: 'Slice' slice_param { slice_point: 1 axis: ") +
               axis + " }", {{3, 4, 2}}, 2);
    run.CheckGradient();
  }
  Runner one("type: 'Slice'", {{3, 4}}, 1);
  one.CheckGradient();
}

TEST(SliceLayer, RefusesSizesThatDoNotDivide) {
  ExpectRefused("type: 'Slice'", {{2, 5}}, 2, {"axis 1", "5", "2 equal"});
  ExpectRefused("type: 'Slice'", {{2, 2}}, 4, {"axis 1", "2", "4 equal"});
}

TEST(SliceLayer, RefusesSlicePoints) {
  ExpectRefused("type: 'Slice' slice_param { slice_point: 3 slice_point: 2 }",
                {{2, 5}}, 3, {"slice_point 2", "3", "ascend"});
  ExpectRefused("type: 'Slice' slice_param { slice_point: 0 }", {{2, 5}}, 2,
                {"slice_point 0", "ascend"});
  ExpectRefused("type: 'Slice' slice_param { slice_point: 5 }", {{2, 5}}, 2,
                {"slice_point 5", "outside", "size 5"});
  ExpectRefused("type: 'Slice' slice_param { slice_point: 4294967295 }",
                {{2, 5}}, 2, {"slice_point 4294967295", "outside"});
  ExpectRefused("type: 'Slice' slice_param { slice_point: 2 }", {{2, 5}}, 3,
                {"1 slice_point(s) make 2 tops", "has 3"});
}

TEST(SliceLayer, RefusesAnAxisOutside) {
  ExpectRefused("type: 'Slice' slice_param { axis: -3 }", {{2, 4}}, 2,
                {"axis -3", "2 4 (8)"});
  ExpectRefused("type: 'Slice' slice_param { axis: 0 slice_dim: 0 }", {{2, 4}},
                2, {"both"});
  ExpectRefused("type: 'Slice'", {{2, 4}}, 2, {"in place"}, true);
}

}  // namespace
}  // namespace caffe
