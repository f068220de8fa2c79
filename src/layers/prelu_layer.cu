// PReLULayer on the GPU. The slopes' gradient is summed by one warp a row, in
// the same pass as the bottom's, then by one warp a channel, in a fixed order.
#include "caffe/layers/prelu_layer.hpp"
#include "math/channels.cuh"

namespace caffe {
namespace {

// shape.channels is the number of slopes.
template <typename Dtype>
void MapForward(const ChannelShape& shape, const Dtype* x,
                const Dtype* slopes, Dtype* y) {
  MapByChannel(
      shape,
      [=] __device__(int64_t c, Dtype value) {
        return PReluValue(value, slopes[c]);
      },
      y, x);
}

template <typename Dtype>
void MapBackward(const ChannelShape& shape, const Dtype* x, const Dtype* dy,
                 const Dtype* slopes, Dtype* dx) {
  MapByChannel(
      shape,
      [=] __device__(int64_t c, Dtype value, Dtype diff) {
        return PReluGradient(value, diff, slopes[c]);
      },
      dx, x, dy);
}

// sums[row] = the slope's gradient from that row, and dx, unless it is null.
template <int W, typename Dtype>
void RowsBackward(int64_t rows, int64_t columns, int64_t channels,
                  const Dtype* x, const Dtype* dy, const Dtype* slopes,
                  Dtype* sums, Dtype* dx) {
  ForEachWarp(rows, [=] __device__(int64_t row, int lane) {
    const Dtype slope = slopes[row % channels];
    const int64_t end = (row + 1) * columns;
    Dtype sum = 0;
    for (int64_t i = row * columns + lane * W; i < end; i += kWarpSize * W) {
      const Pack<Dtype, W> value = LoadPack<W>(x + i);
      Pack<Dtype, W> diff = LoadPack<W>(dy + i);
#pragma unroll
      for (int c = 0; c < W; ++c) {
        sum += PReluSlopeGradient(value.v[c], diff.v[c]);
        diff.v[c] = PReluGradient(value.v[c], diff.v[c], slope);
      }
      if (dx != nullptr) StorePack(diff, dx + i);
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
  const Dtype* x = bottom[0]->gpu_data();
  if (in_place_) {
    caffe_copy(bottom[0]->count(), x, input_.mutable_gpu_data());
  }
  MapForward(Shape(), x, this->blobs_[0]->gpu_data(),
             top[0]->mutable_gpu_data());
}

template <typename Dtype>
void PReLULayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  const Dtype* x = Input(bottom).gpu_data();
  const Dtype* dy = top[0]->gpu_diff();
  const Dtype* slopes = this->blobs_[0]->gpu_data();
  Dtype* dx = propagate_down[0] ? bottom[0]->mutable_gpu_diff() : nullptr;
  if (this->param_propagate_down_[0]) {
    Dtype* sums = row_sums_.mutable_gpu_data();
    const bool wide =
        columns_ % kWide<Dtype> == 0 && AlignedForPacks(x, dy, dx);
    (wide ? RowsBackward<kWide<Dtype>, Dtype> : RowsBackward<1, Dtype>)(
        rows_, columns_, Shape().channels, x, dy, slopes, sums, dx);
    SumChannels<Dtype>(rows_, Shape().channels, sums,
                       this->blobs_[0]->mutable_gpu_diff());
  } else if (dx != nullptr) {
    MapBackward(Shape(), x, dy, slopes, dx);
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(PReLULayer);

}  // namespace caffe
