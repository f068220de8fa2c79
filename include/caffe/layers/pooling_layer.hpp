// Pooling: the maximum or the mean of each window of a plane.
//
// This header is the layer's manual.
#ifndef CAFFE_LAYERS_POOLING_LAYER_HPP_
#define CAFFE_LAYERS_POOLING_LAYER_HPP_

#include <vector>

#include "caffe/blob.hpp"
#include "caffe/layer.hpp"

namespace caffe {

// Where the windows of a plane lie.
struct PoolGeometry {
  // Rows [top, bottom) and columns [left, right) of the image, and the number
  // of pixels that a mean divides by: it counts those of the padding up to
  // `pad` beyond the image, but none further out.
  struct Window {
    int top;
    int bottom;
    int left;
    int right;
    int size;
  };

  TERCET_HD Window At(int row, int column) const {
    Window w;
    w.top = row * stride_h - pad_h;
    w.left = column * stride_w - pad_w;
    w.bottom = Least(w.top + kernel_h, height + pad_h);
    w.right = Least(w.left + kernel_w, width + pad_w);
    w.size = (w.bottom - w.top) * (w.right - w.left);
    w.top = w.top > 0 ? w.top : 0;
    w.left = w.left > 0 ? w.left : 0;
    w.bottom = Least(w.bottom, height);
    w.right = Least(w.right, width);
    return w;
  }
  TERCET_HD static int Least(int a, int b) { return a < b ? a : b; }

  int height = 1;
  int width = 1;
  int out_h = 1;
  int out_w = 1;
  int kernel_h = 1;
  int kernel_w = 1;
  int stride_h = 1;
  int stride_w = 1;
  int pad_h = 0;
  int pad_w = 0;
};

//   MAX  y[n,c,r,q] = max of x[n,c] over the window
//   AVE  y[n,c,r,q] = sum of x[n,c] over the window / the window's size
//
// The window of (r, q) begins at (r stride - pad, q stride - pad). A maximum
// is taken over pixels of the image alone; a mean counts the padding as zeros.
// Of equal maxima the first in row-major order counts; NaN is a maximum.
//
// Bottom
//   0  x     N x C x H x W
// Tops
//   0  y     N x C x H' x W'  H' = ceil((H + 2 pad - kernel) / stride) + 1,
//                             less a last window that would begin beyond the
//                             image and its padding above; W' likewise. The
//                             last window is cut off at the border.
//   1  mask  as y             optional, MAX only: the index of the maximum
//                             in its H x W plane; gets no gradient
//
// Options, pooling_param { ... }
//   pool [MAX]             or AVE. STOCHASTIC is not supported.
//   kernel_size            or kernel_h and kernel_w; wanted, unless
//   global_pooling [false] the window is the plane; then pad is 0, stride 1
//   stride [1], pad [0]    or stride_h and stride_w, pad_h and pad_w;
//                          pad < kernel
//   round_mode [CEIL]      FLOOR: H' = floor(...) + 1
//   engine                 on the GPU, CAFFE: our own kernels. DEFAULT and
//                          CUDNN: cuDNN, where it is built in, for AVE
//                          windows that all lie in the image
//
// Gradient: MAX gives dL/dy to the pixel that was the maximum; AVE gives
// dL/dy / size to each pixel of the window.
template <typename Dtype>
class PoolingLayer : public Layer<Dtype> {
 public:
  explicit PoolingLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Pooling"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }
  bool AllowInPlace() const override { return false; }
  // The index of each maximum.
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
  void ReadOptions();
  // Windows of 2 x 2 side by side, none cut off.
  bool IsPairs() const;

  bool is_max_ = true;
  bool global_ = false;
  bool floor_ = false;
  PoolGeometry shape_;
  Blob<int> argmax_;  // as y: index of the maximum in its plane
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_POOLING_LAYER_HPP_
