// LayerCase, compiled for float and double.
#include "test/layers/layer_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace caffe {

template <typename Dtype>
Blob<Dtype>* LayerCase<Dtype>::param(int index) {
  return this->layer()->blobs()[index].get();
}

template <typename Dtype>
void LayerCase<Dtype>::FillUniform(Blob<Dtype>* blob, double low,
                                   double high) {
  Dtype* data = blob->mutable_cpu_data();
  for (int i = 0; i < blob->count(); ++i) {
    data[i] = static_cast<Dtype>(random_.Uniform(low, high));
  }
}

template <typename Dtype>
void LayerCase<Dtype>::Set(Blob<Dtype>* blob, const vector<double>& values) {
  ASSERT_EQ(blob->count(), static_cast<int>(values.size()));
  std::copy(values.begin(), values.end(), blob->mutable_cpu_data());
}

template <typename Dtype>
void LayerCase<Dtype>::SetBottom(int index, const vector<double>& values) {
  Set(this->bottom(index), values);
}

template <typename Dtype>
Dtype LayerCase<Dtype>::Run() {
  this->SetUp();
  return this->layer()->Forward(this->bottoms(), this->tops());
}

template <typename Dtype>
void LayerCase<Dtype>::RunBackward() {
  Dtype* dy = this->top()->mutable_cpu_diff();
  for (int i = 0; i < this->top()->count(); ++i) {
    dy[i] = static_cast<Dtype>(random_.Uniform(-1, 1));
  }
  vector<bool> propagate;
  for (size_t i = 0; i < this->bottoms().size(); ++i) {
    propagate.push_back(
        this->layer()->AllowForceBackward(static_cast<int>(i)));
  }
  this->layer()->Backward(this->tops(), propagate, this->bottoms());
}

template <typename Dtype>
string LayerCase<Dtype>::InputError() {
  try {
    Run();
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind()) << error.what();
    return error.what();
  }
  return "";
}

template <typename Dtype>
vector<double> LayerCase<Dtype>::Values(const Blob<Dtype>& blob) {
  return vector<double>(blob.cpu_data(), blob.cpu_data() + blob.count());
}

template <typename Dtype>
vector<double> LayerCase<Dtype>::TopData(int index) {
  return Values(*this->top(index));
}

template <typename Dtype>
vector<double> LayerCase<Dtype>::BottomData(int index) {
  return Values(*this->bottom(index));
}

template <typename Dtype>
vector<double> LayerCase<Dtype>::ParamData(int index) {
  return Values(*param(index));
}

template <typename Dtype>
vector<double> LayerCase<Dtype>::BottomDiff(int index) {
  const Dtype* diff = this->bottom(index)->cpu_diff();
  return vector<double>(diff, diff + this->bottom(index)->count());
}

template <typename Dtype>
void ExpectNear(const vector<double>& want, const vector<double>& got) {
  ASSERT_EQ(want.size(), got.size());
  const double epsilon = std::numeric_limits<Dtype>::epsilon();
  for (size_t i = 0; i < want.size(); ++i) {
    const double slack = 64 * epsilon * std::max(1., std::fabs(want[i]));
    ASSERT_NEAR(want[i], got[i], slack) << "at index " << i;
  }
}

template <typename Dtype>
void ExpectSameForAnyThreads(const string& text,
                             const vector<vector<int>>& shapes,
                             const vector<double>& labels) {
  const int before = Caffe::threads();
  vector<vector<double>> results[2];
  for (int run = 0; run < 2; ++run) {
    Caffe::set_threads(run == 0 ? 1 : 3);
    LayerCase<Dtype> layer_case(text, shapes);
    if (!labels.empty()) layer_case.SetBottom(1, labels);
    layer_case.Run();
    results[run].push_back(layer_case.TopData());
    layer_case.RunBackward();
    results[run].push_back(layer_case.BottomDiff());
    for (const auto& blob : layer_case.layer()->blobs()) {
      results[run].push_back(layer_case.Values(*blob));
      results[run].emplace_back(blob->cpu_diff(),
                                blob->cpu_diff() + blob->count());
    }
  }
  Caffe::set_threads(before);
  EXPECT_TRUE(results[0] == results[1]);
}

#define TERCET_INSTANTIATE(Dtype)                                          \
  template class LayerCase<Dtype>;                                         \
  template void ExpectNear<Dtype>(const vector<double>&,                   \
                                  const vector<double>&);                  \
  template void ExpectSameForAnyThreads<Dtype>(                            \
      const string&, const vector<vector<int>>&, const vector<double>&)

TERCET_INSTANTIATE(float);
TERCET_INSTANTIATE(double);

}  // namespace caffe
