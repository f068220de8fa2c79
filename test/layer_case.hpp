// One layer with its blobs, for tests: made from prototxt text and shapes,
// filled with reproducible numbers, run forward and backward.
#ifndef TERCET_TEST_LAYER_CASE_HPP_
#define TERCET_TEST_LAYER_CASE_HPP_

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "google/protobuf/text_format.h"

namespace caffe {

template <typename Dtype>
class LayerCase {
 public:
  // text: a LayerParameter, its type included.
  LayerCase(const string& text, const vector<vector<int>>& shapes,
            int tops = 1) {
    LayerParameter param;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &param));
    layer_ = LayerRegistry<Dtype>::CreateLayer(param);
    for (const vector<int>& shape : shapes) {
      blobs_.push_back(std::make_shared<Blob<Dtype>>(shape));
      bottom_.push_back(blobs_.back().get());
      FillUniform(bottom_.back(), -2, 2);
    }
    for (int i = 0; i < tops; ++i) {
      blobs_.push_back(std::make_shared<Blob<Dtype>>());
      top_.push_back(blobs_.back().get());
    }
  }

  // Makes top 0 bottom 0.
  LayerCase& InPlace() {
    top_[0] = bottom_[0];
    return *this;
  }

  void FillUniform(Blob<Dtype>* blob, double low, double high) {
    Dtype* data = blob->mutable_cpu_data();
    for (int i = 0; i < blob->count(); ++i) {
      data[i] = static_cast<Dtype>(random_.Uniform(low, high));
    }
  }
  void SetBottom(int index, const vector<double>& values) {
    Set(bottom_[index], values);
  }
  static void Set(Blob<Dtype>* blob, const vector<double>& values) {
    ASSERT_EQ(blob->count(), static_cast<int>(values.size()));
    std::copy(values.begin(), values.end(), blob->mutable_cpu_data());
  }

  void SetUp() { layer_->SetUp(bottom_, top_); }
  Dtype Forward() { return layer_->Forward(bottom_, top_); }
  Dtype Run() {
    SetUp();
    return Forward();
  }
  // Fills the top's diff and goes backward to all bottoms that take one.
  void Backward() {
    Dtype* dy = top_[0]->mutable_cpu_diff();
    for (int i = 0; i < top_[0]->count(); ++i) {
      dy[i] = static_cast<Dtype>(random_.Uniform(-1, 1));
    }
    vector<bool> propagate;
    for (size_t i = 0; i < bottom_.size(); ++i) {
      propagate.push_back(layer_->AllowForceBackward(static_cast<int>(i)));
    }
    layer_->Backward(top_, propagate, bottom_);
  }

  // The message of the input error that setting up and going forward meet.
  string InputError() {
    try {
      Run();
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind()) << error.what();
      return error.what();
    }
    return "";
  }

  // In double at 1e-6 relative; a float is checked coarsely.
  void CheckGradient(GradientCheckOptions options = {}) {
    GradientChecker<Dtype> checker(options);
    checker.CheckGradientExhaustive(layer_.get(), bottom_, top_);
  }

  vector<double> TopData(int index = 0) const { return Data(*top_[index]); }
  vector<double> BottomData(int index = 0) const {
    return Data(*bottom_[index]);
  }
  vector<double> BottomDiff(int index = 0) const {
    const Dtype* diff = bottom_[index]->cpu_diff();
    return vector<double>(diff, diff + bottom_[index]->count());
  }
  static vector<double> Data(const Blob<Dtype>& blob) {
    return vector<double>(blob.cpu_data(), blob.cpu_data() + blob.count());
  }

  Layer<Dtype>& layer() { return *layer_; }
  Blob<Dtype>& param(int index) { return *layer_->blobs()[index]; }
  Blob<Dtype>& bottom(int index = 0) { return *bottom_[index]; }
  Blob<Dtype>& top(int index = 0) { return *top_[index]; }

 private:
  Rng random_{20240229};
  shared_ptr<Layer<Dtype>> layer_;
  vector<shared_ptr<Blob<Dtype>>> blobs_;
  vector<Blob<Dtype>*> bottom_;
  vector<Blob<Dtype>*> top_;
};

// Two lists of numbers, equal up to the rounding of Dtype.
template <typename Dtype>
void ExpectNear(const vector<double>& want, const vector<double>& got,
                double ulps = 64) {
  ASSERT_EQ(want.size(), got.size());
  const double epsilon = std::numeric_limits<Dtype>::epsilon();
  for (size_t i = 0; i < want.size(); ++i) {
    const double slack = ulps * epsilon * std::max(1., std::fabs(want[i]));
    ASSERT_NEAR(want[i], got[i], slack) << "at index " << i;
  }
}

// Runs make() forward and backward with 1 and with 3 threads; everything that
// comes out must agree bit for bit. make returns a LayerCase.
template <typename Make>
void ExpectSameForAnyThreads(const Make& make) {
  const int before = Caffe::threads();
  vector<vector<double>> results[2];
  for (int run = 0; run < 2; ++run) {
    Caffe::set_threads(run == 0 ? 1 : 3);
    auto layer_case = make();
    layer_case.Run();
    auto& result = results[run];
    result.push_back(layer_case.TopData());
    layer_case.Backward();
    result.push_back(layer_case.BottomDiff());
    for (const auto& blob : layer_case.layer().blobs()) {
      result.emplace_back(blob->cpu_data(), blob->cpu_data() + blob->count());
      result.emplace_back(blob->cpu_diff(), blob->cpu_diff() + blob->count());
    }
  }
  Caffe::set_threads(before);
  EXPECT_TRUE(results[0] == results[1]);
}

}  // namespace caffe

#endif  // TERCET_TEST_LAYER_CASE_HPP_
