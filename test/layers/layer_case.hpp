// LayerRunner for tests that compare with a reference in double: values come
// and go as double, for float layers too, and the whole run can be repeated
// with other numbers of threads.
#ifndef TERCET_TEST_LAYERS_LAYER_CASE_HPP_
#define TERCET_TEST_LAYERS_LAYER_CASE_HPP_

#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {

template <typename Dtype>
class LayerCase : public LayerRunner<Dtype> {
 public:
  using LayerRunner<Dtype>::LayerRunner;
  using LayerRunner<Dtype>::kInPlace;

  Blob<Dtype>* param(int index);

  void FillUniform(Blob<Dtype>* blob, double low, double high);
  static void Set(Blob<Dtype>* blob, const vector<double>& values);
  void SetBottom(int index, const vector<double>& values);

  // Sets up and goes forward; returns the loss.
  Dtype Run();
  // Backward from random diffs of top 0 to all bottoms that take a gradient.
  void RunBackward();

  // The message of the input error that setting up and going forward meet.
  string InputError();

  static vector<double> Values(const Blob<Dtype>& blob);
  vector<double> TopData(int index = 0);
  vector<double> BottomData(int index = 0);
  vector<double> ParamData(int index);
  vector<double> BottomDiff(int index = 0);

 private:
  Rng random_{20240229};
};

// Two lists of numbers, equal up to the rounding of Dtype.
template <typename Dtype>
void ExpectNear(const vector<double>& want, const vector<double>& got);

// Runs a case forward and backward with 1 and with 3 threads; everything that
// comes out must agree bit for bit. Bottom 1, if any, gets these values.
template <typename Dtype>
void ExpectSameForAnyThreads(const string& text,
                             const vector<vector<int>>& shapes,
                             const vector<double>& labels = {});

// Compiled once, in layer_case.cpp.
extern template class LayerCase<float>;
extern template class LayerCase<double>;

}  // namespace caffe

#endif  // TERCET_TEST_LAYERS_LAYER_CASE_HPP_
