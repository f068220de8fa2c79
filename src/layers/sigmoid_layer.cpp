// SigmoidLayer on the CPU.
#include "caffe/layers/sigmoid_layer.hpp"

#include "layers/function_layer_impl.hpp"

namespace caffe {

INSTANTIATE_FUNCTION_LAYER(SigmoidFunction);
INSTANTIATE_CLASS(SigmoidLayer);
REGISTER_LAYER_CLASS(Sigmoid);

}  // namespace caffe
