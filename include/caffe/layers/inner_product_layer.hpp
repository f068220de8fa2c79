// InnerProduct: a fully connected layer.
//
// This header is the layer's manual.
#ifndef CAFFE_LAYERS_INNER_PRODUCT_LAYER_HPP_
#define CAFFE_LAYERS_INNER_PRODUCT_LAYER_HPP_

#include <vector>

#include "caffe/blob.hpp"
#include "caffe/layer.hpp"

namespace caffe {

//   y[m,o] = b[o] + sum over k of w[o,k] x[m,k]
//
// The axes of x before `axis` are the rows m; `axis` and those after it are
// flattened into k.
//
// Bottom
//   0  x  N x ... x K...   M rows of K values
// Top
//   0  y  the axes before `axis`, then O
// Parameters
//   0  w  O x K, or K x O with transpose
//   1  b  O, with bias_term
//
// Options, inner_product_param { ... }
//   num_output        O, wanted
//   bias_term [true]
//   axis [1]          may count from the end: -1 is the last
//   transpose [false] the weights are stored as K x O
//   weight_filler, bias_filler [constant 0]
//
// Gradient: dL/dx = dL/dy w; dL/dw = (dL/dy)^T x; dL/db = the sum of the rows
// of dL/dy.
template <typename Dtype>
class InnerProductLayer : public Layer<Dtype> {
 public:
  explicit InnerProductLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "InnerProduct"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AllowInPlace() const override { return false; }
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return static_cast<int64_t>(rows_) * outputs_ * depth_;
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

  int rows_ = 0;     // M
  Blob<double> bias_sums_;  // N, on the device
  int outputs_ = 0;  // O
  int depth_ = 0;    // K
  bool bias_term_ = true;
  bool transpose_ = false;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_INNER_PRODUCT_LAYER_HPP_
