// PReLULayer: slopes by channel and shared, gradients, in place and apart.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class PReLULayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(PReLULayerTest, TestDtypesAndDevices);

TYPED_TEST(PReLULayerTest, FirstSlopesAreAQuarter) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'PReLU'", {{1, 2, 2}});
  run.SetBottom(0, {-4, 1, 2, -8});
  run.SetUpAndForward();
  ASSERT_EQ(1u, run.layer()->blobs().size());
  EXPECT_EQ((vector<int>{2}), run.layer()->blobs()[0]->shape());
  EXPECT_EQ((vector<Dtype>{-1, 1, 2, -2}), run.Top());
}

TYPED_TEST(PReLULayerTest, EachChannelHasItsSlope) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'PReLU'", {{2, 2, 2}});
  run.SetUp();
  run.layer()->blobs()[0]->mutable_cpu_data()[0] = Dtype(0.5);
  run.layer()->blobs()[0]->mutable_cpu_data()[1] = -2;
  run.SetBottom(0, {-4, 1, 2, -8, -1, -2, -3, 4});
  run.Forward();
  EXPECT_EQ((vector<Dtype>{-2, 1, 2, 16, Dtype(-0.5), -1, 6, 4}), run.Top());
}

TYPED_TEST(PReLULayerTest, SlopeGradientIsAdded) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'PReLU'", {{2, 2, 2}});
  run.SetBottom(0, {-4, 1, 2, -8, -1, -2, -3, 4});
  run.SetUpAndForward();
  Dtype* da = run.layer()->blobs()[0]->mutable_cpu_diff();
  da[0] = 100;
  da[1] = 200;
  run.BackwardFrom({{1, 1, 1, 2, 1, 3, 1, 1}});
  EXPECT_EQ((vector<Dtype>{100 - 4 - 1 - 6, 200 - 16 - 3}),
            Runner::Diff(*run.layer()->blobs()[0]));
}

TYPED_TEST(PReLULayerTest, SharedSlope) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'PReLU' prelu_param { channel_shared: true filler { "
             "type: 'constant' value: 0.5 } }", {{2, 3}});
  run.SetBottom(0, {-2, 2, -4, -6, 1, 0});
  run.SetUpAndForward();
  EXPECT_EQ(0, run.layer()->blobs()[0]->num_axes());
  EXPECT_EQ((vector<Dtype>{-1, 2, -2, -3, 1, 0}), run.Top());
}

TYPED_TEST(PReLULayerTest, QuarterSlopeEqualsLeakyReLU) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner prelu("type: 'PReLU'", {{2, 3, 5, 7}});
  Runner relu("type: 'ReLU' relu_param { negative_slope: 0.25 }",
              {{2, 3, 5, 7}});
  prelu.SetUpAndForward();
  relu.SetUpAndForward();
  EXPECT_EQ(relu.Top(), prelu.Top());
  const vector<Dtype> dy = relu.Bottom();
  EXPECT_EQ(relu.BackwardFrom({dy}), prelu.BackwardFrom({dy}));
}

TYPED_TEST(PReLULayerTest, InPlaceEqualsApartForAnySlope) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const string text =
      "type: 'PReLU' prelu_param { filler { type: 'uniform' min: -1 } }";
  Runner apart(text, {{2, 3, 7}});
  Runner in_place(text, {{2, 3, 7}}, 1, Runner::kInPlace);
  apart.SetUp();
  in_place.SetUp();
  in_place.layer()->blobs()[0]->CopyFrom(*apart.layer()->blobs()[0]);
  apart.Forward();
  in_place.Forward();
  EXPECT_EQ(apart.Top(), in_place.Top());
  const vector<Dtype> dy = apart.Bottom();
  EXPECT_EQ(apart.BackwardFrom({dy}), in_place.BackwardFrom({dy}));
  EXPECT_EQ(Runner::Diff(*apart.layer()->blobs()[0]),
            Runner::Diff(*in_place.layer()->blobs()[0]));
}

TYPED_TEST(PReLULayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const char* filler = "filler { type: 'uniform' min: -1 max: 1 }";
  for (const char* shared : {"", "channel_shared: true "}) {
    const string text =
        string("type: 'PReLU' prelu_param { ") + shared + filler + " }";
    for (const auto place : {Runner::kApart, Runner::kInPlace}) {
      Runner image(text, {{2, 3, 5, 7}}, 1, place);
      image.CheckGradient();
      Runner vectors(text, {{4, 6}}, 1, place);
      vectors.CheckGradient();
    }
  }
}

TEST(PReLULayer, RefusesABottomWithoutChannels) {
  ExpectRefused("type: 'PReLU'", {{4}}, 1, {"two axes", "4 (4)"});
}

TEST(PReLULayer, RefusesSlopesOfAnotherCount) {
  ExpectRefused("type: 'PReLU' blobs { shape { dim: 2 } data: 1 data: 1 }",
                {{4, 3}}, 1, {"2 (2)", "3 (3)"});
  LayerRunner<float> run("type: 'PReLU'", {{2, 3}});
  run.SetUp();
  run.bottom()->Reshape({2, 4});
  try {
    run.Forward();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind()) << error.what();
  }
}

}  // namespace
}  // namespace caffe
