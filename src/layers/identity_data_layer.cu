// IdentityData on the GPU: batches are made on the host, and sent ahead.
#include <vector>

#include "caffe/layers/identity_data_layer.hpp"
#include "data/image_batches.hpp"

namespace caffe {

template <typename Dtype>
void IdentityDataLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  Refresh();
  batches_->NextOnDevice(top);
}

INSTANTIATE_LAYER_GPU_FORWARD(IdentityDataLayer);

}  // namespace caffe
