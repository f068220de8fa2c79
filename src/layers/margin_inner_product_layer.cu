// MarginInnerProduct on the device.
#include <vector>

#include "caffe/layers/margin_inner_product_layer.hpp"
#include "layers/labels.cuh"

namespace caffe {

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  options_.lambda = Lambda();
  if (top.size() > 1) {
    caffe_gpu_set(1, static_cast<Dtype>(options_.lambda),
                  top[1]->mutable_gpu_data());
  }
  int* class_of = nullptr;
  if (bottom.size() > 1) {
    CheckLabelsOnDevice(Rule(), *bottom[1], rows_, 1, &bad_label_);
    class_of = class_of_.mutable_gpu_data();
    ClassesOnDevice(Rule(), bottom[1]->gpu_data(), rows_, class_of);
  }
  metric::MarginForwardGpu<Dtype>(
      {options_, bottom[0]->gpu_data(), this->blobs_[0]->gpu_data(), class_of,
       rows_, depth_, classes_, kept_rows_.mutable_gpu_data(),
       inverse_lengths_.mutable_gpu_data(), nullptr, nullptr},
      top[0]->mutable_gpu_data());
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  metric::MarginBackwardGpu<Dtype>(
      {options_, bottom[0]->gpu_data(), this->blobs_[0]->gpu_data(),
       bottom.size() > 1 ? class_of_.gpu_data() : nullptr, rows_, depth_,
       classes_, kept_rows_.mutable_gpu_data(),
       inverse_lengths_.mutable_gpu_data(), factors_.mutable_gpu_data(),
       sums_.mutable_gpu_data()},
      top[0]->gpu_data(), top[0]->gpu_diff(),
      propagate_down[0] ? bottom[0]->mutable_gpu_diff() : nullptr,
      this->param_propagate_down_[0] ? this->blobs_[0]->mutable_gpu_diff()
                                     : nullptr);
}

INSTANTIATE_LAYER_GPU_FUNCS(MarginInnerProductLayer);

}  // namespace caffe
