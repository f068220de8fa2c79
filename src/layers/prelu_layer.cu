// PReLULayer on the GPU: one thread a value, and for the slopes' gradient one
// warp a row, then one warp a channel, in a fixed order.
#include "caffe/layers/prelu_layer.hpp"
#include "caffe/util/device.cuh"

namespace caffe {
namespace {

// channels: the number of slopes; 1 where they are shared.
template <typename Dtype>
void MapForward(int count, int columns, int channels, const Dtype* x,
                const Dtype* slopes, Dtype* y) {
  ForEach(count, [=] __device__(int64_t i) {
    y[i] = PReluValue(x[i], slopes[i / columns % channels]);
  });
}

template <typename Dtype>
void MapBackward(int count, int columns, int channels, const Dtype* x,
                 const Dtype* dy, const Dtype* slopes, Dtype* dx) {
  ForEach(count, [=] __device__(int64_t i) {
    dx[i] = PReluGradient(x[i], dy[i], slopes[i / columns % channels]);
  });
}

// sums[row] = the slope's gradient from that row.
template <typename Dtype>
void SumRows(int rows, int64_t columns, const Dtype* x, const Dtype* dy,
             Dtype* sums) {
  ForEachWarp(rows, [=] __device__(int64_t row, int lane) {
    const Dtype* row_x = x + row * columns;
    const Dtype* row_dy = dy + row * columns;
    Dtype sum = 0;
    for (int64_t i = lane; i < columns; i += kWarpSize) {
      sum += PReluSlopeGradient(row_x[i], row_dy[i]);
    }
    sum = WarpSum(sum);
    if (lane == 0) sums[row] = sum;
  });
}

// da[c] += the sum of sums[row] over the rows of channel c.
template <typename Dtype>
void SumChannels(int64_t rows, int64_t channels, const Dtype* sums,
                 Dtype* da) {
  ForEachWarp(channels, [=] __device__(int64_t c, int lane) {
    double total = 0;
    for (int64_t row = c + lane * channels; row < rows;
         row += kWarpSize * channels) {
      total += sums[row];
    }
    total = WarpSum(total);
    if (lane == 0) da[c] += static_cast<Dtype>(total);
  });
}

}  // namespace

template <typename Dtype>
void PReLULayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const int count = bottom[0]->count();
  const Dtype* x = bottom[0]->gpu_data();
  if (in_place_) caffe_copy(count, x, input_.mutable_gpu_data());
  MapForward<Dtype>(count, columns_, shared_ ? 1 : channels_, x,
                    this->blobs_[0]->gpu_data(), top[0]->mutable_gpu_data());
}

template <typename Dtype>
void PReLULayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  const Dtype* x = Input(bottom).gpu_data();
  const Dtype* dy = top[0]->gpu_diff();
  if (this->param_propagate_down_[0]) SlopeBackward_gpu(x, dy);
  if (!propagate_down[0]) return;
  MapBackward<Dtype>(bottom[0]->count(), columns_, shared_ ? 1 : channels_, x,
                     dy, this->blobs_[0]->gpu_data(),
                     bottom[0]->mutable_gpu_diff());
}

template <typename Dtype>
void PReLULayer<Dtype>::SlopeBackward_gpu(const Dtype* x, const Dtype* dy) {
  SumRows<Dtype>(rows_, columns_, x, dy, row_sums_.mutable_gpu_data());
  SumChannels<Dtype>(rows_, shared_ ? 1 : channels_, row_sums_.gpu_data(),
                     this->blobs_[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(PReLULayer);

}  // namespace caffe
