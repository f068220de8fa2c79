// LRN: local response normalization, each value divided by a power of the
// squares around it.
//
//   s_i = k + alpha / n   sum over the n channels around i of x^2
//         1 + alpha / n^2 sum over the n x n window around i of x^2
//   y_i = x_i s_i^-beta
//
// The first form is ACROSS_CHANNELS, the second WITHIN_CHANNEL. Windows are
// centred and cut at the borders; the divisor stays n or n^2.
//
// Bottom: x, N x C x H x W. Top: y, the same shape; not in place.
//
// Options (lrn_param):
//   local_size   n, odd [5]
//   alpha, beta  [1], [0.75]
//   k            [1]; without effect WITHIN_CHANNEL, as in Caffe
//   norm_region  ACROSS_CHANNELS (default) or WITHIN_CHANNEL
//   engine       accepted, without effect: cuDNN's gradient takes the top,
//                which a layer above may have changed in place
//
// Gradient, with the sum over the same window and m = n or n^2:
//   dx_i = dy_i s_i^-beta
//          - 2 alpha beta / m x_i sum of dy_j x_j s_j^(-beta - 1)
//
// Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep
// Convolutional Neural Networks", NIPS 2012, section 3.3 (there without 1/n).
#ifndef CAFFE_LAYERS_LRN_LAYER_HPP_
#define CAFFE_LAYERS_LRN_LAYER_HPP_

#include <cmath>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/host_device.hpp"

namespace caffe {

// s^-beta, with square roots for the two usual exponents.
template <typename Dtype>
TERCET_HD inline Dtype LrnFactor(Dtype s, Dtype beta) {
  if (beta == Dtype(0.75)) {
    const Dtype root = std::sqrt(s);
    return 1 / (root * std::sqrt(root));
  }
  if (beta == Dtype(0.5)) return 1 / std::sqrt(s);
  return std::pow(s, -beta);
}

// A blob cut into lines of `length` along which a window slides; neighbours on
// a line are `inner` values apart.
struct WindowShape {
  int64_t outer;
  int64_t length;
  int64_t inner;
};

template <typename Dtype>
class LRNLayer : public Layer<Dtype> {
 public:
  explicit LRNLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "LRN"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AllowInPlace() const override { return false; }

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
  bool within_ = false;
  int half_ = 0;       // (n - 1) / 2
  Dtype k_ = 1;        // 1 within channels
  Dtype alpha_ = 1;    // alpha / n or alpha / n^2
  Dtype beta_ = 0;
  // The sums go along `first_`, and within channels then along `second_`.
  WindowShape first_;
  WindowShape second_;
  Blob<Dtype> scale_;  // s
  // Terms and half-way sums.
  Blob<Dtype> work_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_LRN_LAYER_HPP_
