// DummyData: shapes in both forms, and when which filler fills.

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/layers/dummy_data_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

template <typename TypeParam>
class DummyDataLayerTest : public MultiDeviceTest<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  void Build(const string& text) {
    LayerParameter param;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "dummy_data_param { " + text + " }", &param));
    layer_.reset(new DummyDataLayer<Dtype>(param));
    layer_->SetUp({}, tops_);
  }
  string BuildError(const string& text) {
    return InputError([&] { Build(text); });
  }
  void Forward() { layer_->Forward({}, tops_); }

  Blob<Dtype> one_, two_;
  vector<Blob<Dtype>*> tops_{&one_, &two_};
  shared_ptr<Layer<Dtype>> layer_;
};

TYPED_TEST_SUITE(DummyDataLayerTest, TestDtypesAndDevices);

TYPED_TEST(DummyDataLayerTest, WithoutFillerTopsAreZero) {
  this->Build("shape { dim: 2 dim: 3 } shape { dim: 4 }");
  this->Forward();
  EXPECT_EQ((vector<int>{2, 3}), this->one_.shape());
  EXPECT_EQ((vector<int>{4}), this->two_.shape());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(0, this->one_.cpu_data()[i]);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(0, this->two_.cpu_data()[i]);
}

TYPED_TEST(DummyDataLayerTest, OlderFormOfShapes) {
  this->Build("num: 5 channels: 3 channels: 1 height: 2 width: 4 width: 7");
  EXPECT_EQ((vector<int>{5, 3, 2, 4}), this->one_.shape());
  EXPECT_EQ((vector<int>{5, 1, 2, 7}), this->two_.shape());
}

TYPED_TEST(DummyDataLayerTest, ConstantFillsOnceOthersEachTime) {
  this->Build("shape { dim: 8 } data_filler { type: 'constant' value: 7 } "
              "data_filler { type: 'gaussian' std: 2 }");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(7, this->one_.cpu_data()[i]);
  this->Forward();
  vector<double> before;
  for (int i = 0; i < 8; ++i) before.push_back(this->two_.cpu_data()[i]);
  this->one_.mutable_cpu_data()[3] = 1;
  this->Forward();
  EXPECT_EQ(1, this->one_.cpu_data()[3]);
  EXPECT_EQ(7, this->one_.cpu_data()[2]);
  int changed = 0;
  for (int i = 0; i < 8; ++i) changed += before[i] != this->two_.cpu_data()[i];
  EXPECT_EQ(8, changed);
}

// A uniform and a normal top are drawn where the layer runs; an xavier one by
// the host in any case. The values are the same, and so is what comes after.
TYPED_TEST(DummyDataLayerTest, EachDeviceDrawsTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* first :
       {"type: 'uniform' min: -2 max: 3", "type: 'xavier'",
        "type: 'gaussian' mean: 1 std: 2 sparse: 2"}) {
    vector<vector<Dtype>> drawn;
    for (const bool second : {false, true}) {
      Caffe::set_mode(second ? TypeParam::device : Caffe::CPU);
      Caffe::set_random_seed(4);
      this->Build(string("shape { dim: 5 dim: 7 } data_filler { ") + first +
                  " } data_filler { type: 'gaussian' mean: 2 std: 3 }");
      this->Forward();
      drawn.emplace_back();
      for (const Blob<Dtype>* top : {&this->one_, &this->two_}) {
        drawn.back().insert(drawn.back().end(), top->cpu_data(),
                            top->cpu_data() + top->count());
      }
      drawn.back().push_back(static_cast<Dtype>(Caffe::rng().Uniform()));
    }
    for (size_t i = 0; i < drawn[0].size(); ++i) {
      EXPECT_NEAR(drawn[0][i], drawn[1][i], 1e-5) << first;
    }
  }
}

TYPED_TEST(DummyDataLayerTest, OptionsOfAFillerAreCheckedOnEachDevice) {
  this->Build("shape { dim: 2 } data_filler { type: 'uniform' min: 1 max: 0 }");
  ExpectHas(InputError([&] { this->Forward(); }), "min 1 above max 0");
}

TYPED_TEST(DummyDataLayerTest, OneFillerServesAllTops) {
  this->Build("shape { dim: 3 } data_filler { value: 2.5 }");
  this->Forward();
  EXPECT_EQ(2.5, this->one_.cpu_data()[2]);
  EXPECT_EQ(2.5, this->two_.cpu_data()[2]);
}

TYPED_TEST(DummyDataLayerTest, OptionsThatDoNotFitAreRefused) {
  ExpectHas(this->BuildError(""), "has 0 shape for 2 tops");
  ExpectHas(this->BuildError("shape { dim: 1 } shape { dim: 1 } "
                             "shape { dim: 1 }"),
            "has 3 shape for 2 tops");
  ExpectHas(this->BuildError("num: 1 channels: 1 height: 1"),
            "has 0 width for 2 tops");
  ExpectHas(this->BuildError("num: 1 shape { dim: 1 }"), "has both shape and");
  ExpectHas(this->BuildError("shape { dim: 2 dim: 0 }"),
            "shape of top 0 has dim 0 at axis 1");
  ExpectHas(this->BuildError("shape { dim: 9999999999 }"), "has dim 99999999");
  ExpectHas(this->BuildError("shape { dim: 1 } data_filler {} data_filler {} "
                             "data_filler {}"),
            "has 3 data_filler for 2 tops");
}

}  // namespace caffe
