// LossLayer: the base of layers whose top is a loss.
//
// Bottoms: a prediction and a target with the same first axis N.
// Top: a scalar (no axes), with loss weight 1 unless the file says another.
// The gradient goes to bottom 0 alone, unless a layer says otherwise.
#ifndef CAFFE_LAYERS_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"

namespace caffe {

// The smallest probability whose logarithm a loss takes; for layers that were
// written for Caffe.
constexpr float kLOG_THRESHOLD = 1e-20f;

// loss_param.normalization; where only the older `normalize` is given, true
// means VALID and false BATCH_SIZE.
inline LossParameter::NormalizationMode LossNormalization(
    const LossParameter& param) {
  if (param.has_normalization() || !param.has_normalize()) {
    return param.normalization();
  }
  return param.normalize() ? LossParameter::VALID : LossParameter::BATCH_SIZE;
}

// What a summed loss is divided by, given the shape of the scores and how many
// positions count; at least 1.
TERCET_HD inline double LossNormalizer(int mode, const ChannelShape& shape,
                                       double valid) {
  double z = 1;
  if (mode == LossParameter::FULL) z = shape.per_channel();
  if (mode == LossParameter::VALID) z = valid;
  if (mode == LossParameter::BATCH_SIZE) z = shape.outer;
  return z < 1 ? 1 : z;
}

template <typename Dtype>
class LossLayer : public Layer<Dtype> {
 public:
  explicit LossLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  int ExactNumBottomBlobs() const override { return 2; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AutoTopBlobs() const override { return true; }
  bool AllowForceBackward(const int bottom_index) const override {
    return bottom_index != 1;
  }
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_LOSS_LAYER_HPP_
