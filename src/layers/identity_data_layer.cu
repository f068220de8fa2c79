// IdentityData on the GPU: the batch is made on the host, and copied ahead of time.
#include <vector>

#include "caffe/layers/identity_data_layer.hpp"

namespace caffe {

template <typename Dtype>
void IdentityDataLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  batches_->NextOnDevice(top);
}

INSTANTIATE_LAYER_GPU_FORWARD(IdentityDataLayer);

}  // namespace caffe
