// The name under which tests written for Caffe include the test fixtures.
#ifndef CAFFE_TEST_TEST_CAFFE_MAIN_HPP_
#define CAFFE_TEST_TEST_CAFFE_MAIN_HPP_

#include "caffe/test/fixture.hpp"

#endif  // CAFFE_TEST_TEST_CAFFE_MAIN_HPP_
