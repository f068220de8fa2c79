// GradientChecker: the check of gradient_check.hpp as gtest failures, with the
// constructor and the methods that tests written for Caffe call.
#ifndef CAFFE_TEST_GRADIENT_CHECKER_HPP_
#define CAFFE_TEST_GRADIENT_CHECKER_HPP_

#include <gtest/gtest.h>

#include "caffe/test/gradient_check.hpp"

namespace caffe {

// GradientChecker<Dtype> checker;   (or checker(step, threshold))
// checker.CheckGradientExhaustive(&layer, bottoms, tops);
// Every method sets the layer up first and checks all its parameters.
template <typename Dtype>
class GradientChecker {
 public:
  typedef vector<Blob<Dtype>*> Blobs;

  GradientChecker() = default;
  GradientChecker(double stepsize, double threshold, unsigned seed = 1701,
                  double kink = 0, double kink_range = -1) {
    options_.step = stepsize;
    options_.threshold = threshold;
    options_.seed = seed;
    options_.kink = kink;
    options_.kink_range = kink_range;
  }
  explicit GradientChecker(const GradientCheckOptions& options)
      : options_(options) {}

  // check_bottom: one bottom by number, -1 for all that can be propagated to,
  // -2 for the parameters alone.
  void CheckGradient(Layer<Dtype>* layer, const Blobs& bottom,
                     const Blobs& top, int check_bottom = -1) {
    GradientCheckOptions options = options_;
    options.check_bottom = check_bottom;
    report_ = CheckLayerGradients(layer, bottom, top, options);
    for (const string& failure : report_.failures) ADD_FAILURE() << failure;
    if (report_.ok() && report_.checked == 0) {
      ADD_FAILURE() << layer->type() << ": there was nothing to check";
    }
  }
  // One functional of all tops sees an error in any of them.
  void CheckGradientExhaustive(Layer<Dtype>* layer, const Blobs& bottom,
                               const Blobs& top, int check_bottom = -1) {
    CheckGradient(layer, bottom, top, check_bottom);
  }
  void CheckGradientEltwise(Layer<Dtype>* layer, const Blobs& bottom,
                            const Blobs& top) {
    CheckGradient(layer, bottom, top);
  }

  // Counts of the last check.
  const GradientReport& report() const { return report_; }

 private:
  GradientCheckOptions options_;
  GradientReport report_;
};

}  // namespace caffe

#endif  // CAFFE_TEST_GRADIENT_CHECKER_HPP_
