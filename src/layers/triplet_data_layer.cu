// TripletData on the GPU: batches are made on the host, and sent ahead.
#include <vector>

#include "caffe/layers/triplet_data_layer.hpp"
#include "data/image_batches.hpp"

namespace caffe {

template <typename Dtype>
void TripletDataLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  batches_->NextOnDevice(top);
}

INSTANTIATE_LAYER_GPU_FORWARD(TripletDataLayer);

}  // namespace caffe
