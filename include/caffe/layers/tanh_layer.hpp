// TanHLayer: the hyperbolic tangent.
//
//   y = tanh(x)
//
// Bottom: x, of any shape. Top: y, of the same shape; may be in place.
//
// Gradient:  dx = dy * (1 - y^2)
//
// Options: none; tanh_param's engine is accepted and ignored.
#ifndef CAFFE_LAYERS_TANH_LAYER_HPP_
#define CAFFE_LAYERS_TANH_LAYER_HPP_

#include <cmath>

#include "caffe/layers/function_layer.hpp"

namespace caffe {

struct TanHFunction {
  template <typename Dtype>
  TERCET_HD static Dtype Value(Dtype x) {
    return std::tanh(x);
  }
  template <typename Dtype>
  TERCET_HD static Dtype Gradient(Dtype y, Dtype dy) {
    return dy * (1 - y * y);
  }
};

template <typename Dtype>
class TanHLayer : public FunctionLayer<Dtype, TanHFunction> {
 public:
  explicit TanHLayer(const LayerParameter& param)
      : FunctionLayer<Dtype, TanHFunction>(param) {}

  const char* type() const override { return "TanH"; }
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_TANH_LAYER_HPP_
