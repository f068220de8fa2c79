// A layer made from prototxt text, with its bottoms and tops, for tests: it
// fills the bottoms with random values, runs the layer and checks gradients.
#ifndef TERCET_TEST_LAYERS_LAYER_RUNNER_HPP_
#define TERCET_TEST_LAYERS_LAYER_RUNNER_HPP_

#include <memory>
#include <string>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/test/gradient_checker.hpp"

namespace caffe {

template <typename Dtype>
class LayerRunner {
 public:
  typedef vector<vector<int>> Shapes;
  enum Place { kApart, kInPlace };

  // In place, top 0 is bottom 0.
  LayerRunner(const string& text, const Shapes& shapes, int tops = 1,
              Place place = kApart);
  ~LayerRunner();

  Layer<Dtype>* layer();
  Blob<Dtype>* bottom(int i = 0);
  Blob<Dtype>* top(int i = 0);
  const vector<Blob<Dtype>*>& bottoms() const;
  const vector<Blob<Dtype>*>& tops() const;

  void SetUp();
  void Forward();
  void SetUpAndForward();
  void Backward();
  // Backward from these top diffs; returns the diff of bottom 0.
  vector<Dtype> BackwardFrom(const vector<vector<Dtype>>& diffs);
  void CheckGradient();

  void SetBottom(int i, const vector<Dtype>& values);
  static vector<Dtype> Data(const Blob<Dtype>& blob);
  static vector<Dtype> Diff(const Blob<Dtype>& blob);
  vector<Dtype> Bottom(int i = 0) const;
  vector<Dtype> Top(int i = 0) const;

  // Uniform in [-2, 2), another sequence for each stream.
  static void Fill(Blob<Dtype>* blob, uint64_t stream);

 private:
  vector<shared_ptr<Blob<Dtype>>> owned_;
  vector<Blob<Dtype>*> bottom_;
  vector<Blob<Dtype>*> top_;
  shared_ptr<Layer<Dtype>> layer_;
};

// Expects that setting this layer up is refused as bad input, with a message
// that holds each of the parts.
void ExpectRefused(const string& text, const vector<vector<int>>& shapes,
                   int tops, const vector<string>& parts,
                   bool in_place = false);

// Compiled once, in layer_runner.cpp.
extern template class LayerRunner<float>;
extern template class LayerRunner<double>;

}  // namespace caffe

#endif  // TERCET_TEST_LAYERS_LAYER_RUNNER_HPP_
