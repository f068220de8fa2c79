// TripletLoss on the device.
#include <vector>

#include "caffe/layers/triplet_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
void TripletLossLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  options_.margin = this->CurrentMargin();
  metric::TripletForwardGpu(
      options_, bottom[0]->gpu_data(), bottom[1]->gpu_data(),
      bottom[2]->gpu_data(),
      bottom.size() > 3 ? bottom[3]->gpu_data() : nullptr,
      bottom[0]->shape(0), bottom[0]->count(1), rows_.mutable_gpu_data(),
      top[0]->mutable_gpu_data(), factor_.mutable_gpu_data(),
      totals_.mutable_gpu_data());
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void TripletLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckWeightsNeedNoGradient(propagate_down);
  Dtype* diff[3];
  for (int i = 0; i < 3; ++i) {
    diff[i] = propagate_down[i] ? bottom[i]->mutable_gpu_diff() : nullptr;
  }
  metric::TripletBackwardGpu(
      options_, bottom[0]->gpu_data(), bottom[1]->gpu_data(),
      bottom[2]->gpu_data(), rows_.gpu_data(), factor_.gpu_data(),
      top[0]->gpu_diff(), bottom[0]->shape(0), bottom[0]->count(1), diff[0],
      diff[1], diff[2]);
}

INSTANTIATE_LAYER_GPU_FUNCS(TripletLossLayer);

}  // namespace caffe
