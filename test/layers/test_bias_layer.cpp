// Bias: where the operand meets the bottom, and its gradients.
#include "caffe/layers/bias_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class BiasLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(BiasLayerTest, TestDtypesAndDevices);

vector<double> Shifted(vector<double> x, const vector<double>& b, int inner) {
  for (size_t i = 0; i < x.size(); ++i) x[i] += b[i / inner % b.size()];
  return x;
}

TYPED_TEST(BiasLayerTest, ItsOwnParameterMeetsTheAxes) {
  typedef typename TypeParam::Dtype Dtype;
  struct Setting {
    const char* options;
    vector<int> operand;
    int inner;
  };
  const vector<Setting> settings = {{"", {3}, 4},
                                    {"axis: -1", {4}, 1},
                                    {"num_axes: -1", {3, 4}, 1},
                                    {"axis: 0 num_axes: 2", {2, 3}, 4},
                                    {"num_axes: 0", {}, 24}};
  for (const Setting& setting : settings) {
    LayerCase<Dtype> layer_case(
        string("type: 'Bias' bias_param { filler { type: 'uniform' } ") +
            setting.options + " }",
        {{2, 3, 4}});
    layer_case.Run();
    EXPECT_EQ(setting.operand, layer_case.param(0)->shape());
    ExpectNear<Dtype>(Shifted(layer_case.BottomData(), layer_case.ParamData(0),
                              setting.inner),
                      layer_case.TopData());
    layer_case.CheckGradient();
  }
}

TYPED_TEST(BiasLayerTest, DefaultIsZero) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Bias'", {{2, 3}});
  layer_case.Run();
  EXPECT_EQ(layer_case.BottomData(), layer_case.TopData());
}

TYPED_TEST(BiasLayerTest, SecondBottomAndInPlace) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Bias' bias_param { axis: 0 }",
                              {{2, 3, 5}, {2, 3}});
  layer_case.Run();
  ExpectNear<Dtype>(
      Shifted(layer_case.BottomData(), layer_case.BottomData(1), 5),
      layer_case.TopData());
  layer_case.CheckGradient();
  LayerCase<Dtype>("type: 'Bias'", {{2, 3}, {3}}, 1, LayerCase<Dtype>::kInPlace)
      .CheckGradient();
  LayerCase<Dtype>("type: 'Bias'", {{2, 3, 9}}, 1, LayerCase<Dtype>::kInPlace)
      .CheckGradient();
}

TYPED_TEST(BiasLayerTest, OperandsThatDoNotFitAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  EXPECT_EQ(
      "the operand's shape 2 3 (6) is not that of the bottom's axes from 1 on "
      "(2 3 (6))",
      LayerCase<Dtype>("type: 'Bias'", {{2, 3}, {2, 3}}).InputError());
}

}  // namespace caffe
