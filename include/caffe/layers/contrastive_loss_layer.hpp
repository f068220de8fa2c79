// ContrastiveLoss: draws similar pairs together and pushes the others apart
// up to a margin. This header is the layer's manual.
#ifndef CAFFE_LAYERS_CONTRASTIVE_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_CONTRASTIVE_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"

namespace caffe {

//   L = 1/(2N) sum_i  y_i d_i^2 + (1 - y_i) max(0, margin - d_i)^2
//
// with d_i = |a_i - b_i|, as in Caffe.
//
// Bottoms
//   0  a   N x D   further axes are flattened into D
//   1  b   N x D
//   2  y   N       0: not similar; any other value: similar
// Tops
//   0  L    scalar
//   1 to 3  optional: share of pairs with a loss above 0, pairs, statistics of
//           the batch (metric_loss_layer.hpp): d(a,p) of the similar pairs,
//           d(a,n) of the others, both not squared; a pair of rows is a row of
//           two bottoms
//
// Options, contrastive_loss_param { ... }
//   margin [1]               finite, not negative
//   legacy_version [false]   max(0, margin - d_i^2) in place of the square of
//                            max(0, margin - d_i)
//
// Gradient, times the top's diff; dL/db_i = -dL/da_i:
//
//   similar:                dL/da_i =  (a_i - b_i) / N
//   not, d_i < margin:      dL/da_i = -(margin - d_i)/d_i (a_i - b_i) / N
//   not, legacy:            dL/da_i = -(a_i - b_i) / N    where d_i^2 < margin
//   otherwise, or d_i = 0:  0
//
// Caffe divides by d_i + 1e-4, which is not quite the gradient of its loss;
// here it is.
//
// Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant
// mapping, CVPR 2006.
template <typename Dtype>
class ContrastiveLossLayer : public MetricLossLayer<Dtype> {
 public:
  explicit ContrastiveLossLayer(const LayerParameter& param)
      : MetricLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "ContrastiveLoss"; }
  int ExactNumBottomBlobs() const override { return 3; }
  bool AllowForceBackward(const int bottom_index) const override {
    return bottom_index != 2;
  }

  metric::TupleCount Count() override;
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  const char* tuples() const override { return "pairs"; }
  void RefuseRows(const vector<Blob<Dtype>*>& bottom) override;
  // Whether a pair's hinge is active, and whether it is at distance 0.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return bottom[0]->count();
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
  void CheckLabelNeedsNoGradient(const vector<bool>& propagate_down) const;

  Dtype margin_ = 1;
  bool legacy_ = false;
  Blob<Dtype> loss_rows_;  // N: each pair's loss, without 1/(2N)
  Blob<Dtype> slope_;      // N: dL/da_i = slope_i (a_i - b_i) / N
  // The sum of loss_rows_, how many are above 0, how many pairs are not
  // similar.
  enum { kLossSum, kActive, kNotSimilar, kTotals };
  Blob<double> totals_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_CONTRASTIVE_LOSS_LAYER_HPP_
