// ReLULayer: the rectified linear unit, leaky where a slope is given.
//
//   y = x              for x > 0
//   y = slope * x      otherwise
//
// Bottom: x, of any shape. Top: y, of the same shape; may be in place, unless
// the slope is negative (the sign of x could not be told from y). NaN stays
// NaN, so that a broken net shows.
//
// Gradient:  dx = dy where x > 0, slope * dy elsewhere.
//
// Options, in relu_param:
//   negative_slope  0  the slope
//   engine             accepted and ignored: there is one implementation
//
// Nair and Hinton, ICML 2010; leaky: Maas et al., ICML 2013.
#ifndef CAFFE_LAYERS_RELU_LAYER_HPP_
#define CAFFE_LAYERS_RELU_LAYER_HPP_

#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// One value, and its gradient with respect to x; kLeaky is slope != 0. Written
// as sums of two parts of which one is 0: a compiler turns a choice between
// products into a branch, and such loops take ten times as long.
template <bool kLeaky, typename Dtype>
TERCET_HD inline Dtype ReluValue(Dtype x, Dtype slope) {
  if (!kLeaky) return x <= 0 ? Dtype(0) : x;
  return (x > 0 ? x : Dtype(0)) + slope * (x > 0 ? Dtype(0) : x);
}
template <bool kLeaky, typename Dtype>
TERCET_HD inline Dtype ReluGradient(Dtype x, Dtype dy, Dtype slope) {
  if (!kLeaky) return x > 0 ? dy : Dtype(0);
  return (x > 0 ? dy : Dtype(0)) + slope * (x > 0 ? Dtype(0) : dy);
}

template <typename Dtype>
class ReLULayer : public NeuronLayer<Dtype> {
 public:
  explicit ReLULayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "ReLU"; }
  // The sign of each input.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;

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
  Dtype slope_ = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_RELU_LAYER_HPP_
