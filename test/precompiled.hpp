// What nearly every test includes, compiled once.
#ifndef TERCET_TEST_PRECOMPILED_HPP_
#define TERCET_TEST_PRECOMPILED_HPP_

#include <gtest/gtest.h>

#include "caffe/layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"

#endif  // TERCET_TEST_PRECOMPILED_HPP_
