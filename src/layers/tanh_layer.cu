// TanHLayer on the GPU, one thread a value.
#include "caffe/layers/tanh_layer.hpp"
#include "caffe/util/device.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void MapForward(int count, const Dtype* x, Dtype* y) {
  ForEach(count,
          [=] __device__(int64_t i) { y[i] = TanhValue(x[i]); });
}

template <typename Dtype>
void MapBackward(int count, const Dtype* y, const Dtype* dy,
                 Dtype* dx) {
  ForEach(count, [=] __device__(int64_t i) {
    dx[i] = TanhGradient(y[i], dy[i]);
  });
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
