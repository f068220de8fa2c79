// Convolution: each output is a weighted sum over a window of all channels.
//
// This header is the layer's manual. The arithmetic is in src/convolution:
// convolution.hpp on the CPU, gpu_convolution.hpp on the GPU.
#ifndef CAFFE_LAYERS_CONV_LAYER_HPP_
#define CAFFE_LAYERS_CONV_LAYER_HPP_

#include <memory>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/layer.hpp"

namespace caffe {

struct ConvGeometry;
template <typename Dtype>
class CpuConvolution;
template <typename Dtype>
class GpuConvolution;

//   y[n,o,r,q] = b[o] + sum over c, i, j of
//       w[o,c,i,j] x[n, c, r stride - pad + i dilation,
//                          q stride - pad + j dilation]
//
// where x is 0 outside of the image. With `group: g` the outputs of each of g
// equal shares see the matching share of the channels only.
//
// Bottoms and tops, as many of one as of the other
//   x  N x C x H x W    all bottoms of the same shape
//   y  N x O x H' x W'  H' = floor((H + 2 pad - extent) / stride) + 1 with
//                       extent = dilation (kernel - 1) + 1; W' likewise
// Parameters
//   0  w  O x C/group x kernel_h x kernel_w
//   1  b  O, with bias_term
//
// Options, convolution_param { ... }
//   num_output             O, wanted
//   kernel_size            one value, or height and width; or kernel_h and
//                          kernel_w; wanted
//   stride [1], pad [0], dilation [1]
//                          likewise (stride_h, stride_w, pad_h, pad_w)
//   group [1]              divides C and O
//   bias_term [true]
//   weight_filler, bias_filler [constant 0]
//   axis [1]               must be 1: two-dimensional images
//   engine [DEFAULT]       CAFFE: every product is made. DEFAULT: on the CPU,
//                          in float, 3 x 3 windows at stride 1 over at least
//                          16 channels go Winograd's way: about twice as
//                          fast, with about twice the rounding error; on the
//                          GPU cuDNN, where it is built in and has an
//                          algorithm that gives the same bits each time and
//                          fits the solver's cudnn_workspace_mb; else products
//                          of columns. CUDNN: as DEFAULT
//   force_nd_im2col        accepted; the results are the same
//
// Gradient
//   dL/dx = the sums of w dL/dy over the windows that hold the pixel
//   dL/dw[o,c,i,j] = sum over n, r, q of dL/dy[n,o,r,q] times that x
//   dL/db[o] = sum over n, r, q of dL/dy[n,o,r,q]
//
// LeCun et al., Backpropagation applied to handwritten zip code recognition,
// Neural Computation 1, 1989; Lavin and Gray, Fast algorithms for
// convolutional neural networks, arXiv 1509.09308.
template <typename Dtype>
class ConvolutionLayer : public Layer<Dtype> {
 public:
  explicit ConvolutionLayer(const LayerParameter& param);
  ~ConvolutionLayer() override;
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Convolution"; }
  int MinBottomBlobs() const override { return 1; }
  int MinTopBlobs() const override { return 1; }
  bool EqualNumBottomTopBlobs() const override { return true; }
  bool AllowInPlace() const override { return false; }
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override;

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
  void CheckInput(const vector<Blob<Dtype>*>& bottom) const;

  bool bias_term_ = true;
  std::unique_ptr<ConvGeometry> shape_;
  std::unique_ptr<CpuConvolution<Dtype>> engine_;
  vector<int> planned_;  // bottom's shape that engine_ is planned for
#ifdef TERCET_CUDA
  std::unique_ptr<GpuConvolution<Dtype>> gpu_engine_;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_CONV_LAYER_HPP_
