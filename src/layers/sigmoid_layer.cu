// SigmoidLayer on the GPU.
#include "caffe/layers/sigmoid_layer.hpp"
#include "layers/function_layer.cuh"

namespace caffe {

INSTANTIATE_FUNCTION_LAYER_GPU(SigmoidFunction);

}  // namespace caffe
