// Convolution on the device: the arithmetic is in
// convolution/gpu_convolution.hpp.
#include "caffe/layers/conv_layer.hpp"

#include "convolution/gpu_convolution.hpp"

namespace caffe {

template <typename Dtype>
void ConvolutionLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const Dtype* weights = this->blobs_[0]->gpu_data();
  const Dtype* bias = bias_term_ ? this->blobs_[1]->gpu_data() : nullptr;
  for (size_t i = 0; i < bottom.size(); ++i) {
    gpu_engine_->Forward(bottom[i]->gpu_data(), weights, bias,
                         top[i]->mutable_gpu_data());
  }
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* weights = this->blobs_[0]->gpu_data();
  Dtype* weights_diff = this->param_propagate_down_[0]
                            ? this->blobs_[0]->mutable_gpu_diff()
                            : nullptr;
  Dtype* bias_diff = bias_term_ && this->param_propagate_down_[1]
                         ? this->blobs_[1]->mutable_gpu_diff()
                         : nullptr;
  for (size_t i = 0; i < top.size(); ++i) {
    const Dtype* top_diff = top[i]->gpu_diff();
    if (weights_diff != nullptr || bias_diff != nullptr) {
      gpu_engine_->BackwardWeights(bottom[i]->gpu_data(), top_diff,
                                   weights_diff, bias_diff);
    }
    if (propagate_down[i]) {
      gpu_engine_->BackwardData(top_diff, weights,
                                bottom[i]->mutable_gpu_diff());
    }
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(ConvolutionLayer);

}  // namespace caffe
