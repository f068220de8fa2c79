// The name under which tests written for Caffe include the gradient checker.
#ifndef CAFFE_TEST_TEST_GRADIENT_CHECK_UTIL_HPP_
#define CAFFE_TEST_TEST_GRADIENT_CHECK_UTIL_HPP_

#include "caffe/test/gradient_checker.hpp"

#endif  // CAFFE_TEST_TEST_GRADIENT_CHECK_UTIL_HPP_
