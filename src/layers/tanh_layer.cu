// TanHLayer on the GPU.
#include "caffe/layers/tanh_layer.hpp"
#include "math/map.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void MapForward(int count, const Dtype* x, Dtype* y) {
  Map(
      count, [=] __device__(Dtype value) { return TanhValue(value); }, y, x);
}

template <typename Dtype>
void MapBackward(int count, const Dtype* y, const Dtype* dy,
                 Dtype* dx) {
  Map(
      count,
      [=] __device__(Dtype value, Dtype diff) {
        return TanhGradient(value, diff);
      },
      dx, y, dy);
}

}  // namespace

template <typename Dtype>
void TanHLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  MapForward<Dtype>(bottom[0]->count(), bottom[0]->gpu_data(),
                    top[0]->mutable_gpu_data());
}

template <typename Dtype>
void TanHLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  MapBackward<Dtype>(bottom[0]->count(), top[0]->gpu_data(),
                     top[0]->gpu_diff(), bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(TanHLayer);

}  // namespace caffe
