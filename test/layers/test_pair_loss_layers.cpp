// ContrastiveLoss and EuclideanLoss: values worked out by hand, gradients,
// shapes that do not fit.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/layers/contrastive_loss_layer.hpp"
#include "caffe/layers/euclidean_loss_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class PairLossTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  void Fill(int N, const vector<int>& rest, double size) {
    vector<int> shape = {N};
    shape.insert(shape.end(), rest.begin(), rest.end());
    Rng rng(5);
    for (Blob<Dtype>* blob : {&a_, &b_}) {
      blob->Reshape(shape);
      for (int k = 0; k < blob->count(); ++k) {
        blob->mutable_cpu_data()[k] = static_cast<Dtype>(size * rng.Gaussian());
      }
    }
    y_.Reshape({N});
    for (int i = 0; i < N; ++i) y_.mutable_cpu_data()[i] = i % 2;
  }
  // Two pairs: (0, 0)-(3, 4), and (0, 0)-(b, 0).
  void SetPairs(double b, double similar0, double similar1) {
    a_.Reshape({2, 2});
    b_.Reshape({2, 2});
    y_.Reshape({2, 1});
    const double to[] = {3, 4, b, 0};
    for (int k = 0; k < 4; ++k) {
      a_.mutable_cpu_data()[k] = 0;
      b_.mutable_cpu_data()[k] = static_cast<Dtype>(to[k]);
    }
    y_.mutable_cpu_data()[0] = static_cast<Dtype>(similar0);
    y_.mutable_cpu_data()[1] = static_cast<Dtype>(similar1);
  }
  static LayerParameter Contrastive(float margin, bool legacy) {
    LayerParameter param;
    param.mutable_contrastive_loss_param()->set_margin(margin);
    param.mutable_contrastive_loss_param()->set_legacy_version(legacy);
    return param;
  }
  double Loss(Layer<Dtype>* layer, const vector<Blob<Dtype>*>& bottom) {
    layer->SetUp(bottom, {&loss_});
    layer->Forward(bottom, {&loss_});
    vector<bool> propagate(bottom.size(), true);
    if (bottom.size() > 2) propagate[2] = false;
    layer->Backward({&loss_}, propagate, bottom);
    EXPECT_EQ(loss_.num_axes(), 0);
    return loss_.cpu_data()[0];
  }
  string Refusal(Layer<Dtype>* layer, const vector<Blob<Dtype>*>& bottom) {
    try {
      layer->SetUp(bottom, {&loss_});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    return "";
  }

  Blob<Dtype> a_, b_, y_, loss_;
};

TYPED_TEST_SUITE(PairLossTest, TestDtypesAndDevices);

TYPED_TEST(PairLossTest, EuclideanIsHalfTheMeanOfSquaredDistances) {
  typedef typename TypeParam::Dtype Dtype;
  this->SetPairs(2, 0, 0);
  EuclideanLossLayer<Dtype> layer((LayerParameter()));
  EXPECT_NEAR(this->Loss(&layer, {&this->a_, &this->b_}), (25 + 4) / 4., 1e-6);
  EXPECT_NEAR(this->a_.cpu_diff()[1], -2, 1e-6);
  EXPECT_NEAR(this->b_.cpu_diff()[1], 2, 1e-6);
}

TYPED_TEST(PairLossTest, EuclideanGradient) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(5, {3, 2}, 1);
  LayerParameter param;
  param.add_loss_weight(3.7f);
  EuclideanLossLayer<Dtype> layer(param);
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, {&this->a_, &this->b_},
                                  {&this->loss_});
}

TYPED_TEST(PairLossTest, ContrastiveByHand) {
  typedef typename TypeParam::Dtype Dtype;
  // A similar pair at distance 5, one that is not at distance 2, margin 3.
  this->SetPairs(2, 1, 0);
  ContrastiveLossLayer<Dtype> layer(this->Contrastive(3, false));
  EXPECT_NEAR(this->Loss(&layer, {&this->a_, &this->b_, &this->y_}),
              (25 + 1) / 4., 1e-6);
  EXPECT_NEAR(this->a_.cpu_diff()[0], -1.5, 1e-6);
  EXPECT_NEAR(this->a_.cpu_diff()[2], 0.5, 1e-6);
  EXPECT_NEAR(this->b_.cpu_diff()[2], -0.5, 1e-6);
  // Legacy: 5 - 2^2.
  ContrastiveLossLayer<Dtype> legacy(this->Contrastive(5, true));
  EXPECT_NEAR(this->Loss(&legacy, {&this->a_, &this->b_, &this->y_}),
              (25 + 1) / 4., 1e-6);
  EXPECT_NEAR(this->a_.cpu_diff()[2], 1, 1e-6);
  // Beyond the margin there is nothing.
  this->SetPairs(4, 0, 0);
  ContrastiveLossLayer<Dtype> beyond(this->Contrastive(3, false));
  EXPECT_EQ(this->Loss(&beyond, {&this->a_, &this->b_, &this->y_}), 0);
  EXPECT_EQ(this->a_.cpu_diff()[2], 0);
}

TYPED_TEST(PairLossTest, ContrastiveIsFiniteWhereAPairCoincides) {
  typedef typename TypeParam::Dtype Dtype;
  this->SetPairs(0, 0, 0);
  ContrastiveLossLayer<Dtype> layer(this->Contrastive(1, false));
  EXPECT_NEAR(this->Loss(&layer, {&this->a_, &this->b_, &this->y_}), 1 / 4.,
              1e-6);
  EXPECT_EQ(this->a_.cpu_diff()[2], 0);
  EXPECT_EQ(this->b_.cpu_diff()[3], 0);
}

TYPED_TEST(PairLossTest, ContrastiveGradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (bool legacy : {false, true}) {
    this->Fill(8, {4}, 0.5);
    LayerParameter param = this->Contrastive(1.5, legacy);
    param.add_loss_weight(0.5);
    ContrastiveLossLayer<Dtype> layer(param);
    GradientChecker<Dtype> checker;
    checker.CheckGradientExhaustive(
        &layer, {&this->a_, &this->b_, &this->y_}, {&this->loss_});
  }
}

TYPED_TEST(PairLossTest, NameBothShapesThatDoNotFit) {
  typedef typename TypeParam::Dtype Dtype;
  this->Fill(4, {3}, 1);
  this->b_.Reshape({4, 2});
  EuclideanLossLayer<Dtype> euclidean((LayerParameter()));
  const string words = "bottom 0 has shape 4 3 (12) and bottom 1 has shape 4 2";
  EXPECT_NE(this->Refusal(&euclidean, {&this->a_, &this->b_}).find(words),
            string::npos);
  ContrastiveLossLayer<Dtype> contrastive((LayerParameter()));
  EXPECT_NE(this->Refusal(&contrastive, {&this->a_, &this->b_, &this->y_})
                .find(words),
            string::npos);
  this->Fill(4, {3}, 1);
  this->y_.Reshape({3});
  EXPECT_NE(this->Refusal(&contrastive, {&this->a_, &this->b_, &this->y_})
                .find("each of the 4 rows"),
            string::npos);
  ContrastiveLossLayer<Dtype> margin(this->Contrastive(-1, false));
  EXPECT_NE(this->Refusal(&margin, {&this->a_, &this->b_, &this->y_})
                .find("margin is -1"),
            string::npos);
}

}  // namespace
}  // namespace caffe
