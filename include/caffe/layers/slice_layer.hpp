// SliceLayer: cuts its bottom in pieces along one axis.
//
//   [y_0 | y_1 | ... ] = x
//
// Bottom: x; for axis 1, N x C x H x W. Tops: one or more, N x C_k x H x W
// with C_0 + C_1 + ... = C. It cannot run in place.
//
// Gradient:  dx = [dy_0 | dy_1 | ... ]
//
// Options, in slice_param:
//   axis         1  the axis; a negative one counts from the last
//   slice_dim    1  the same under its old name, not negative; one of the two
//   slice_point     where to cut: the first index of each top but the first,
//                   ascending; one fewer than tops. Without any, the tops are
//                   equal, and their number must divide C
#ifndef CAFFE_LAYERS_SLICE_LAYER_HPP_
#define CAFFE_LAYERS_SLICE_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class SliceLayer : public Layer<Dtype> {
 public:
  explicit SliceLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Slice"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int MinTopBlobs() const override { return 1; }
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
  // The size of each top along the axis, for a bottom that has `size` there.
  vector<int> TopSizes(int size, int tops) const;

  int axis_ = 1;
  // The bottom as a matrix: the axes before axis_, and the rest.
  int rows_ = 0;
  int columns_ = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_SLICE_LAYER_HPP_
