// PReLULayer: the rectified linear unit with a learnt slope a channel.
//
//   y = x              for x > 0
//   y = a_c * x        otherwise, c the channel of x
//
// Bottom: x, N x C x ... (two axes or more). Top: y, of the same shape; may
// be in place, and then keeps a copy of x for the gradient, for the sign of a
// slope is not known. Parameter 0: the slopes, C, or a scalar where shared.
//
// Gradient:  dx = dy where x > 0, a_c * dy elsewhere;
//            da_c += the sum of dy * x over the x <= 0 of channel c.
//
// Options, in prelu_param:
//   filler          constant 0.25  the first slopes
//   channel_shared  false          one slope for all channels
//
// He et al., "Delving deep into rectifiers", ICCV 2015, equations 1 and 3.
#ifndef CAFFE_LAYERS_PRELU_LAYER_HPP_
#define CAFFE_LAYERS_PRELU_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// One value, and its gradients with respect to x and to the slope. Written as
// sums of two parts of which one is 0: a compiler turns a choice between
// products into a branch, and such loops take ten times as long.
template <typename Dtype>
TERCET_HD inline Dtype PReluValue(Dtype x, Dtype slope) {
  return (x > 0 ? x : Dtype(0)) + slope * (x > 0 ? Dtype(0) : x);
}
template <typename Dtype>
TERCET_HD inline Dtype PReluGradient(Dtype x, Dtype dy, Dtype slope) {
  return (x > 0 ? dy : Dtype(0)) + slope * (x > 0 ? Dtype(0) : dy);
}
template <typename Dtype>
TERCET_HD inline Dtype PReluSlopeGradient(Dtype x, Dtype dy) {
  return dy * (x > 0 ? Dtype(0) : x);
}

template <typename Dtype>
class PReLULayer : public NeuronLayer<Dtype> {
 public:
  explicit PReLULayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "PReLU"; }
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
  // What the slopes' gradient needs: x, also where the top took its place.
  const Blob<Dtype>& Input(const vector<Blob<Dtype>*>& bottom) const {
    return in_place_ ? input_ : *bottom[0];
  }
  void SlopeBackward_cpu(const Dtype* x, const Dtype* dy);
  // A channel a slope.
  ChannelShape Shape() const {
    const int64_t slopes = shared_ ? 1 : channels_;
    return {rows_ / slopes, slopes, columns_};
  }

  bool shared_ = false;
  bool in_place_ = false;
  // The bottom as rows: N * C of them, each of the values of one channel.
  int rows_ = 0;
  int channels_ = 0;
  int columns_ = 0;
  Blob<Dtype> input_;
  // The slope's gradient of each row, N x C.
  Blob<Dtype> row_sums_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_PRELU_LAYER_HPP_
