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
#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// One value, and its gradient with respect to x.
template <typename Dtype>
TERCET_HD inline Dtype SigmoidValue(Dtype x) {
  const Dtype e = std::exp(x < 0 ? x : -x);
  return (x < 0 ? e : Dtype(1)) / (1 + e);
}
template <typename Dtype>
TERCET_HD inline Dtype SigmoidGradient(Dtype y, Dtype dy) {
  return dy * y * (1 - y);
}

template <typename Dtype>
class SigmoidLayer : public NeuronLayer<Dtype> {
 public:
  explicit SigmoidLayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}

  const char* type() const override { return "Sigmoid"; }

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

#endif  // CAFFE_LAYERS_SIGMOID_LAYER_HPP_
