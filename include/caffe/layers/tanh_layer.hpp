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
#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// One value, and its gradient with respect to x.
template <typename Dtype>
TERCET_HD inline Dtype TanhValue(Dtype x) {
  return std::tanh(x);
}
template <typename Dtype>
TERCET_HD inline Dtype TanhGradient(Dtype y, Dtype dy) {
  return dy * (1 - y * y);
}

template <typename Dtype>
class TanHLayer : public NeuronLayer<Dtype> {
 public:
  explicit TanHLayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}

  const char* type() const override { return "TanH"; }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_TANH_LAYER_HPP_
