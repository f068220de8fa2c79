// Softmax on the GPU: by cuDNN, or by the functions of softmax_layer.cpp, in
// its order. Scores side by side in memory are worked on by a warp, others
// by one thread, so that neighbouring threads read neighbouring positions.
#include "caffe/layers/softmax_layer.hpp"
#ifdef TERCET_CUDNN
#include "math/cudnn.hpp"
#endif
#include "core/device.cuh"

namespace caffe {
namespace {

template <int kLanes, typename Dtype>
__device__ void PositionForward(int64_t channels, int64_t step, int lane,
                                const Dtype* x, Dtype* y) {
  Dtype max = x[0];
  for (int64_t c = lane; c < channels; c += kLanes) {
    max = x[c * step] > max ? x[c * step] : max;
  }
  if (kLanes > 1) max = WarpMax(max);
  double sum = 0;
  for (int64_t c = lane; c < channels; c += kLanes) {
    const Dtype value = exp(x[c * step] - max);
    y[c * step] = value;
    sum += value;
  }
  if (kLanes > 1) sum = WarpSum(sum);
  const Dtype factor = static_cast<Dtype>(1 / sum);
  for (int64_t c = lane; c < channels; c += kLanes) y[c * step] *= factor;
}

template <typename Dtype>
void ForwardAll(const ChannelShape& shape, const Dtype* x, Dtype* y) {
  if (shape.inner == 1) {
    ForEachWarp(shape.outer, [=] __device__(int64_t row, int lane) {
      const int64_t start = shape.Start(row, 0);
      PositionForward<kWarpSize>(shape.channels, 1, lane, x + start,
                                 y + start);
    });
    return;
  }
  ForEach(shape.per_channel(), [=] __device__(int64_t i) {
    const int64_t start = shape.Start(i / shape.inner, 0) + i % shape.inner;
    PositionForward<1>(shape.channels, shape.inner, 0, x + start, y + start);
  });
}

}  // namespace

#ifdef TERCET_CUDNN
namespace {

bool IsCudnns(const LayerParameter& param, const ChannelShape& shape) {
  return shape.outer <= kMostCudnnImages &&
         param.softmax_param().engine() != SoftmaxParameter::CAFFE;
}

template <typename Dtype>
void ForwardByCudnn(const ChannelShape& shape, const Dtype* x, Dtype* y) {
  const CudnnTensor<Dtype> tensor(shape.outer, shape.channels, shape.inner, 1);
  const Dtype one = 1, zero = 0;
  CUDNN_CHECK(cudnnSoftmaxForward(
      CudnnHandle(), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, &one,
      tensor, x, &zero, tensor, y));
}

template <typename Dtype>
void BackwardByCudnn(const ChannelShape& shape, const Dtype* y,
                     const Dtype* dy, Dtype* dx) {
  const CudnnTensor<Dtype> tensor(shape.outer, shape.channels, shape.inner, 1);
  const Dtype one = 1, zero = 0;
  CUDNN_CHECK(cudnnSoftmaxBackward(
      CudnnHandle(), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, &one,
      tensor, y, tensor, dy, &zero, tensor, dx));
}

}  // namespace
#endif

template <typename Dtype>
void SoftmaxLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  Dtype* y = top[0]->mutable_gpu_data();
#ifdef TERCET_CUDNN
  if (IsCudnns(this->layer_param_, shape_)) {
    ForwardByCudnn(shape_, x, y);
    return;
  }
#endif
  ForwardAll(shape_, x, y);
}

namespace {

template <int kLanes, typename Dtype>
__device__ void PositionBackward(int64_t channels, int64_t step, int lane,
                                 const Dtype* y, const Dtype* dy, Dtype* dx) {
  double dot = 0;
  for (int64_t c = lane; c < channels; c += kLanes) {
    dot += static_cast<double>(dy[c * step]) * y[c * step];
  }
  if (kLanes > 1) dot = WarpSum(dot);
  for (int64_t c = lane; c < channels; c += kLanes) {
    const int64_t i = c * step;
    dx[i] = y[i] * (dy[i] - static_cast<Dtype>(dot));
  }
}

template <typename Dtype>
void BackwardAll(const ChannelShape& shape, const Dtype* y, const Dtype* dy,
                 Dtype* dx) {
  if (shape.inner == 1) {
    ForEachWarp(shape.outer, [=] __device__(int64_t row, int lane) {
      const int64_t start = shape.Start(row, 0);
      PositionBackward<kWarpSize>(shape.channels, 1, lane, y + start,
                                  dy + start, dx + start);
    });
    return;
  }
  ForEach(shape.per_channel(), [=] __device__(int64_t i) {
    const int64_t start = shape.Start(i / shape.inner, 0) + i % shape.inner;
    PositionBackward<1>(shape.channels, shape.inner, 0, y + start, dy + start,
                        dx + start);
  });
}

}  // namespace

template <typename Dtype>
void SoftmaxLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* y = top[0]->gpu_data();
  const Dtype* dy = top[0]->gpu_diff();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
#ifdef TERCET_CUDNN
  if (IsCudnns(this->layer_param_, shape_)) {
    BackwardByCudnn(shape_, y, dy, dx);
    return;
  }
#endif
  BackwardAll(shape_, y, dy, dx);
}

INSTANTIATE_LAYER_GPU_FUNCS(SoftmaxLayer);

}  // namespace caffe
