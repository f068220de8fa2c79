// The passes of FunctionLayer on the CPU.
#ifndef TERCET_LAYERS_FUNCTION_LAYER_IMPL_HPP_
#define TERCET_LAYERS_FUNCTION_LAYER_IMPL_HPP_

#include <vector>

#include "caffe/layers/function_layer.hpp"
#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype, typename Function>
void FunctionLayer<Dtype, Function>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  // Elementary operations that one value costs, for the choice of threads.
  constexpr int kForwardWork = 16;
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  ParallelFor(bottom[0]->count(), kForwardWork,
              [=](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  y[i] = Function::Value(x[i]);
                }
              });
}

template <typename Dtype, typename Function>
void FunctionLayer<Dtype, Function>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* y = top[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  ParallelFor(bottom[0]->count(), 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = Function::Gradient(y[i], dy[i]);
    }
  });
}

}  // namespace caffe

// Instantiates the base of a layer for float and double.
#define INSTANTIATE_FUNCTION_LAYER(Function)      \
  template class FunctionLayer<float, Function>; \
  template class FunctionLayer<double, Function>

#endif  // TERCET_LAYERS_FUNCTION_LAYER_IMPL_HPP_
