// A layer made from prototxt text, with its bottoms and tops, for tests: it
// fills the bottoms with random values, runs the layer and checks gradients.
#ifndef TERCET_TEST_LAYER_RUNNER_HPP_
#define TERCET_TEST_LAYER_RUNNER_HPP_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

template <typename Dtype>
class LayerRunner {
 public:
  typedef vector<vector<int>> Shapes;
  enum Place { kApart, kInPlace };

  // In place, top 0 is bottom 0.
  LayerRunner(const string& text, const Shapes& shapes, int tops = 1,
              Place place = kApart) {
    LayerParameter param;
    CHECK(google::protobuf::TextFormat::ParseFromString(text, &param));
    for (size_t i = 0; i < shapes.size(); ++i) {
      owned_.push_back(std::make_shared<Blob<Dtype>>(shapes[i]));
      bottom_.push_back(owned_.back().get());
      Fill(bottom_[i], i);
    }
    for (int i = 0; i < tops; ++i) {
      owned_.push_back(std::make_shared<Blob<Dtype>>());
      top_.push_back(owned_.back().get());
    }
    if (place == kInPlace) top_[0] = bottom_[0];
    layer_ = LayerRegistry<Dtype>::CreateLayer(param);
  }

  Layer<Dtype>* layer() { return layer_.get(); }
  Blob<Dtype>* bottom(int i = 0) { return bottom_[i]; }
  Blob<Dtype>* top(int i = 0) { return top_[i]; }
  const vector<Blob<Dtype>*>& bottoms() const { return bottom_; }
  const vector<Blob<Dtype>*>& tops() const { return top_; }

  void SetUp() { layer_->SetUp(bottom_, top_); }
  void Forward() { layer_->Forward(bottom_, top_); }
  void SetUpAndForward() {
    SetUp();
    Forward();
  }
  void Backward() {
    layer_->Backward(top_, vector<bool>(bottom_.size(), true), bottom_);
  }
  // Backward from these top diffs; returns the diff of bottom 0.
  vector<Dtype> BackwardFrom(const vector<vector<Dtype>>& diffs) {
    for (size_t i = 0; i < diffs.size(); ++i) {
      CHECK_EQ(static_cast<size_t>(top_[i]->count()), diffs[i].size());
      std::copy(diffs[i].begin(), diffs[i].end(),
                top_[i]->mutable_cpu_diff());
    }
    Backward();
    return Diff(*bottom_[0]);
  }
  void CheckGradient() {
    GradientChecker<Dtype> checker;
    checker.CheckGradient(layer_.get(), bottom_, top_);
  }

  void SetBottom(int i, const vector<Dtype>& values) {
    CHECK_EQ(static_cast<size_t>(bottom_[i]->count()), values.size());
    std::copy(values.begin(), values.end(), bottom_[i]->mutable_cpu_data());
  }
  static vector<Dtype> Data(const Blob<Dtype>& blob) {
    return vector<Dtype>(blob.cpu_data(), blob.cpu_data() + blob.count());
  }
  static vector<Dtype> Diff(const Blob<Dtype>& blob) {
    return vector<Dtype>(blob.cpu_diff(), blob.cpu_diff() + blob.count());
  }
  vector<Dtype> Bottom(int i = 0) const { return Data(*bottom_[i]); }
  vector<Dtype> Top(int i = 0) const { return Data(*top_[i]); }

  // Uniform in [-2, 2), another sequence for each stream.
  static void Fill(Blob<Dtype>* blob, uint64_t stream) {
    Rng rng(20, stream);
    Dtype* data = blob->mutable_cpu_data();
    for (int i = 0; i < blob->count(); ++i) {
      data[i] = static_cast<Dtype>(rng.Uniform(-2, 2));
    }
  }

 private:
  vector<shared_ptr<Blob<Dtype>>> owned_;
  vector<Blob<Dtype>*> bottom_;
  vector<Blob<Dtype>*> top_;
  shared_ptr<Layer<Dtype>> layer_;
};

// Expects that setting this layer up is refused as bad input, with a message
// that holds each of the parts.
inline void ExpectRefused(const string& text, const vector<vector<int>>& shapes,
                          int tops, const vector<string>& parts,
                          bool in_place = false) {
  typedef LayerRunner<float> Runner;
  Runner run(text, shapes, tops,
             in_place ? Runner::kInPlace : Runner::kApart);
  try {
    run.SetUp();
    ADD_FAILURE() << "accepted: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind()) << error.what();
    for (const string& part : parts) {
      EXPECT_NE(string::npos, string(error.what()).find(part))
          << "'" << part << "' is not in: " << error.what();
    }
  }
}

}  // namespace caffe

#endif  // TERCET_TEST_LAYER_RUNNER_HPP_
