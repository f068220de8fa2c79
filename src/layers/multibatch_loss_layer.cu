// MultibatchLoss on the device: the threshold's gradient.
#include <vector>

#include "caffe/layers/multibatch_loss_layer.hpp"
#include "core/device.cuh"

namespace caffe {

namespace {

template <typename Dtype>
void AddTo(Dtype slope, const Dtype* loss_diff, Dtype* diff) {
  ForEach(1, [=] __device__(int64_t) { *diff += slope * *loss_diff; });
}

}  // namespace

template <typename Dtype>
void MultibatchLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  PairLossLayer<Dtype>::Backward_gpu(top, propagate_down, bottom);
  if (!this->param_propagate_down_[0]) return;
  AddTo(static_cast<Dtype>(this->sums_.slope), top[0]->gpu_diff(),
        this->blobs_[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_BACKWARD(MultibatchLossLayer);

}  // namespace caffe
