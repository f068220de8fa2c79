// Normalize on the device: one warp a row.
#include <vector>

#include "caffe/layers/normalize_layer.hpp"
#include "caffe/metric/distances.hpp"
#include "caffe/metric/reduce.cuh"

namespace caffe {

namespace {

template <typename Dtype>
void RunForward(const Dtype* x, Dtype eps, int64_t N, int64_t D, Dtype* y,
                Dtype* inverse) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    const Dtype* row = x + i * D;
    const Dtype scale = metric::InverseAbove(
        metric::WarpRowSum<Dtype>(D, lane,
                                  [=](int64_t k) { return row[k] * row[k]; }),
        eps);
    if (lane == 0) inverse[i] = scale;
    for (int64_t k = i * D + lane; k < (i + 1) * D; k += kWarpSize) {
      y[k] = scale == 0 ? Dtype(0) : x[k] * scale;
    }
  });
}

template <typename Dtype>
void RunBackward(const Dtype* y, const Dtype* dy, const Dtype* inverse,
                 int64_t N, int64_t D, Dtype* dx) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    const Dtype* row = y + i * D;
    const Dtype* diff = dy + i * D;
    const Dtype dot = metric::WarpRowSum<Dtype>(
        D, lane, [=](int64_t k) { return row[k] * diff[k]; });
    for (int64_t k = i * D + lane; k < (i + 1) * D; k += kWarpSize) {
      dx[k] = (dy[k] - y[k] * dot) * inverse[i];
    }
  });
}

}  // namespace

template <typename Dtype>
void NormalizeLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  RunForward(bottom[0]->gpu_data(), eps_, bottom[0]->shape(0),
             bottom[0]->count(1), top[0]->mutable_gpu_data(),
             inverse_.mutable_gpu_data());
}

template <typename Dtype>
void NormalizeLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  RunBackward(top[0]->gpu_data(), top[0]->gpu_diff(), inverse_.gpu_data(),
              bottom[0]->shape(0), bottom[0]->count(1),
              bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(NormalizeLayer);

}  // namespace caffe
