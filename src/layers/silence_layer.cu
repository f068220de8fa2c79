// SilenceLayer on the GPU.
#include "caffe/layers/silence_layer.hpp"

namespace caffe {

template <typename Dtype>
void SilenceLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  for (size_t i = 0; i < bottom.size(); ++i) {
    if (!propagate_down[i]) continue;
    caffe_gpu_set(bottom[i]->count(), Dtype(0),
                  bottom[i]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_BACKWARD(SilenceLayer);

}  // namespace caffe
