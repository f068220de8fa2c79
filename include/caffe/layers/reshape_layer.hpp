// ReshapeLayer: gives the values another shape, in the same order.
//
//   y = x, another shape
//
// Bottom: x, of any shape. Top: y, of as many values. The top shares the
// bottom's memory, and the bottom's diff is the top's after Backward, so
// nothing is copied. It cannot run in place.
//
// Gradient:  dx = dy
//
// Options, in reshape_param:
//   shape         the axes that replace those of the bottom; of its dims, 0
//                 keeps the bottom's size of that axis, and one may be -1: as
//                 many as are left over
//   axis       0  the first axis that is replaced; a negative one counts from
//                 behind the last, so that -1 puts new axes at the end
//   num_axes  -1  how many are replaced; -1: all from `axis` on; 0: none, the
//                 new axes are put in
//
// Example: 2 x 8, shape { dim: 0 dim: -1 dim: 4 } gives 2 x 2 x 4.
#ifndef CAFFE_LAYERS_RESHAPE_LAYER_HPP_
#define CAFFE_LAYERS_RESHAPE_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class ReshapeLayer : public Layer<Dtype> {
 public:
  explicit ReshapeLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Reshape"; }
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

 private:
  // The replaced axes of the bottom, begin ... end-1.
  void ReplacedAxes(const Blob<Dtype>& bottom, int* begin, int* end) const;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_RESHAPE_LAYER_HPP_
