// Eltwise: combines blobs of one shape value by value.
//
//   SUM    y_i = sum over k of coeff_k x_k,i
//   PROD   y_i = product over k of x_k,i
//   MAX    y_i = maximum over k of x_k,i
//
// Bottoms: x_0, x_1, ..., two or more of the same shape. Top: y, that shape;
//          not in place.
//
// Options (eltwise_param):
//   operation         SUM (default), PROD or MAX
//   coeff             for SUM: none (1 each), or one a bottom
//   stable_prod_grad  for PROD: the gradient as the product of the others
//                     [true], or as y / x, which is quicker for many bottoms
//                     and not defined at 0 [false]
//
// Gradient:
//   SUM    dx_k = coeff_k dy
//   PROD   dx_k = dy times the product of the other bottoms
//   MAX    dx_k = dy where x_k is the chosen maximum, 0 elsewhere. Of equal
//          ones bottom 1 is chosen before bottom 0, and both before the others,
//          of which the first is chosen.
#ifndef CAFFE_LAYERS_ELTWISE_LAYER_HPP_
#define CAFFE_LAYERS_ELTWISE_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"
#include "caffe/host_device.hpp"

namespace caffe {

// One step of MAX: whether bottom `index` (from 1 on) with value x replaces
// the maximum so far.
template <typename Dtype>
TERCET_HD inline bool ReplacesMaximum(Dtype x, Dtype so_far, int index) {
  return index == 1 ? !(so_far > x) : x > so_far;
}

template <typename Dtype>
class EltwiseLayer : public Layer<Dtype> {
 public:
  explicit EltwiseLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Eltwise"; }
  int MinBottomBlobs() const override { return 2; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AllowInPlace() const override { return false; }

  // MAX: the number of the chosen bottom, value by value.
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
  EltwiseParameter::EltwiseOp operation_ = EltwiseParameter::SUM;
  vector<Dtype> coeffs_;  // one a bottom
  bool stable_prod_grad_ = true;
  Blob<int> chosen_;      // MAX: the bottom's number
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_ELTWISE_LAYER_HPP_
