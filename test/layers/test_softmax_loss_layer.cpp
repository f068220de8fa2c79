// SoftmaxWithLoss: the loss under each normalization, labels, its gradient.
#include "caffe/layers/softmax_loss_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class SoftmaxWithLossLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerCase<Dtype> Case;

  // 3 rows of 4 classes at 2 positions.
  static Case Make(const string& options, int tops = 1) {
    Case layer_case("type: 'SoftmaxWithLoss' " + options,
                    {{3, 4, 2}, {3, 1, 2}}, tops);
    layer_case.SetBottom(1, kLabels);
    return layer_case;
  }
  // The losses of the positions, in order.
  static vector<double> Losses(Case& layer_case) {
    vector<double> losses;
    const vector<double> x = layer_case.BottomData();
    for (int i = 0; i < 6; ++i) {
      const int first = i / 2 * 8 + i % 2;
      double sum = 0;
      for (int c = 0; c < 4; ++c) sum += std::exp(x[first + 2 * c]);
      const int label = static_cast<int>(kLabels[i]);
      losses.push_back(std::log(sum) - x[first + 2 * label]);
    }
    return losses;
  }
  static const vector<double> kLabels;
};

template <typename TypeParam>
const vector<double> SoftmaxWithLossLayerTest<TypeParam>::kLabels = {0, 3, 1,
                                                                     2, 1, 0};

TYPED_TEST_SUITE(SoftmaxWithLossLayerTest, TestDtypesAndDevices);

TYPED_TEST(SoftmaxWithLossLayerTest, EachNormalization) {
  typedef typename TypeParam::Dtype Dtype;
  struct Setting {
    const char* options;
    bool ignores_one;
    double divisor;
  };
  const vector<Setting> settings = {
      {"", false, 6},
      {"ignore_label: 1", true, 4},
      {"ignore_label: 1 normalization: VALID", true, 4},
      {"ignore_label: 1 normalization: FULL", true, 6},
      {"ignore_label: 1 normalization: BATCH_SIZE", true, 3},
      {"ignore_label: 1 normalization: NONE", true, 1},
      {"normalize: false", false, 3},
      {"ignore_label: 1 normalize: true", true, 4},
      {"normalize: false normalization: FULL", false, 6}};
  for (const Setting& setting : settings) {
    SCOPED_TRACE(setting.options);
    auto layer_case =
        this->Make(string("loss_param { ") + setting.options + " }");
    const double loss = layer_case.Run();
    double want = 0;
    const vector<double> losses = this->Losses(layer_case);
    for (int i = 0; i < 6; ++i) {
      if (!setting.ignores_one || this->kLabels[i] != 1) want += losses[i];
    }
    ExpectNear<Dtype>({want / setting.divisor}, layer_case.TopData());
    ExpectNear<Dtype>({want / setting.divisor}, {loss});
    layer_case.CheckGradient();
  }
}

TYPED_TEST(SoftmaxWithLossLayerTest, LossWeightAndRows) {
  typedef typename TypeParam::Dtype Dtype;
  auto weighted = this->Make("loss_weight: 2.5");
  weighted.CheckGradient();
  LayerCase<Dtype> rows("type: 'SoftmaxWithLoss'", {{5, 7}, {5}});
  rows.SetBottom(1, {6, 0, 3, 3, 1});
  rows.CheckGradient();
  LayerCase<Dtype> last("type: 'SoftmaxWithLoss' softmax_param { axis: -1 }",
                        {{2, 3, 5}, {2, 3}});
  last.SetBottom(1, {4, 0, 3, 3, 1, 2});
  last.CheckGradient();
}

TYPED_TEST(SoftmaxWithLossLayerTest, SecondTopHasTheProbabilities) {
  typedef typename TypeParam::Dtype Dtype;
  auto layer_case = this->Make("", 2);
  layer_case.Run();
  LayerCase<Dtype> softmax("type: 'Softmax'", {{3, 4, 2}});
  softmax.SetBottom(0, layer_case.BottomData());
  softmax.Run();
  EXPECT_EQ(layer_case.bottom()->shape(), layer_case.top(1)->shape());
  ExpectNear<Dtype>(softmax.TopData(), layer_case.TopData(1));
  layer_case.CheckGradient();
}

TYPED_TEST(SoftmaxWithLossLayerTest, NothingThatCountsGivesZero) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'SoftmaxWithLoss' loss_param { ignore_label: -1 }", {{2, 3}, {2}});
  layer_case.SetBottom(1, {-1, -1});
  EXPECT_EQ(0, layer_case.Run());
  layer_case.RunBackward();
  EXPECT_EQ(vector<double>(6, 0.), layer_case.BottomDiff());
}

TYPED_TEST(SoftmaxWithLossLayerTest, ANanScoreShowsInTheLoss) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'SoftmaxWithLoss'", {{2, 3}, {2}});
  layer_case.SetBottom(1, {0, 1});
  layer_case.bottom()->mutable_cpu_data()[0] = NAN;
  EXPECT_TRUE(std::isnan(layer_case.Run()));
}

TYPED_TEST(SoftmaxWithLossLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  vector<double> labels(301);
  for (int i = 0; i < 301; ++i) labels[i] = i * 5 % 777;
  ExpectSameForAnyThreads<Dtype>("type: 'SoftmaxWithLoss'", {{301, 777}, {301}},
                                 labels);
}

TYPED_TEST(SoftmaxWithLossLayerTest, LabelsThatAreNoClassAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  const auto message = [](const vector<double>& labels) {
    LayerCase<Dtype> layer_case(
        "type: 'SoftmaxWithLoss' loss_param { ignore_label: 255 }",
        {{3, 4}, {3}});
    layer_case.SetBottom(1, labels);
    return layer_case.InputError();
  };
  EXPECT_EQ("", message({3, 0, 255}));
  EXPECT_EQ("the label of row 2 is 4; there are 4 classes (0 to 3)",
            message({3, 0, 4}));
  EXPECT_EQ("the label of row 0 is -1; there are 4 classes (0 to 3)",
            message({-1, 0, 9}));
  EXPECT_EQ("", message({1, 1.5, 255.5}));
  EXPECT_EQ(
      "the label of row 1 is nan, no number; there are 4 classes (0 to 3)",
      message({1, NAN, 0}));
  auto positions = this->Make("");
  positions.SetBottom(1, {0, 3, 1, 4, 1, 0});
  EXPECT_EQ("the label of row 1, position 1 is 4; there are 4 classes (0 to 3)",
            positions.InputError());
}

TYPED_TEST(SoftmaxWithLossLayerTest, ShapesThatDoNotFitAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  EXPECT_EQ(
      "scores of shape 3 4 (12) with axis 1 as the classes take 3 labels, and "
      "the labels' shape is 3 2 (6)",
      LayerCase<Dtype>("type: 'SoftmaxWithLoss'", {{3, 4}, {3, 2}})
          .InputError());
}

TYPED_TEST(SoftmaxWithLossLayerTest, LabelsTakeNoGradient) {
  auto layer_case = this->Make("");
  layer_case.Run();
  EXPECT_THROW(layer_case.layer()->Backward(
                   {layer_case.top()}, {true, true},
                   {layer_case.bottom(0), layer_case.bottom(1)}),
               Error);
}

}  // namespace caffe
