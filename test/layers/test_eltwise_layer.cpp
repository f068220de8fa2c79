// Eltwise: its three operations and their gradients.
#include "caffe/layers/eltwise_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class EltwiseLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(EltwiseLayerTest, TestDtypesAndDevices);

const vector<int> kThree[] = {{2, 3, 5}, {2, 3, 5}, {2, 3, 5}};
const vector<vector<int>> kThreeBottoms(kThree, kThree + 3);

TYPED_TEST(EltwiseLayerTest, SumTakesCoefficients) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> plain("type: 'Eltwise'", kThreeBottoms);
  plain.Run();
  LayerCase<Dtype> weighted(
      "type: 'Eltwise' eltwise_param { coeff: 1 coeff: -0.5 coeff: 2 }",
      kThreeBottoms);
  weighted.Run();
  vector<double> sum, weighted_sum;
  for (int i = 0; i < 30; ++i) {
    const double a = plain.BottomData(0)[i], b = plain.BottomData(1)[i],
                 c = plain.BottomData(2)[i];
    sum.push_back(a + b + c);
    weighted_sum.push_back(a - 0.5 * b + 2 * c);
  }
  ExpectNear<Dtype>(sum, plain.TopData());
  ExpectNear<Dtype>(weighted_sum, weighted.TopData());
  plain.CheckGradient();
  weighted.CheckGradient();
}

TYPED_TEST(EltwiseLayerTest, ProductAndItsTwoGradients) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string stable : {"true", "false"}) {
    LayerCase<Dtype> layer_case(
        "type: 'Eltwise' eltwise_param { operation: PROD stable_prod_grad: " +
            stable + " }",
        kThreeBottoms);
    layer_case.Run();
    vector<double> product;
    for (int i = 0; i < 30; ++i) {
      product.push_back(layer_case.BottomData(0)[i] *
                        layer_case.BottomData(1)[i] *
                        layer_case.BottomData(2)[i]);
    }
    ExpectNear<Dtype>(product, layer_case.TopData());
    layer_case.CheckGradient();
  }
}

TYPED_TEST(EltwiseLayerTest, StableProductGradientHoldsAtZero) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'Eltwise' eltwise_param { operation: PROD }", {{2}, {2}});
  layer_case.SetBottom(0, {0, 0});
  layer_case.CheckGradient();
}

TYPED_TEST(EltwiseLayerTest, Maximum) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'Eltwise' eltwise_param { operation: MAX }", kThreeBottoms);
  layer_case.Run();
  vector<double> maximum;
  for (int i = 0; i < 30; ++i) {
    maximum.push_back(
        std::max({layer_case.BottomData(0)[i], layer_case.BottomData(1)[i],
                  layer_case.BottomData(2)[i]}));
  }
  ExpectNear<Dtype>(maximum, layer_case.TopData());
  layer_case.CheckGradient();
}

// Of equal maxima one gets the gradient: bottom 1 before 0, 0 before 2.
TYPED_TEST(EltwiseLayerTest, EqualMaximaFollowCaffe) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'Eltwise' eltwise_param { operation: MAX }", {{4}, {4}, {4}});
  layer_case.SetBottom(0, {1, 1, 3, 1});
  layer_case.SetBottom(1, {1, 2, 1, 0});
  layer_case.SetBottom(2, {1, 2, 3, 4});
  layer_case.Run();
  vector<bool> all(3, true);
  layer_case.RunBackward();
  const int chosen[] = {1, 1, 0, 2};
  for (int i = 0; i < 4; ++i) {
    for (int k = 0; k < 3; ++k) {
      EXPECT_EQ(k == chosen[i], layer_case.BottomDiff(k)[i] != 0)
          << "bottom " << k << " index " << i;
    }
  }
  vector<int> sides;
  layer_case.layer()->KinkSides({}, {}, &sides);
  EXPECT_EQ(vector<int>(chosen, chosen + 4), sides);
}

TYPED_TEST(EltwiseLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string operation : {"SUM", "PROD", "MAX"}) {
    ExpectSameForAnyThreads<Dtype>(
        "type: 'Eltwise' eltwise_param { operation: " + operation + " }",
        {{97, 4001}, {97, 4001}});
  }
}

TYPED_TEST(EltwiseLayerTest, WhatDoesNotFitIsRefused) {
  typedef typename TypeParam::Dtype Dtype;
  EXPECT_EQ(
      "its bottoms must have the same shape; bottom 0 is 2 3 (6), bottom 2 is "
      "3 2 (6)",
      LayerCase<Dtype>("type: 'Eltwise'", {{2, 3}, {2, 3}, {3, 2}})
          .InputError());
  EXPECT_EQ(
      "has 1 coeff(s) for 2 bottoms",
      LayerCase<Dtype>("type: 'Eltwise' eltwise_param { coeff: 1 }", {{2}, {2}})
          .InputError());
  EXPECT_EQ("coeff is for operation SUM alone; the operation is MAX",
            LayerCase<Dtype>("type: 'Eltwise' eltwise_param { operation: MAX "
                             "coeff: 1 coeff: 2 }",
                             {{2}, {2}})
                .InputError());
}

}  // namespace caffe
