// Softmax: turns the C scores of each position into probabilities.
//
//   y_c = exp(x_c - m) / sum over j of exp(x_j - m),   m = max over j of x_j
//
// Bottom: x, for example N x C or N x C x H x W. Top: y, the same shape; in
// place is allowed.
//
// Options (softmax_param):
//   axis    the axis of the C scores [1]; negative: from the end
//   engine  on the GPU, CAFFE: our own kernels. DEFAULT and CUDNN: cuDNN,
//           where it is built in
//
// Gradient: dx_c = y_c (dy_c - sum over j of dy_j y_j).
#ifndef CAFFE_LAYERS_SOFTMAX_LAYER_HPP_
#define CAFFE_LAYERS_SOFTMAX_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class SoftmaxLayer : public Layer<Dtype> {
 public:
  explicit SoftmaxLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Softmax"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }

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
  ChannelShape shape_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_SOFTMAX_LAYER_HPP_
