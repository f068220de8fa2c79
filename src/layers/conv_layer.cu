// Convolution on the device: the columns of one image, then a matrix product a
// group. The bias' gradient is one warp an output.
#include <vector>

#include "caffe/layers/conv_layer.hpp"
#include "caffe/util/device.cuh"
#include "caffe/util/im2col.hpp"

namespace caffe {

namespace {

template <typename Dtype>
void ToColumns(const ConvGeometry& s, const Dtype* x, Dtype* columns) {
  im2col_gpu(x, s.channels, s.height, s.width, s.kernel_h, s.kernel_w,
             s.pad_h, s.pad_w, s.stride_h, s.stride_w, s.dilation_h,
             s.dilation_w, columns);
}

template <typename Dtype>
void AddBias(int64_t count, int64_t plane, int outputs, const Dtype* bias,
             Dtype* y) {
  ForEach(count, [=] __device__(int64_t i) {
    y[i] += bias[i / plane % outputs];
  });
}

// bias_diff[o] += the sum of dy(batch, outputs, plane) over batch and plane.
template <typename Dtype>
void SumBias(int64_t batch, int64_t plane, int outputs, const Dtype* dy,
             Dtype* bias_diff) {
  ForEachWarp(outputs, [=] __device__(int64_t o, int lane) {
    Dtype sum = 0;
    for (int64_t i = lane; i < batch * plane; i += kWarpSize) {
      sum += dy[(i / plane * outputs + o) * plane + i % plane];
    }
    sum = WarpSum(sum);
    if (lane == 0) bias_diff[o] += sum;
  });
}

// The sizes of the products of one image.
struct Product {
  explicit Product(const ConvGeometry& s)
      : group(s.group),
        plane(static_cast<int>(s.out_plane())),
        rows(s.channels / s.group * s.kernel_area()),
        outputs(s.num_output / s.group) {}
  int64_t weights(int g) const { return int64_t{g} * outputs * rows; }
  int64_t columns(int g) const { return int64_t{g} * rows * plane; }
  int64_t tops(int g) const { return int64_t{g} * outputs * plane; }
  int group;
  int plane;
  int rows;
  int outputs;
};

}  // namespace

template <typename Dtype>
const Dtype* ConvolutionLayer<Dtype>::ColumnsOf(const Dtype* x) {
  if (IsPointwise()) { return x; }
  ToColumns(shape_, x, columns_.mutable_gpu_data());
  return columns_.gpu_data();
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const Product p(shape_);
  const Dtype* weights = this->blobs_[0]->gpu_data();
  for (size_t i = 0; i < bottom.size(); ++i) {
    const Dtype* x = bottom[i]->gpu_data();
    Dtype* y = top[i]->mutable_gpu_data();
    for (int n = 0; n < bottom[i]->shape(0); ++n) {
      const Dtype* columns = ColumnsOf(x + n * shape_.in_size());
      for (int g = 0; g < p.group; ++g) {
        caffe_gpu_gemm<Dtype>(CblasNoTrans, CblasNoTrans, p.outputs, p.plane,
                              p.rows, Dtype(1), weights + p.weights(g),
                              columns + p.columns(g), Dtype(0),
                              y + n * shape_.out_size() + p.tops(g));
      }
    }
    if (bias_term_) {
      AddBias(top[i]->count(), p.plane, shape_.num_output,
              this->blobs_[1]->gpu_data(), y);
    }
  }
}

// Adds the gradient of the weights that one image makes.
template <typename Dtype>
void ConvolutionLayer<Dtype>::WeightsBackwardGpu(const Dtype* x,
                                                 const Dtype* dy, Dtype* dw) {
  const Product p(shape_);
  const Dtype* columns = ColumnsOf(x);
  for (int g = 0; g < p.group; ++g) {
    caffe_gpu_gemm<Dtype>(CblasNoTrans, CblasTrans, p.outputs, p.rows, p.plane,
                          Dtype(1), dy + p.tops(g), columns + p.columns(g),
                          Dtype(1), dw + p.weights(g));
  }
}

// Writes the gradient of one image.
template <typename Dtype>
void ConvolutionLayer<Dtype>::DataBackwardGpu(const Dtype* dy,
                                              const Dtype* weights,
                                              Dtype* dx) {
  const Product p(shape_);
  Dtype* columns = IsPointwise() ? dx : columns_.mutable_gpu_data();
  for (int g = 0; g < p.group; ++g) {
    caffe_gpu_gemm<Dtype>(CblasTrans, CblasNoTrans, p.rows, p.plane, p.outputs,
                          Dtype(1), weights + p.weights(g), dy + p.tops(g),
                          Dtype(0), columns + p.columns(g));
  }
  if (IsPointwise()) { return; }
  col2im_gpu(static_cast<const Dtype*>(columns), shape_.channels,
             shape_.height, shape_.width, shape_.kernel_h, shape_.kernel_w,
             shape_.pad_h, shape_.pad_w, shape_.stride_h, shape_.stride_w,
             shape_.dilation_h, shape_.dilation_w, dx);
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* weights = this->blobs_[0]->gpu_data();
  for (size_t i = 0; i < top.size(); ++i) {
    const Dtype* dy = top[i]->gpu_diff();
    const int batch = bottom[i]->shape(0);
    if (bias_term_ && this->param_propagate_down_[1]) {
      SumBias(batch, shape_.out_plane(), shape_.num_output, dy,
              this->blobs_[1]->mutable_gpu_diff());
    }
    for (int n = 0; n < batch; ++n, dy += shape_.out_size()) {
      if (this->param_propagate_down_[0]) {
        WeightsBackwardGpu(bottom[i]->gpu_data() + n * shape_.in_size(), dy,
                           this->blobs_[0]->mutable_gpu_diff());
      }
      if (propagate_down[i]) {
        DataBackwardGpu(dy, weights,
                        bottom[i]->mutable_gpu_diff() + n * shape_.in_size());
      }
    }
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(ConvolutionLayer);

}  // namespace caffe
