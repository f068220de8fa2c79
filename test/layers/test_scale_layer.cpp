// Scale: where the operand meets the bottom, and its gradients.
#include "caffe/layers/scale_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class ScaleLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(ScaleLayerTest, TestDtypesAndDevices);

// y = x s + b, each value of s and b repeated on `inner` neighbours.
vector<double> Scaled(const vector<double>& x, const vector<double>& s,
                      const vector<double>& b, int inner) {
  vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t c = i / inner % s.size();
    y[i] = x[i] * s[c] + (b.empty() ? 0 : b[c]);
  }
  return y;
}

TYPED_TEST(ScaleLayerTest, ItsOwnParameterMeetsTheAxes) {
  typedef typename TypeParam::Dtype Dtype;
  struct Setting {
    const char* options;
    vector<int> operand;
    int inner;
  };
  const vector<Setting> settings = {{"", {3}, 20},
                                    {"axis: 0", {2}, 60},
                                    {"axis: -1", {5}, 1},
                                    {"axis: 1 num_axes: 2", {3, 4}, 5},
                                    {"axis: 2 num_axes: -1", {4, 5}, 1},
                                    {"axis: 0 num_axes: -1", {2, 3, 4, 5}, 1},
                                    {"num_axes: 0", {}, 120}};
  for (const Setting& setting : settings) {
    LayerCase<Dtype> layer_case(
        string("type: 'Scale' scale_param { bias_term: true "
               "filler { type: 'uniform' min: -2 max: 2 } "
               "bias_filler { type: 'uniform' min: -1 max: 1 } ") +
            setting.options + " }",
        {{2, 3, 4, 5}});
    layer_case.Run();
    EXPECT_EQ(setting.operand, layer_case.param(0)->shape());
    EXPECT_EQ(setting.operand, layer_case.param(1)->shape());
    ExpectNear<Dtype>(Scaled(layer_case.BottomData(), layer_case.ParamData(0),
                             layer_case.ParamData(1), setting.inner),
                      layer_case.TopData());
    layer_case.CheckGradient();
  }
}

TYPED_TEST(ScaleLayerTest, DefaultIsOneAndNoBias) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Scale'", {{2, 3}});
  layer_case.Run();
  EXPECT_EQ(1u, layer_case.layer()->blobs().size());
  EXPECT_EQ(layer_case.BottomData(), layer_case.TopData());
}

TYPED_TEST(ScaleLayerTest, SecondBottom) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Scale' scale_param { axis: 1 }",
                              {{2, 3, 4, 5}, {3, 4}});
  layer_case.Run();
  EXPECT_TRUE(layer_case.layer()->blobs().empty());
  ExpectNear<Dtype>(
      Scaled(layer_case.BottomData(), layer_case.BottomData(1), {}, 5),
      layer_case.TopData());
  layer_case.CheckGradient();
  LayerCase<Dtype> biased(
      "type: 'Scale' scale_param { axis: 0 bias_term: true "
      "bias_filler { value: 3 } }",
      {{2, 3}, {2}});
  biased.Run();
  EXPECT_EQ(1u, biased.layer()->blobs().size());
  ExpectNear<Dtype>(
      Scaled(biased.BottomData(), biased.BottomData(1), {3, 3}, 3),
      biased.TopData());
  biased.CheckGradient();
  LayerCase<Dtype>("type: 'Scale'", {{2, 3}, {}}).CheckGradient();
}

TYPED_TEST(ScaleLayerTest, InPlace) {
  typedef typename TypeParam::Dtype Dtype;
  const string text =
      "type: 'Scale' scale_param { bias_term: true "
      "filler { type: 'uniform' min: -2 max: 2 } }";
  LayerCase<Dtype>(text, {{3, 2, 2, 5}}, 1, LayerCase<Dtype>::kInPlace)
      .CheckGradient();
  LayerCase<Dtype>("type: 'Scale'", {{3, 2, 5}, {2}}, 1,
                   LayerCase<Dtype>::kInPlace)
      .CheckGradient();
}

TYPED_TEST(ScaleLayerTest, FrozenParametersGetNoGradient) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Scale' scale_param { bias_term: true }",
                              {{2, 3}});
  layer_case.Run();
  layer_case.layer()->set_param_propagate_down(0, false);
  caffe_set(3, Dtype(0), layer_case.param(0)->mutable_cpu_diff());
  caffe_set(3, Dtype(0), layer_case.param(1)->mutable_cpu_diff());
  layer_case.RunBackward();
  EXPECT_EQ(0, layer_case.param(0)->asum_diff());
  EXPECT_NE(0, layer_case.param(1)->asum_diff());
}

TYPED_TEST(ScaleLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const vector<int>& shape :
       {vector<int>{7, 13, 97, 51}, vector<int>{1021, 777}}) {
    ExpectSameForAnyThreads<Dtype>(
        "type: 'Scale' scale_param { bias_term: true }", {shape});
  }
}

TYPED_TEST(ScaleLayerTest, OperandsThatDoNotFitAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  EXPECT_EQ(
      "the operand's shape 4 (4) is not that of the bottom's axes from 1 on "
      "(2 3 (6))",
      LayerCase<Dtype>("type: 'Scale'", {{2, 3}, {4}}).InputError());
  EXPECT_EQ(
      "axis 1 and num_axes 2 go beyond its bottom's shape 2 3 (6)",
      LayerCase<Dtype>("type: 'Scale' scale_param { num_axes: 2 }", {{2, 3}})
          .InputError());
}

}  // namespace caffe
