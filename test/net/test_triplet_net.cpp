// The triplet loss in a net: three branches that share their weights, and one
// net whose batch is cut into anchors, positives and negatives, are the same
// computation (line 5 of the table in docs/triplet_loss.md).
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "caffe/net.hpp"
#include "caffe/test/fixture.hpp"
#include "net/prototxt.hpp"

namespace caffe {
namespace {

const int kNetTriplets = 4, kNetInputs = 1 * 6 * 5;

// Convolution, PReLU, InnerProduct and Normalize, with named parameters.
string Branch(const string& from, const string& to) {
  return "layer { name: 'conv_" + to + "' type: 'Convolution' bottom: '" +
         from + "' top: 'conv_" + to +
         "' param { name: 'conv_w' } param { name: 'conv_b' }"
         " convolution_param { num_output: 3 kernel_size: 3"
         " weight_filler { type: 'xavier' } } }\n"
         "layer { name: 'prelu_" + to + "' type: 'PReLU' bottom: 'conv_" + to +
         "' top: 'prelu_" + to + "' param { name: 'slope' } }\n"
         "layer { name: 'fc_" + to + "' type: 'InnerProduct' bottom: 'prelu_" +
         to + "' top: 'fc_" + to +
         "' param { name: 'fc_w' } param { name: 'fc_b' }"
         " inner_product_param { num_output: 7"
         " weight_filler { type: 'xavier' } } }\n"
         "layer { name: 'norm_" + to + "' type: 'Normalize' bottom: 'fc_" + to +
         "' top: '" + to + "' }\n";
}

string InputLayer(const string& name, int rows) {
  return "layer { name: '" + name + "' type: 'Input' top: '" + name +
         "' input_param { shape { dim: " + std::to_string(rows) +
         " dim: 1 dim: 6 dim: 5 } } }\n";
}

const char kLoss[] =
    "layer { name: 'loss' type: 'TripletLoss' bottom: 'a' bottom: 'p'"
    " bottom: 'n' top: 'loss' triplet_loss_param { margin: 0.7 } }\n";

template <typename Dtype>
shared_ptr<Net<Dtype>> MakeNet(const string& text) {
  NetParameter param;
  ParseNetPrototxt(text, "net.prototxt", &param);
  param.mutable_state()->set_phase(TRAIN);
  return std::make_shared<Net<Dtype>>(param);
}

template <typename Dtype>
shared_ptr<Net<Dtype>> ThreeBranches() {
  return MakeNet<Dtype>(InputLayer("xa", kNetTriplets) +
                        InputLayer("xp", kNetTriplets) +
                        InputLayer("xn", kNetTriplets) + Branch("xa", "a") +
                        Branch("xp", "p") + Branch("xn", "n") + kLoss);
}

template <typename Dtype>
shared_ptr<Net<Dtype>> OneBatch() {
  return MakeNet<Dtype>(
      InputLayer("x", 3 * kNetTriplets) + Branch("x", "e") +
      "layer { name: 'slice' type: 'Slice' bottom: 'e' top: 'a' top: 'p'"
      " top: 'n' slice_param { axis: 0 } }\n" +
      kLoss);
}

template <typename TypeParam>
class TripletNetTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // Fills both nets' inputs with the same random images.
  static void FillInputs(Net<Dtype>* three, Net<Dtype>* one) {
    Rng rng(9);
    Dtype* batch = one->blob_by_name("x")->mutable_cpu_data();
    for (const char* name : {"xa", "xp", "xn"}) {
      Dtype* branch = three->blob_by_name(name)->mutable_cpu_data();
      for (int k = 0; k < kNetTriplets * kNetInputs; ++k) {
        *branch++ = *batch++ = static_cast<Dtype>(rng.Gaussian());
      }
    }
  }
};

TYPED_TEST_SUITE(TripletNetTest, TestDtypesAndDevices);

TYPED_TEST(TripletNetTest, Line5_ThreeBranchesEqualOneNetWithASlice) {
  typedef typename TypeParam::Dtype Dtype;
  const auto three = ThreeBranches<Dtype>();
  const auto one = OneBatch<Dtype>();
  const auto& weights = one->learnable_params();
  ASSERT_EQ(weights.size(), 5u);
  ASSERT_EQ(three->learnable_params().size(), 5u);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i]->CopyFrom(*three->learnable_params()[i]);
  }
  this->FillInputs(three.get(), one.get());
  for (Net<Dtype>* net : {three.get(), one.get()}) {
    net->ClearParamDiffs();
    net->ForwardBackward();
  }
  const double loss = three->blob_by_name("loss")->cpu_data()[0];
  ASSERT_GT(loss, 0);
  EXPECT_NEAR(one->blob_by_name("loss")->cpu_data()[0], loss, 1e-6 * loss);
  for (size_t i = 0; i < weights.size(); ++i) {
    double largest = 0;
    for (int k = 0; k < weights[i]->count(); ++k) {
      largest = std::max(largest, std::fabs(1. * weights[i]->cpu_diff()[k]));
    }
    EXPECT_GT(largest, 0);
    for (int k = 0; k < weights[i]->count(); ++k) {
      EXPECT_NEAR(weights[i]->cpu_diff()[k],
                  three->learnable_params()[i]->cpu_diff()[k], 1e-6 * largest)
          << "parameter " << i << " index " << k;
    }
  }
}

// A gradient step in the direction of the weights' gradients lowers the loss:
// the hinge, the mask and the signs agree from end to end.
TYPED_TEST(TripletNetTest, AStepDownTheGradientLowersTheLoss) {
  typedef typename TypeParam::Dtype Dtype;
  const auto three = ThreeBranches<Dtype>();
  const auto one = OneBatch<Dtype>();
  this->FillInputs(three.get(), one.get());
  double before = 0;
  for (int step = 0; step < 60; ++step) {
    one->ClearParamDiffs();
    const double loss = one->ForwardBackward();
    if (step == 0) before = loss;
    for (Blob<Dtype>* weights : one->learnable_params()) {
      weights->scale_diff(Dtype(0.02));
    }
    one->Update();
  }
  one->Forward();
  EXPECT_GT(before, 1);
  EXPECT_LT(one->blob_by_name("loss")->cpu_data()[0], 0.5 * before);
}

}  // namespace
}  // namespace caffe
