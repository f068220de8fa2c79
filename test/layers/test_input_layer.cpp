// Input: the shapes of its tops, and nothing else.

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/layers/input_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

template <typename TypeParam>
class InputLayerTest : public MultiDeviceTest<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  void Build(const string& text) {
    LayerParameter param;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &param));
    layer_.reset(new InputLayer<Dtype>(param));
    layer_->SetUp({}, tops_);
  }

  Blob<Dtype> one_, two_;
  vector<Blob<Dtype>*> tops_{&one_, &two_};
  shared_ptr<Layer<Dtype>> layer_;
};

TYPED_TEST_SUITE(InputLayerTest, TestDtypesAndDevices);

TYPED_TEST(InputLayerTest, OneShapeServesAllTops) {
  this->Build("input_param { shape { dim: 2 dim: 3 } }");
  EXPECT_EQ((vector<int>{2, 3}), this->one_.shape());
  EXPECT_EQ((vector<int>{2, 3}), this->two_.shape());
}

TYPED_TEST(InputLayerTest, EachTopHasItsShape) {
  this->Build("input_param { shape { dim: 2 dim: 3 } shape { dim: 5 } }");
  EXPECT_EQ((vector<int>{2, 3}), this->one_.shape());
  EXPECT_EQ((vector<int>{5}), this->two_.shape());
}

TYPED_TEST(InputLayerTest, ForwardKeepsValuesAndAShapeGivenLater) {
  this->Build("input_param { shape { dim: 2 } }");
  this->one_.Reshape({3});
  for (int i = 0; i < 3; ++i) this->one_.mutable_cpu_data()[i] = i + 1;
  this->layer_->Forward({}, this->tops_);
  EXPECT_EQ((vector<int>{3}), this->one_.shape());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(i + 1, this->one_.cpu_data()[i]);
}

TYPED_TEST(InputLayerTest, ShapesThatDoNotFitAreRefused) {
  this->tops_.resize(1);
  ExpectHas(InputError([&] {
              this->Build("input_param { shape { dim: 1 } shape { dim: 1 } }");
            }),
            "has 2 shapes for 1 tops");
  ExpectHas(InputError([&] {
              this->Build("input_param { shape { dim: 3 dim: 0 } }");
            }),
            "shape of top 0 has dim 0 at axis 1; wanted at least 1");
  ExpectHas(InputError([&] {
              this->Build("input_param { shape { dim: -3 } }");
            }),
            "has dim -3");
}

}  // namespace caffe
