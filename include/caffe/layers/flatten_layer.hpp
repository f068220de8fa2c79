// FlattenLayer: makes one axis of several neighbouring ones.
//
//   y = x, another shape
//
// Bottom: x; with the defaults N x C x H x W. Top: N x (C * H * W). The top
// shares the bottom's memory, and the bottom's diff is the top's after
// Backward, so nothing is copied. It cannot run in place.
//
// Gradient:  dx = dy
//
// Options, in flatten_param; negative axes count from the last:
//   axis       1  the first axis that is flattened
//   end_axis  -1  the last one
#ifndef CAFFE_LAYERS_FLATTEN_LAYER_HPP_
#define CAFFE_LAYERS_FLATTEN_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class FlattenLayer : public Layer<Dtype> {
 public:
  explicit FlattenLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Flatten"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  bool AllowInPlace() const override { return false; }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  // No value is touched, so that the device has nothing else to do.
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {
    Forward_cpu(bottom, top);
  }
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {
    Backward_cpu(top, propagate_down, bottom);
  }
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_FLATTEN_LAYER_HPP_
