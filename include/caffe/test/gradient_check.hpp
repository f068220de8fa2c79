// The numerical check of a layer's Backward, for tests and for tools: it needs
// no test framework and returns what it found as text. gradient_checker.hpp
// wraps it for gtest, under the names that Caffe's tests use.
//
// For a random linear functional of the tops (for loss layers: the loss
// itself) every coordinate of every bottom and of every parameter is moved by
// +h and -h, and the central difference compared with what Backward wrote.
// Beyond the numbers, these contracts of a layer are checked:
//   - Forward writes every value of its tops, Backward every value of the
//     bottom diffs it was asked for (both are filled with NaN before);
//   - Backward overwrites bottom diffs and adds to parameter diffs;
//   - a bottom whose propagate_down is false keeps its diff, and leaving it
//     out changes no other gradient;
//   - Backward is linear in the diffs of the tops;
//   - two passes in a row give the same: what the layer remembers (SaveState)
//     is put back before each Forward, and after the check.
// A loss jumps or bends at a kink, where a central difference means nothing:
// a coordinate is left out, and counted, when the decisions that the layer
// reports (Layer::KinkSides) differ between x+h and x-h, however small h.
#ifndef CAFFE_TEST_GRADIENT_CHECK_HPP_
#define CAFFE_TEST_GRADIENT_CHECK_HPP_

#include <string>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/common.hpp"
#include "caffe/layer.hpp"

namespace caffe {

struct GradientCheckOptions {
  // The first step, for values of magnitude 1; it is made smaller where the
  // estimate is too rough or a kink lies in between. The error allowed is
  // relative to the gradient itself, above a floor set by rounding. For float
  // neither is taken below 1e-2: the format has no room for more.
  double step = 1e-4;
  double threshold = 1e-6;
  unsigned seed = 1701;
  // Caffe's way to name a kink: values within kink_range of +-kink are left
  // out. Negative: there is none.
  double kink = 0;
  double kink_range = -1;
  // One bottom, or -1 for each that the layer can propagate to. Parameters are
  // always checked. propagate_down, where not empty, names them one by one.
  int check_bottom = -1;
  vector<bool> propagate_down;
  // False for a layer that has been set up already.
  bool set_up = true;
  // At most so many coordinates a blob, drawn at random; 0: all of them.
  int max_coordinates = 0;
  // More than this share of a blob left out at kinks is a failure.
  double max_skipped = 0.5;
};

struct GradientReport {
  vector<string> failures;
  int64_t checked = 0;
  int64_t skipped = 0;
  double worst = 0;  // the largest relative error seen

  bool ok() const { return failures.empty(); }
  string Text() const;
};

// Neither the layer nor the blobs are owned. They come back as one Forward
// leaves them, and with diffs that mean nothing.
template <typename Dtype>
GradientReport CheckLayerGradients(
    Layer<Dtype>* layer, const vector<Blob<Dtype>*>& bottom,
    const vector<Blob<Dtype>*>& top,
    const GradientCheckOptions& options = GradientCheckOptions());

}  // namespace caffe

#endif  // CAFFE_TEST_GRADIENT_CHECK_HPP_
