// IdentityData on the GPU: the batch is made on the host, and copied.

#include <vector>

#include "caffe/layers/identity_data_layer.hpp"

namespace caffe {

template <typename Dtype>
void IdentityDataLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const auto& batch = batches_->Next();
  caffe_copy(top[0]->count(), batch.data.data(), top[0]->mutable_gpu_data());
  if (top.size() > 1) {
    caffe_copy(top[1]->count(), batch.label.data(),
               top[1]->mutable_gpu_data());
  }
}

INSTANTIATE_LAYER_GPU_FORWARD(IdentityDataLayer);

}  // namespace caffe
