// SoftmaxWithLoss: the multinomial logistic loss of class scores.
//
//   p = softmax(x) over the class axis
//   loss = 1 / Z  sum over the positions that count of
//                 -log(max(p[its label], 1.18e-38))
//
// Bottoms: x, scores, for example N x C or N x C x H x W;
//          labels from 0 to C - 1, one a position (N, or N x 1 x H x W),
//          without their fraction: 3.7 is class 3. The first axes must agree.
// Tops:    the loss, a single number; and, where it is named, p, the shape of
//          x (for a look; it takes no gradient).
//
// Options:
//   softmax_param.axis        the class axis [1]
//   loss_param.ignore_label   positions with this label do not count; it need
//                             be no class [none]
//   loss_param.normalization  Z [VALID]:
//                             VALID       the positions that count
//                             FULL        all positions
//                             BATCH_SIZE  the rows (axes before the classes)
//                             NONE        1
//                             and never less than 1
//   loss_param.normalize      older; without `normalization`, true means VALID
//                             and false BATCH_SIZE
//   loss_weight               [1]
//
// A label that is no class is refused, with its row and the number of classes.
//
// Gradient: dx_c = (p_c - [c is the label]) / Z, and 0 at positions that do
// not count; none for the labels.
#ifndef CAFFE_LAYERS_SOFTMAX_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_SOFTMAX_LOSS_LAYER_HPP_

#include <cfloat>
#include <cmath>
#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layers/loss_layer.hpp"
#include "caffe/layers/people_source.hpp"

namespace caffe {

struct LabelRule;

// -log p with a floor; NaN stays NaN.
template <typename Dtype>
TERCET_HD inline Dtype LogLoss(Dtype p) {
  const Dtype floor = static_cast<Dtype>(FLT_MIN);
  return -std::log(p < floor ? floor : p);
}

// The derivative of a position's loss by the score of class c.
template <typename Dtype>
TERCET_HD inline Dtype LogLossSlope(Dtype p, int64_t c, Dtype label) {
  return static_cast<int64_t>(label) == c ? p - 1 : p;
}

template <typename Dtype>
class SoftmaxWithLossLayer : public LossLayer<Dtype>, public ClassLabels {
 public:
  explicit SoftmaxWithLossLayer(const LayerParameter& param)
      : LossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "SoftmaxWithLoss"; }
  int ExactNumTopBlobs() const override { return -1; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }
  bool AllowInPlace() const override { return false; }

  int64_t ClassCount() const override;
  bool AcceptsLabel(int label) const override;

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
  LabelRule Rule() const;

  shared_ptr<Layer<Dtype>> softmax_;
  Blob<Dtype> prob_;
  ChannelShape shape_;
  LossParameter::NormalizationMode normalization_ = LossParameter::VALID;
  // The summed loss, the positions that count, and Z.
  Blob<double> sums_;
  Blob<int> bad_label_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_SOFTMAX_LOSS_LAYER_HPP_
