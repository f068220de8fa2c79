// TanHLayer on the CPU.
#include "caffe/layers/tanh_layer.hpp"

#include "layers/function_layer_impl.hpp"

namespace caffe {

INSTANTIATE_FUNCTION_LAYER(TanHFunction);
INSTANTIATE_CLASS(TanHLayer);
REGISTER_LAYER_CLASS(TanH);

}  // namespace caffe
