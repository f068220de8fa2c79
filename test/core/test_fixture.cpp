// The typed fixtures put each test in its device's mode.
#include "caffe/test/fixture.hpp"

namespace caffe {
namespace {

TEST(FixtureTest, GpuCasesNeedADevice) {
  if (Caffe::DeviceCount() == 0) {
    GTEST_SKIP() << "no CUDA device, or a build without CUDA: the GPU cases "
                    "of the typed tests do not run";
  }
}

template <typename TypeParam>
class ModeTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(ModeTest, TestDtypesAndDevices);

TYPED_TEST(ModeTest, IsTheDevices) {
  EXPECT_EQ(Caffe::mode(), TypeParam::device);
}

TEST(FixtureTest, LeavesTheCpuModeBehind) {
  EXPECT_EQ(Caffe::mode(), Caffe::CPU);
}

}  // namespace
}  // namespace caffe
