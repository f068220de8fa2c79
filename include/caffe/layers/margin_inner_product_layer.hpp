// MarginInnerProduct: class scores for SoftmaxWithLoss in which the right class
// has to win by a margin. The heads of SphereFace (A-Softmax), CosFace and
// ArcFace, so that they can be exchanged by one word.
//
// This header is the layer's manual. The arithmetic is in
// loss/margin_product.hpp.
#ifndef CAFFE_LAYERS_MARGIN_INNER_PRODUCT_LAYER_HPP_
#define CAFFE_LAYERS_MARGIN_INNER_PRODUCT_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"
#include "caffe/layers/people_source.hpp"
#include "caffe/loss/margin_product.hpp"

namespace caffe {

struct LabelRule;

// With t_ij the angle between x_i and w_j, and y_i the class of row i:
//
//   s_ij = l_i cos t_ij                                  for j other than y_i
//   s_ij = l_i (g(t_ij) + lambda cos t_ij)/(1 + lambda)  for j = y_i
//   l_i  = scale |x_i|, or scale with `normalize`
//
//   type        g(t)                    defaults: normalize  margin
//   SINGLE      cos t                             false
//   DOUBLE      (-1)^k cos(2 t) - 2 k             false
//   TRIPLE      (-1)^k cos(3 t) - 2 k             false
//   QUADRUPLE   (-1)^k cos(4 t) - 2 k             false
//   COSINE      cos t - margin                    true       0.35
//   ANGULAR     cos(t + margin)                   true       0.5
//
// with k the piece on which t lies, [k pi/m, (k + 1) pi/m] for cos(m t). Where
// t + margin > pi, ANGULAR is cos t - margin sin(margin) in place of
// cos(t + margin), which would rise again; for margins below 2.33 it is there
// lower than the least of cos(t + margin), so that g jumps down.
//
// Bottoms
//   0  x   N x D   features; the axes before `axis` are the rows, `axis` and
//                  those after it are flattened into D
//   1  y   N       classes from 0 to C - 1, without their fraction: 3.7 is
//                  class 3; get no gradient. Left out in a TEST net, there is
//                  no right class: s_ij = l_i cos t_ij for all
// Tops
//   0  s   N x C   scores, for SoftmaxWithLoss
//   1      1       optional: lambda
// Parameter
//   0  w   C x D   of any length: only directions count. (SphereFace's code
//                  sets the length of each row to 1 before each pass; here the
//                  stored values are the solver's alone)
//
// Options, margin_inner_product_param { ... }
//   num_output        C, wanted
//   type [SINGLE]     as above; the first four are SphereFace's
//   weight_filler     [xavier]; equal rows would be one direction
//   axis [1]          may count from the end: -1 is the last
//   margin            of COSINE (a cosine) and ANGULAR (radians); not negative
//   normalize         as above where it is left out: whether features count by
//                     their direction alone. They do anyway behind a Normalize
//                     layer
//   scale             [64 with normalize, else 1]
//   base [1], gamma [0], power [1], lambda_min [0], iteration [0]
//                     lambda = max(lambda_min, base (1 + gamma t)^-power), t
//                     the number of the solver's iteration, from 1, plus
//                     `iteration`: a large one lets the margin come in slowly.
//                     In COSINE and ANGULAR it is 0 unless base or lambda_min
//                     is written
//   Public nets for SphereFace write base: 1000 gamma: 0.12 power: 1
//   lambda_min: 5 and ask for a second top.
//
// Gradient, with a_ij = dL/ds_ij times the slope of s_ij/l_i by cos t_ij (1 for
// j other than y_i), x^ = x/|x| and w^ = w/|w|:
//
//   dL/dx_i = l_i/|x_i| sum_j a_ij (w^_j - cos t_ij x^_i)
//             + scale (sum_j dL/ds_ij s_ij/l_i) x^_i    without normalize
//   dL/dw_j = 1/|w_j| sum_i a_ij l_i (x^_i - cos t_ij w^_j)
//
// It is the derivative. (SphereFace's code takes other factors: it scales the
// right class's part of dL/dx to a length of 1, and leaves the margin out of
// dL/dw; its learning rates carry over only roughly.) For ANGULAR the slope
// has sin t in its denominator, which counts as 3e-4 (1e-8 in double) where it
// is less; exactly at t = 0 and pi the margin has no gradient. A feature or
// weight row of zeros has cosine 0 to all, and a row of weights then no
// gradient.
//
// Cost: one product of N x D x C forward, two backward; Backward has one
// N x C matrix of its own.
//
// Liu et al.: SphereFace, arXiv 1704.08063, equation 7. Wang et al.: CosFace,
// arXiv 1801.09414, equation 4; Wang et al.: Additive margin softmax, arXiv
// 1801.05599. Deng et al.: ArcFace, arXiv 1801.07698, equation 3; the rule
// beyond pi is that of their code.
template <typename Dtype>
class MarginInnerProductLayer : public Layer<Dtype>, public ClassLabels {
 public:
  explicit MarginInnerProductLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "MarginInnerProduct"; }
  int MinBottomBlobs() const override { return 1; }
  int MaxBottomBlobs() const override { return 2; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }
  bool AllowForceBackward(const int bottom_index) const override {
    return bottom_index != 1;
  }
  bool AllowInPlace() const override { return false; }
  // On which piece of g each row's angle lies.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return static_cast<int64_t>(rows_) * depth_ * classes_;
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
  void ReadOptions();
  void CheckOptions() const;
  LabelRule Rule() const;
  // lambda at the solver's present iteration.
  double Lambda() const;

  metric::MarginOptions options_;
  bool has_lambda_ = false;
  int rows_ = 0;     // N
  int depth_ = 0;    // D
  int classes_ = 0;  // C
  Blob<int> class_of_;          // N
  Blob<Dtype> kept_rows_;       // N x kMarginRowSize
  Blob<Dtype> inverse_lengths_;  // C
  Blob<Dtype> factors_;         // N x C, of Backward
  Blob<double> sums_;           // C
  Blob<int> bad_label_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_MARGIN_INNER_PRODUCT_LAYER_HPP_
