// ConcatLayer: puts its bottoms behind one another along one axis.
//
//   y = [x_0 | x_1 | ... ]
//
// Bottoms: one or more, of the same shape but for that axis: for axis 1,
// N x C_k x H x W. Top: N x (C_0 + C_1 + ...) x H x W. It cannot run in place.
//
// Gradient:  dx_k = the part of dy that x_k went to.
//
// Options, in concat_param:
//   axis        1  the axis; a negative one counts from the last
//   concat_dim  1  the same under its old name, not negative; one of the two
#ifndef CAFFE_LAYERS_CONCAT_LAYER_HPP_
#define CAFFE_LAYERS_CONCAT_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class ConcatLayer : public Layer<Dtype> {
 public:
  explicit ConcatLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Concat"; }
  int MinBottomBlobs() const override { return 1; }
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
  int axis_ = 1;
  // The top as a matrix: the axes before axis_, and the rest.
  int rows_ = 0;
  int columns_ = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_CONCAT_LAYER_HPP_
