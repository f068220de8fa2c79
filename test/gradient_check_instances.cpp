// The gradient check, compiled once for all tests.
#include "caffe/test/gradient_check.hpp"

namespace caffe {
template class GradientCheck<float>;
template class GradientCheck<double>;
}  // namespace caffe
