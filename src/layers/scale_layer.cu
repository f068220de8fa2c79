// Scale on the GPU: the functions of scale_layer.cpp, in its order.
#include "caffe/layers/scale_layer.hpp"
#include "math/channels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void Multiply(const ChannelShape& shape, const Dtype* x, const Dtype* scale,
              Dtype* y) {
  MapByChannel(
      shape,
      [=] __device__(int64_t c, Dtype value) { return value * scale[c]; }, y,
      x);
}

template <typename Dtype>
void MultiplyAdd(const ChannelShape& shape, const Dtype* x,
                 const Dtype* scale, const Dtype* bias, Dtype* y) {
  MapByChannel(
      shape,
      [=] __device__(int64_t c, Dtype value) {
        return value * scale[c] + bias[c];
      },
      y, x);
}

template <typename Dtype>
void Sum(const ChannelShape& shape, const Dtype* dy, double* sums) {
  ChannelSumsOnDevice(
      shape, sums,
      [=] __device__(int64_t i, int64_t) -> double { return dy[i]; });
}

template <typename Dtype>
void SumOfProducts(const ChannelShape& shape, const Dtype* dy, const Dtype* x,
                   double* sums) {
  ChannelSumsOnDevice(
      shape, sums,
      [=] __device__(int64_t i, int64_t) -> double { return dy[i] * x[i]; });
}

}  // namespace

template <typename Dtype>
void ScaleLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  if (bottom[0] == top[0]) {
    caffe_copy(bottom[0]->count(), x, kept_.mutable_gpu_data());
  }
  const Dtype* scale = Operand(bottom)->gpu_data();
  Dtype* y = top[0]->mutable_gpu_data();
  if (bias_param_ < 0) {
    Multiply(this->shape_, x, scale, y);
  } else {
    MultiplyAdd(this->shape_, x, scale, this->blobs_[bias_param_]->gpu_data(),
                y);
  }
}

template <typename Dtype>
void ScaleLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->gpu_diff();
  const int64_t channels = this->shape_.channels;
  double* sums = this->sums_.mutable_gpu_data();
  if (bias_param_ >= 0 && this->param_propagate_down_[bias_param_]) {
    Sum(this->shape_, dy, sums);
    StoreSumsOnDevice(channels, sums, true,
                      this->blobs_[bias_param_]->mutable_gpu_diff());
  }
  if (this->WantsOperandDiff(scale_param_, propagate_down)) {
    const Dtype* x =
        bottom[0] == top[0] ? kept_.gpu_data() : bottom[0]->gpu_data();
    SumOfProducts(this->shape_, dy, x, sums);
    StoreSumsOnDevice(channels, sums, scale_param_ >= 0,
                      Operand(bottom)->mutable_gpu_diff());
  }
  // Last: in place it overwrites dy.
  if (propagate_down[0]) {
    Multiply(this->shape_, dy, Operand(bottom)->gpu_data(),
             bottom[0]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(ScaleLayer);

}  // namespace caffe
