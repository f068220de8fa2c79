// ReLULayer on the GPU.
#include "caffe/layers/relu_layer.hpp"
#include "math/map.cuh"

namespace caffe {
namespace {

template <bool kLeaky, typename Dtype>
void MapForward(int64_t count, const Dtype* x, Dtype slope, Dtype* y) {
  Map(
      count,
      [=] __device__(Dtype value) { return ReluValue<kLeaky>(value, slope); },
      y, x);
}

template <bool kLeaky, typename Dtype>
void MapBackward(int64_t count, const Dtype* x, const Dtype* dy, Dtype slope,
                 Dtype* dx) {
  Map(
      count,
      [=] __device__(Dtype value, Dtype diff) {
        return ReluGradient<kLeaky>(value, diff, slope);
      },
      dx, x, dy);
}

}  // namespace

template <typename Dtype>
void ReLULayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const auto map = slope_ == 0 ? MapForward<false, Dtype>
                               : MapForward<true, Dtype>;
  map(bottom[0]->count(), bottom[0]->gpu_data(), slope_,
      top[0]->mutable_gpu_data());
}

template <typename Dtype>
void ReLULayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const auto map = slope_ == 0 ? MapBackward<false, Dtype>
                               : MapBackward<true, Dtype>;
  map(bottom[0]->count(), bottom[0]->gpu_data(), top[0]->gpu_diff(), slope_,
      bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(ReLULayer);

}  // namespace caffe
