// PowerLayer: a power of an affine function of each value.
//
//   y = (shift + scale * x) ^ power
//
// Bottom: x, of any shape. Top: y, of the same shape; may be in place, and
// then keeps a copy of x where the gradient needs it. A negative base with a
// power that is no whole number gives NaN.
//
// Gradient:  dx = dy * power * scale * (shift + scale * x) ^ (power - 1),
// taken from x and not as y / x, so that it is finite at a base of 0 wherever
// the derivative is; 0 where power or scale is 0.
//
// Options, in power_param:
//   power  1
//   scale  1
//   shift  0
#ifndef CAFFE_LAYERS_POWER_LAYER_HPP_
#define CAFFE_LAYERS_POWER_LAYER_HPP_

#include <cmath>
#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// One value, and its derivative.
template <typename Dtype>
TERCET_HD inline Dtype PowerValue(Dtype x, Dtype power, Dtype scale,
                                  Dtype shift) {
  const Dtype base = shift + scale * x;
  if (power == 0) return 1;
  if (power == 1) return base;
  if (power == 2) return base * base;
  return std::pow(base, power);
}
template <typename Dtype>
TERCET_HD inline Dtype PowerDerivative(Dtype x, Dtype power, Dtype scale,
                                       Dtype shift) {
  const Dtype factor = power * scale;
  if (factor == 0 || power == 1) return factor;
  const Dtype base = shift + scale * x;
  if (power == 2) return factor * base;
  return factor * std::pow(base, power - 1);
}

template <typename Dtype>
class PowerLayer : public NeuronLayer<Dtype> {
 public:
  explicit PowerLayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Power"; }

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

 private:
  // Whether the gradient depends on x.
  bool NeedsInput() const { return power_ * scale_ != 0 && power_ != 1; }
  bool in_place_ = false;

  Dtype power_ = 1;
  Dtype scale_ = 1;
  Dtype shift_ = 0;
  // x, where the top takes its place and Backward needs it.
  Blob<Dtype> input_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_POWER_LAYER_HPP_
