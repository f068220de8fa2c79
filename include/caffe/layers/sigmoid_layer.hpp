// SigmoidLayer: the logistic function.
//
//   y = 1 / (1 + exp(-x))
//
// Computed from exp(-|x|), so that nothing overflows and small values keep
// their relative precision. Bottom: x, of any shape. Top: y, of the same
// shape; may be in place.
//
// Gradient:  dx = dy * y * (1 - y)
//
// Options: none; sigmoid_param's engine is accepted and ignored.
#ifndef CAFFE_LAYERS_SIGMOID_LAYER_HPP_
#define CAFFE_LAYERS_SIGMOID_LAYER_HPP_

#include <cmath>

#include "caffe/layers/function_layer.hpp"

namespace caffe {

struct SigmoidFunction {
  template <typename Dtype>
  TERCET_HD static Dtype Value(Dtype x) {
    const Dtype e = std::exp(x < 0 ? x : -x);
    return (x < 0 ? e : Dtype(1)) / (1 + e);
  }
  template <typename Dtype>
  TERCET_HD static Dtype Gradient(Dtype y, Dtype dy) {
    return dy * y * (1 - y);
  }
};

template <typename Dtype>
class SigmoidLayer : public FunctionLayer<Dtype, SigmoidFunction> {
 public:
  explicit SigmoidLayer(const LayerParameter& param)
      : FunctionLayer<Dtype, SigmoidFunction>(param) {}

  const char* type() const override { return "Sigmoid"; }
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_SIGMOID_LAYER_HPP_
