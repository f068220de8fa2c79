// LayerRunner for tests that compare with a reference in double: values come
// and go as double, for float layers too, and the whole run can be repeated
// with other numbers of threads.
#ifndef TERCET_TEST_LAYER_CASE_HPP_
#define TERCET_TEST_LAYER_CASE_HPP_

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "layer_runner.hpp"

namespace caffe {

template <typename Dtype>
class LayerCase : public LayerRunner<Dtype> {
 public:
  using LayerRunner<Dtype>::LayerRunner;
  using LayerRunner<Dtype>::kInPlace;

  Blob<Dtype>* param(int index) { return this->layer()->blobs()[index].get(); }

  void FillUniform(Blob<Dtype>* blob, double low, double high) {
    Dtype* data = blob->mutable_cpu_data();
    for (int i = 0; i < blob->count(); ++i) {
      data[i] = static_cast<Dtype>(random_.Uniform(low, high));
    }
  }
  static void Set(Blob<Dtype>* blob, const vector<double>& values) {
    ASSERT_EQ(blob->count(), static_cast<int>(values.size()));
    std::copy(values.begin(), values.end(), blob->mutable_cpu_data());
  }
  void SetBottom(int index, const vector<double>& values) {
    Set(this->bottom(index), values);
  }

  // Sets up and goes forward; returns the loss.
  Dtype Run() {
    this->SetUp();
    return this->layer()->Forward(this->bottoms(), this->tops());
  }
  // Backward from random diffs of top 0 to all bottoms that take a gradient.
  void RunBackward() {
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

  static vector<double> Values(const Blob<Dtype>& blob) {
    return vector<double>(blob.cpu_data(), blob.cpu_data() + blob.count());
  }
  vector<double> TopData(int index = 0) { return Values(*this->top(index)); }
  vector<double> BottomData(int index = 0) {
    return Values(*this->bottom(index));
  }
  vector<double> ParamData(int index) { return Values(*param(index)); }
  vector<double> BottomDiff(int index = 0) {
    const Dtype* diff = this->bottom(index)->cpu_diff();
    return vector<double>(diff, diff + this->bottom(index)->count());
  }

 private:
  Rng random_{20240229};
};

// Two lists of numbers, equal up to the rounding of Dtype.
template <typename Dtype>
void ExpectNear(const vector<double>& want, const vector<double>& got) {
  ASSERT_EQ(want.size(), got.size());
  const double epsilon = std::numeric_limits<Dtype>::epsilon();
  for (size_t i = 0; i < want.size(); ++i) {
    const double slack = 64 * epsilon * std::max(1., std::fabs(want[i]));
    ASSERT_NEAR(want[i], got[i], slack) << "at index " << i;
  }
}

// Runs a case forward and backward with 1 and with 3 threads; everything that
// comes out must agree bit for bit. Bottom 1, if any, gets these values.
template <typename Dtype>
void ExpectSameForAnyThreads(const string& text,
                             const vector<vector<int>>& shapes,
                             const vector<double>& labels = {}) {
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

// Compiled once, in test_layer_case.cpp: the gradient checker is large.
extern template class LayerCase<float>;
extern template class LayerCase<double>;
extern template class LayerRunner<float>;
extern template class LayerRunner<double>;
extern template void ExpectSameForAnyThreads<float>(const string&,
                                                    const vector<vector<int>>&,
                                                    const vector<double>&);
extern template void ExpectSameForAnyThreads<double>(const string&,
                                                     const vector<vector<int>>&,
                                                     const vector<double>&);

}  // namespace caffe

#endif  // TERCET_TEST_LAYER_CASE_HPP_
