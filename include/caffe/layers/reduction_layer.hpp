// Reduction: makes one number of all axes from `axis` on.
//
//   SUM    y_n = coeff * sum over the D values of row n of x_n,d
//   ASUM   y_n = coeff * sum of |x_n,d|
//   SUMSQ  y_n = coeff * sum of x_n,d^2
//   MEAN   y_n = coeff / D * sum of x_n,d
//
// Bottom: x. Top: y, with the axes of x before `axis` (none: a single number).
//
// Options (reduction_param):
//   operation  SUM (default), ASUM, SUMSQ or MEAN
//   axis       the first axis that is reduced [0]; negative: from the end
//   coeff      [1]
//
// Gradient: dx = dy_n coeff times 1, sign(x), 2 x or 1 / D; for ASUM it is 0
// at x = 0.
#ifndef CAFFE_LAYERS_REDUCTION_LAYER_HPP_
#define CAFFE_LAYERS_REDUCTION_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"

namespace caffe {

// A value's part of the sum, and the sum's derivative by that value.
template <typename Dtype>
TERCET_HD inline Dtype ReductionTerm(int operation, Dtype x) {
  if (operation == ReductionParameter::ASUM) return x < 0 ? -x : x;
  return operation == ReductionParameter::SUMSQ ? x * x : x;
}

template <typename Dtype>
TERCET_HD inline Dtype ReductionSlope(int operation, Dtype x) {
  if (operation == ReductionParameter::ASUM) {
    return static_cast<Dtype>((x > 0) - (x < 0));
  }
  return operation == ReductionParameter::SUMSQ ? 2 * x : Dtype(1);
}

template <typename Dtype>
class ReductionLayer : public Layer<Dtype> {
 public:
  explicit ReductionLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Reduction"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AllowInPlace() const override { return false; }

  // ASUM: the sign of each value.
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
  ReductionParameter::ReductionOp operation_ = ReductionParameter::SUM;
  ChannelShape shape_;  // rows are the channels, D is inner
  Dtype coeff_ = 1;     // for MEAN: coeff / D
  Blob<double> sums_;   // one a row
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_REDUCTION_LAYER_HPP_
