// SigmoidLayer on the GPU.
#include "caffe/layers/sigmoid_layer.hpp"
#include "layers/function_layer_impl.cuh"

namespace caffe {

INSTANTIATE_FUNCTION_LAYER_GPU(SigmoidFunction);

}  // namespace caffe
