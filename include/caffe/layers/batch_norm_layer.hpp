// BatchNorm: zero mean and unit variance in each channel.
//
//   y = (x - mean_c) / sqrt(var_c + eps)
//
// Bottom: x, N x C x ... (2-D blobs as well as images; a blob of one axis is
//         one channel). Top: y, the same shape; in place is allowed.
//
// In training, mean and variance are those of the batch, over all axes but
// the channels' (M values each); at test time they are averages over the
// batches seen in training. There is no scale and no shift: a Scale layer with
// bias_term follows where they are wanted.
//
// Options (batch_norm_param):
//   use_global_stats          true takes the stored averages, false the
//                             batch's; default: true in TEST, false in TRAIN
//   moving_average_fraction   f below [0.999]
//   eps                       added to the variance [1e-5]
//   engine                    on the GPU, CAFFE: our own kernels. DEFAULT and
//                             CUDNN: cuDNN's for statistics of the batch, where
//                             it is built in
//
// Parameters, each zero at first and learnt by no solver (their lr_mult and
// decay_mult are set to 0):
//   0  C: sum of means       S_m = f S_m + mean
//   1  C: sum of variances   S_v = f S_v + var M / (M - 1)
//   2  1: their weight       S_w = f S_w + 1
// A Forward in phase TRAIN with the batch's statistics updates them; in TEST
// they stay as they are, whatever use_global_stats says, since the net that is
// trained shares them. The stored averages are S_m / S_w and S_v / S_w, and 0
// where S_w is 0.
//
// Gradient, with z = y and means over the M values of a channel:
//   dx = (dy - mean(dy) - z mean(dy z)) / sqrt(var + eps)   batch statistics
//   dx = dy / sqrt(var + eps)                               stored averages
//
// Ioffe and Szegedy, "Batch Normalization", ICML 2015, algorithms 1 and 2.
#ifndef CAFFE_LAYERS_BATCH_NORM_LAYER_HPP_
#define CAFFE_LAYERS_BATCH_NORM_LAYER_HPP_

#include <cmath>
#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
TERCET_HD inline Dtype Standardized(Dtype x, Dtype mean, Dtype inverse_std) {
  return (x - mean) * inverse_std;
}

// dx from dy, the standardized value, and the channel's mean(dy), mean(dy z).
template <typename Dtype>
TERCET_HD inline Dtype StandardizedGradient(Dtype dy, Dtype z, Dtype mean_dy,
                                            Dtype mean_dy_z,
                                            Dtype inverse_std) {
  return (dy - mean_dy - z * mean_dy_z) * inverse_std;
}

// The statistics that are needed of a channel, and its moving sums; the same
// on the host and the device. `values` is M.
template <typename Dtype>
struct BatchNormChannel {
  Dtype* mean;
  Dtype* inverse_std;
  Dtype* mean_sum;
  Dtype* variance_sum;

  TERCET_HD void Set(int64_t c, double m, double variance, double eps) const {
    mean[c] = static_cast<Dtype>(m);
    inverse_std[c] = static_cast<Dtype>(1 / sqrt(variance + eps));
  }
  TERCET_HD void SetFromMoving(int64_t c, Dtype weight, double eps) const {
    const double factor = weight == 0 ? 0 : 1 / static_cast<double>(weight);
    Set(c, factor * mean_sum[c], factor * variance_sum[c], eps);
  }
  TERCET_HD void UpdateMoving(int64_t c, double fraction, double m,
                              double variance, int64_t values) const {
    const double unbias =
        values > 1 ? static_cast<double>(values) / (values - 1) : 1;
    mean_sum[c] = static_cast<Dtype>(fraction * mean_sum[c] + m);
    variance_sum[c] =
        static_cast<Dtype>(fraction * variance_sum[c] + unbias * variance);
  }
};

template <typename Dtype>
class BatchNormLayer : public Layer<Dtype> {
 public:
  explicit BatchNormLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "BatchNorm"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  bool ForwardWritesParams() const override {
    return !use_global_stats_ && this->phase_ == TRAIN;
  }

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
  bool use_global_stats_ = false;
  double fraction_ = 0;
  double eps_ = 0;
  ChannelShape shape_;
  // Of the last Forward, C each: what the top was made with.
  Blob<Dtype> mean_;
  Blob<Dtype> inverse_std_;
  // 2 x C: mean and variance in Forward, the two sums of Backward.
  Blob<double> sums_;
  // With cuDNN: kCudnnRows x C, a row for each thing that it wants beside.
  static constexpr int kCudnnRows = 6;
  Blob<Dtype> cudnn_work_;
  // In place, Forward keeps the bottom here for Backward.
  Blob<Dtype> kept_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_BATCH_NORM_LAYER_HPP_
