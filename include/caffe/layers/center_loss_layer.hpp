// CenterLoss: draws the features of each class towards a centre that is learned
// with them, beside a SoftmaxWithLoss that keeps the classes apart.
//
// This header is the layer's manual. The arithmetic is in loss/center.hpp.
#ifndef CAFFE_LAYERS_CENTER_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_CENTER_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"
#include "caffe/layers/people_source.hpp"

namespace caffe {

struct LabelRule;

//   L = 1/(2 Z) sum_i |x_i - c_(y_i)|^2
//
// Bottoms
//   0  x   N x D   features; `axis` and the axes after it are flattened into D
//   1  y   N       classes from 0 to C - 1, without their fraction: 3.7 is
//                  class 3; get no gradient
// Tops
//   0  L    scalar
//   1 to 3  optional: share of the rows that are not at their centre, rows that
//           count, statistics of the batch in squared L2 (metric_loss_layer.hpp)
// Parameter
//   0  c   C x D   the centres
//
// Options, center_loss_param { ... }
//   num_output     C, wanted
//   center_filler  [constant 0]
//   axis [1]       may count from the end: -1 is the last
// and loss_param { ... }
//   normalization  Z [VALID]: the rows that count; FULL, BATCH_SIZE: all rows;
//                  NONE: 1. Never less than 1
//   ignore_label   rows with this label do not count [none]
//
// The default is 1/(2N), which is what nets that were written for the layer's
// first version (Caffe by the authors) expect. The loss shrinks for good where
// all features do, so it is of use only beside another loss: a loss_weight of
// 0.003 to 0.01 beside SoftmaxWithLoss is usual.
//
// A row whose distance to its centre is not finite is an error that names it, or
// the centre, on the CPU; on the GPU a solver's run ends with that.
//
// Gradient, times the top's diff: dL/dx_i = (x_i - c_(y_i)) / Z.
//
// The centres do not follow the derivative of L, but the rule of the paper
// (equation 4): what Backward adds to the diff of c_j is
//
//   sum over the rows of class j of (c_j - x_i) / (1 + their number) ,
//
// whatever loss_weight and Z are. The solver subtracts it, times its rate and
// the parameter's lr_mult; that product is the paper's alpha. With momentum
// the centres have it too, and with weight_decay they are drawn to 0: write
// `param { lr_mult: 1 decay_mult: 0 }` to leave them out.
//
// Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep
// face recognition, ECCV 2016.
template <typename Dtype>
class CenterLossLayer : public MetricLossLayer<Dtype>, public ClassLabels {
 public:
  explicit CenterLossLayer(const LayerParameter& param)
      : MetricLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "CenterLoss"; }

  metric::TupleCount Count() override;
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  const char* tuples() const override { return "rows"; }
  void RefuseRows(const vector<Blob<Dtype>*>& bottom) override;
  bool ParamDiffIsGradient(const int param_id) const override { return false; }
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return bottom[0]->count();
  }

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

  int axis_ = 1;   // the first of a row
  int rows_ = 0;   // N
  int depth_ = 0;  // D
  LossParameter::NormalizationMode normalization_ = LossParameter::VALID;
  Blob<int> class_of_;      // N
  Blob<Dtype> distances_;   // N
  Blob<double> sums_;       // of the distances, the rows that count, and Z
  Blob<int> scratch_;
  Blob<int> bad_label_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_CENTER_LOSS_LAYER_HPP_
