// TanHLayer on the GPU.
#include "caffe/layers/tanh_layer.hpp"
#include "layers/function_layer_impl.cuh"

namespace caffe {

INSTANTIATE_FUNCTION_LAYER_GPU(TanHFunction);

}  // namespace caffe
