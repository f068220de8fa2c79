// The passes of FunctionLayer on the device. Included by .cu files alone.
#ifndef TERCET_LAYERS_FUNCTION_LAYER_IMPL_CUH_
#define TERCET_LAYERS_FUNCTION_LAYER_IMPL_CUH_

#include <vector>

#include "caffe/layers/function_layer.hpp"
#include "math/map.cuh"

namespace caffe {

template <typename Function, typename Dtype>
void FunctionForward(int count, const Dtype* x, Dtype* y) {
  Map(
      count, [=] __device__(Dtype value) { return Function::Value(value); }, y,
      x);
}

template <typename Function, typename Dtype>
void FunctionBackward(int count, const Dtype* y, const Dtype* dy, Dtype* dx) {
  Map(
      count,
      [=] __device__(Dtype value, Dtype diff) {
        return Function::Gradient(value, diff);
      },
      dx, y, dy);
}

template <typename Dtype, typename Function>
void FunctionLayer<Dtype, Function>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  FunctionForward<Function>(bottom[0]->count(), bottom[0]->gpu_data(),
                            top[0]->mutable_gpu_data());
}

template <typename Dtype, typename Function>
void FunctionLayer<Dtype, Function>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  FunctionBackward<Function>(bottom[0]->count(), top[0]->gpu_data(),
                             top[0]->gpu_diff(),
                             bottom[0]->mutable_gpu_diff());
}

}  // namespace caffe

// Instantiates the GPU functions of a layer's base.
#define INSTANTIATE_FUNCTION_LAYER_GPU(Function)             \
  template <typename Dtype>                                  \
  using Function##Base = FunctionLayer<Dtype, Function>;     \
  INSTANTIATE_LAYER_GPU_FUNCS(Function##Base)

#endif  // TERCET_LAYERS_FUNCTION_LAYER_IMPL_CUH_
