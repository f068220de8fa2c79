// NeuronLayer: the base of layers that map each value by itself. One bottom,
// one top of the same shape; in place is allowed.
#ifndef CAFFE_LAYERS_NEURON_LAYER_HPP_
#define CAFFE_LAYERS_NEURON_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class NeuronLayer : public Layer<Dtype> {
 public:
  explicit NeuronLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {
    top[0]->ReshapeLike(*bottom[0]);
  }

  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_NEURON_LAYER_HPP_
