// FunctionLayer: the base of layers y = f(x), value by value, whose gradient
// follows from y.
//
// Function has Value(x) and Gradient(y, dy), static and TERCET_HD. The layer's
// .cpp and .cu include layers/function_layer_impl.hpp and .cuh, which hold the
// passes.
#ifndef CAFFE_LAYERS_FUNCTION_LAYER_HPP_
#define CAFFE_LAYERS_FUNCTION_LAYER_HPP_

#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

template <typename Dtype, typename Function>
class FunctionLayer : public NeuronLayer<Dtype> {
 public:
  explicit FunctionLayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_FUNCTION_LAYER_HPP_
