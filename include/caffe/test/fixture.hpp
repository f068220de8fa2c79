// Typed test fixtures over {CPU, GPU} x {float, double}, with Caffe's names:
//
//   template <typename TypeParam>
//   class FooTest : public MultiDeviceTest<TypeParam> { ... };
//   TYPED_TEST_SUITE(FooTest, TestDtypesAndDevices);
//   TYPED_TEST(FooTest, Bar) { typedef typename TypeParam::Dtype Dtype; ... }
//
// A test runs in its device's mode and leaves the CPU mode behind. The cases
// of a GPU that the machine lacks skip with one line; a build without CUDA has
// none. For tests of one device: TYPED_TEST_SUITE(FooTest, TestDtypes) with
// CPUDeviceTest or GPUDeviceTest. Needs gtest 1.10 or later.
#ifndef CAFFE_TEST_FIXTURE_HPP_
#define CAFFE_TEST_FIXTURE_HPP_

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/common.hpp"

namespace caffe {

template <typename TypeParam>
struct CPUDevice {
  typedef TypeParam Dtype;
  static constexpr Caffe::Brew device = Caffe::CPU;
};

template <typename TypeParam>
struct GPUDevice {
  typedef TypeParam Dtype;
  static constexpr Caffe::Brew device = Caffe::GPU;
};

typedef ::testing::Types<float, double> TestDtypes;
#ifdef TERCET_CUDA
typedef ::testing::Types<CPUDevice<float>, CPUDevice<double>,
                         GPUDevice<float>, GPUDevice<double>>
    TestDtypesAndDevices;
#else
typedef ::testing::Types<CPUDevice<float>, CPUDevice<double>>
    TestDtypesAndDevices;
#endif

template <typename TypeParam>
class MultiDeviceTest : public ::testing::Test {
 public:
  typedef typename TypeParam::Dtype Dtype;

 protected:
  MultiDeviceTest() {
    Caffe::set_random_seed(1701);
    EnterMode();
  }
  ~MultiDeviceTest() override { Caffe::set_mode(Caffe::CPU); }

  static bool IsDouble() { return sizeof(Dtype) == sizeof(double); }

 private:
  // Skips from the constructor, so that a fixture's own SetUp cannot miss it.
  void EnterMode() {
    if (TypeParam::device == Caffe::GPU && Caffe::DeviceCount() == 0) {
      GTEST_SKIP() << "no CUDA device";
    }
    Caffe::set_mode(TypeParam::device);
  }
};

// Bits, not values: -0 is not 0.
template <typename Dtype>
bool SameBits(const std::vector<Dtype>& a, const std::vector<Dtype>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(Dtype)) == 0;
}

template <typename Dtype>
class CPUDeviceTest : public MultiDeviceTest<CPUDevice<Dtype>> {};

template <typename Dtype>
class GPUDeviceTest : public MultiDeviceTest<GPUDevice<Dtype>> {};

}  // namespace caffe

#endif  // CAFFE_TEST_FIXTURE_HPP_
