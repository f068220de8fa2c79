// LayerRunner, compiled for float and double.
#include "test/layers/layer_runner.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "caffe/util/rng.hpp"

namespace caffe {

template <typename Dtype>
LayerRunner<Dtype>::LayerRunner(const string& text, const Shapes& shapes,
                                int tops, Place place) {
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

template <typename Dtype>
LayerRunner<Dtype>::~LayerRunner() = default;

template <typename Dtype>
Layer<Dtype>* LayerRunner<Dtype>::layer() {
  return layer_.get();
}

template <typename Dtype>
Blob<Dtype>* LayerRunner<Dtype>::bottom(int i) {
  return bottom_[i];
}

template <typename Dtype>
Blob<Dtype>* LayerRunner<Dtype>::top(int i) {
  return top_[i];
}

template <typename Dtype>
const vector<Blob<Dtype>*>& LayerRunner<Dtype>::bottoms() const {
  return bottom_;
}

template <typename Dtype>
const vector<Blob<Dtype>*>& LayerRunner<Dtype>::tops() const {
  return top_;
}

template <typename Dtype>
void LayerRunner<Dtype>::SetUp() {
  layer_->SetUp(bottom_, top_);
}

template <typename Dtype>
void LayerRunner<Dtype>::Forward() {
  layer_->Forward(bottom_, top_);
}

template <typename Dtype>
void LayerRunner<Dtype>::SetUpAndForward() {
  SetUp();
  Forward();
}

template <typename Dtype>
void LayerRunner<Dtype>::Backward() {
  layer_->Backward(top_, vector<bool>(bottom_.size(), true), bottom_);
}

template <typename Dtype>
vector<Dtype> LayerRunner<Dtype>::BackwardFrom(
    const vector<vector<Dtype>>& diffs) {
  for (size_t i = 0; i < diffs.size(); ++i) {
    CHECK_EQ(static_cast<size_t>(top_[i]->count()), diffs[i].size());
    std::copy(diffs[i].begin(), diffs[i].end(), top_[i]->mutable_cpu_diff());
  }
  Backward();
  return Diff(*bottom_[0]);
}

template <typename Dtype>
void LayerRunner<Dtype>::CheckGradient() {
  GradientChecker<Dtype> checker;
  checker.CheckGradient(layer_.get(), bottom_, top_);
}

template <typename Dtype>
void LayerRunner<Dtype>::SetBottom(int i, const vector<Dtype>& values) {
  CHECK_EQ(static_cast<size_t>(bottom_[i]->count()), values.size());
  std::copy(values.begin(), values.end(), bottom_[i]->mutable_cpu_data());
}

template <typename Dtype>
vector<Dtype> LayerRunner<Dtype>::Data(const Blob<Dtype>& blob) {
  return vector<Dtype>(blob.cpu_data(), blob.cpu_data() + blob.count());
}

template <typename Dtype>
vector<Dtype> LayerRunner<Dtype>::Diff(const Blob<Dtype>& blob) {
  return vector<Dtype>(blob.cpu_diff(), blob.cpu_diff() + blob.count());
}

template <typename Dtype>
vector<Dtype> LayerRunner<Dtype>::Bottom(int i) const {
  return Data(*bottom_[i]);
}

template <typename Dtype>
vector<Dtype> LayerRunner<Dtype>::Top(int i) const {
  return Data(*top_[i]);
}

template <typename Dtype>
void LayerRunner<Dtype>::Fill(Blob<Dtype>* blob, uint64_t stream) {
  Rng rng(20, stream);
  Dtype* data = blob->mutable_cpu_data();
  for (int i = 0; i < blob->count(); ++i) {
    data[i] = static_cast<Dtype>(rng.Uniform(-2, 2));
  }
}

template class LayerRunner<float>;
template class LayerRunner<double>;

void ExpectRefused(const string& text, const vector<vector<int>>& shapes,
                   int tops, const vector<string>& parts, bool in_place) {
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
