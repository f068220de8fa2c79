// What nearly every test includes, compiled once. The gradient check is
// instantiated in gradient_check_instances.cpp.
#ifndef TERCET_TEST_PRECOMPILED_HPP_
#define TERCET_TEST_PRECOMPILED_HPP_

#include <gtest/gtest.h>

#include "caffe/layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"

namespace caffe {
extern template class GradientCheck<float>;
extern template class GradientCheck<double>;
}  // namespace caffe

#endif  // TERCET_TEST_PRECOMPILED_HPP_
