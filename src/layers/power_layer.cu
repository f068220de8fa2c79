// PowerLayer on the GPU.
#include "caffe/layers/power_layer.hpp"
#include "math/map.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void MapForward(int count, const Dtype* x, Dtype power, Dtype scale,
                Dtype shift, Dtype* y) {
  Map(
      count,
      [=] __device__(Dtype value) {
        return PowerValue(value, power, scale, shift);
      },
      y, x);
}

template <typename Dtype>
void MapBackward(int count, const Dtype* x, const Dtype* dy, Dtype power,
                 Dtype scale, Dtype shift, Dtype* dx) {
  Map(
      count,
      [=] __device__(Dtype value, Dtype diff) {
        return diff * PowerDerivative(value, power, scale, shift);
      },
      dx, x, dy);
}

}  // namespace

template <typename Dtype>
void PowerLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const int count = bottom[0]->count();
  const Dtype* x = bottom[0]->gpu_data();
  if (in_place_ && NeedsInput()) {
    caffe_copy(count, x, input_.mutable_gpu_data());
  }
  MapForward<Dtype>(count, x, power_, scale_, shift_,
                    top[0]->mutable_gpu_data());
}

template <typename Dtype>
void PowerLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* x = in_place_ && NeedsInput() ? input_.gpu_data()
                                             : bottom[0]->gpu_data();
  MapBackward<Dtype>(bottom[0]->count(), x, top[0]->gpu_diff(), power_, scale_,
                     shift_, bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(PowerLayer);

}  // namespace caffe
