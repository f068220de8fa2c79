// Accuracy: top k, ties, ignored labels, classes one by one.
#include "caffe/layers/accuracy_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class AccuracyLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // 4 rows of 3 classes.
  static LayerCase<Dtype> Make(const string& options, int tops = 1) {
    LayerCase<Dtype> layer_case(
        "type: 'Accuracy' accuracy_param { " + options + " }", {{4, 3}, {4}},
        tops);
    layer_case.SetBottom(0, {5, 1, 2,    // label 0: first
                             1, 2, 3,    // label 1: second
                             1, 2, 3,    // label 0: third
                             4, 4, 1});  // label 1: first, with a tie
    layer_case.SetBottom(1, {0, 1, 0, 1});
    return layer_case;
  }
};

TYPED_TEST_SUITE(AccuracyLayerTest, TestDtypesAndDevices);

TYPED_TEST(AccuracyLayerTest, TopKAndTiesAgainstTheLabel) {
  const double want[] = {0.25, 0.75, 1};
  for (int k = 1; k <= 3; ++k) {
    auto layer_case = this->Make("top_k: " + std::to_string(k));
    layer_case.Run();
    EXPECT_EQ(want[k - 1], layer_case.TopData()[0]) << "top " << k;
  }
}

TYPED_TEST(AccuracyLayerTest, OneClassAtATime) {
  auto layer_case = this->Make("top_k: 2", 2);
  layer_case.Run();
  EXPECT_EQ((vector<double>{0.5, 1, 0}), layer_case.TopData(1));
  layer_case.Run();
  EXPECT_EQ((vector<double>{0.5, 1, 0}), layer_case.TopData(1));
}

TYPED_TEST(AccuracyLayerTest, IgnoredLabelsDoNotCount) {
  auto layer_case = this->Make("ignore_label: 1", 2);
  layer_case.Run();
  EXPECT_EQ(0.5, layer_case.TopData()[0]);
  EXPECT_EQ((vector<double>{0.5, 0, 0}), layer_case.TopData(1));
  layer_case.SetBottom(1, {1, 1, 1, 1});
  layer_case.Run();
  EXPECT_EQ(0, layer_case.TopData()[0]);
}

TYPED_TEST(AccuracyLayerTest, PositionsAlongAnotherAxis) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Accuracy'", {{2, 3, 2}, {2, 1, 2}});
  // Row 0: classes at position 0 are 1 2 3, at position 1 they are 6 5 4.
  layer_case.SetBottom(0, {1, 6, 2, 5, 3, 4, 9, 0, 0, 9, 0, 0});
  layer_case.SetBottom(1, {2, 0, 1, 1});
  layer_case.Run();
  EXPECT_EQ(0.75, layer_case.TopData()[0]);
}

TYPED_TEST(AccuracyLayerTest, NanIsNeverRight) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Accuracy'", {{2, 2}, {2}});
  layer_case.SetBottom(0, {NAN, NAN, 1, NAN});
  layer_case.SetBottom(1, {0, 0});
  layer_case.Run();
  EXPECT_EQ(0, layer_case.TopData()[0]);
}

TYPED_TEST(AccuracyLayerTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ("top_k is 4; it must be from 1 to the number of classes, 3",
            this->Make("top_k: 4").InputError());
  auto label = this->Make("");
  label.SetBottom(1, {0, 1, 3, 1});
  EXPECT_EQ("the label of row 2 is 3; there are 3 classes (0 to 2)",
            label.InputError());
  auto number = this->Make("");
  number.SetBottom(1, {0, NAN, 0, 1});
  EXPECT_EQ(
      "the label of row 1 is nan, no number; there are 3 classes (0 to 2)",
      number.InputError());
}

TYPED_TEST(AccuracyLayerTest, HasNoGradient) {
  auto layer_case = this->Make("");
  layer_case.Run();
  EXPECT_THROW(layer_case.layer()->Backward(
                   {layer_case.top()}, {true, false},
                   {layer_case.bottom(0), layer_case.bottom(1)}),
               Error);
}

}  // namespace caffe
