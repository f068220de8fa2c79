// Bias on the GPU: the functions of bias_layer.cpp, in its order.
#include "caffe/layers/bias_layer.hpp"
#include "math/channels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void Add(const ChannelShape& shape, const Dtype* x, const Dtype* bias,
         Dtype* y) {
  MapByChannel(
      shape,
      [=] __device__(int64_t c, Dtype value) { return value + bias[c]; }, y,
      x);
}

template <typename Dtype>
void Sum(const ChannelShape& shape, const Dtype* dy, double* sums) {
  ChannelSumsOnDevice(
      shape, sums,
      [=] __device__(int64_t i, int64_t) -> double { return dy[i]; });
}

}  // namespace

template <typename Dtype>
void BiasLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  Add(this->shape_, bottom[0]->gpu_data(), Operand(bottom)->gpu_data(),
      top[0]->mutable_gpu_data());
}

template <typename Dtype>
void BiasLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->gpu_diff();
  const bool learned = bottom.size() == 1;
  if (this->WantsOperandDiff(learned ? 0 : -1, propagate_down)) {
    double* sums = this->sums_.mutable_gpu_data();
    Sum(this->shape_, dy, sums);
    StoreSumsOnDevice(this->shape_.channels, sums, learned,
                      Operand(bottom)->mutable_gpu_diff());
  }
  if (propagate_down[0] && bottom[0] != top[0]) {
    caffe_copy(bottom[0]->count(), dy, bottom[0]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(BiasLayer);

}  // namespace caffe
