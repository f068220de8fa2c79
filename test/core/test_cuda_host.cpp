// The emulated GPU: the mistakes in kernels that it must find. Each is made
// here on purpose, with the calls that kernels use.
#include <cmath>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/test/fixture.hpp"

#ifdef TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_

#include <cuda_pipeline.h>

namespace caffe {
namespace {

class CudaHostTest : public ::testing::Test {
 protected:
  CudaHostTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&device_),
                          kFloats * sizeof(float)));
    std::vector<float> values(kFloats);
    for (int i = 0; i < kFloats; ++i) values[i] = static_cast<float>(i);
    CUDA_CHECK(cudaMemcpy(device_, values.data(), kFloats * sizeof(float),
                          cudaMemcpyDefault));
  }
  ~CudaHostTest() override { cudaFree(device_); }

  static float* Shared() {
    return static_cast<float*>(cuda_host::DynamicShared());
  }

  static constexpr int kFloats = 64;
  float* device_ = nullptr;
};

TEST_F(CudaHostTest, SharedMemoryIsNotANumberForEachBlock) {
  int numbers = 0;
  cuda_host::Launch(3, 1, sizeof(float), [&] {
    numbers += std::isnan(*Shared()) ? 0 : 1;
    *Shared() = 1;
  });
  EXPECT_EQ(numbers, 0);
}

TEST_F(CudaHostTest, WritingBehindSharedMemoryEndsTheProgram) {
  EXPECT_DEATH(
      cuda_host::Launch(1, 4, 3 * sizeof(float),
                        [] { Shared()[threadIdx.x] = 1; }),
      "behind the end of its shared memory");
}

TEST_F(CudaHostTest, AnAccessOffItsAlignmentEndsTheProgram) {
  const float* const from = device_;
  EXPECT_DEATH(cuda_host::Launch(
                   1, 1, 0, [=] { cuda_host::CheckAligned(from + 1, 16); }),
               "no multiple of its size");
  EXPECT_DEATH(cuda_host::Launch(1, 1, 64,
                                 [=] {
                                   __pipeline_memcpy_async(Shared(), from + 2,
                                                           16);
                                 }),
               "no multiple of its size");
}

TEST_F(CudaHostTest, ACopyIsThereOnceItWasWaitedForAndNotBefore) {
  const float* const from = device_;
  cuda_host::Launch(2, 2, 8 * sizeof(float), [=] {
    float* const mine = Shared() + threadIdx.x * 4;
    __pipeline_memcpy_async(mine, from, 8);
    __pipeline_commit();
    __pipeline_memcpy_async(mine + 2, from + 2, 8);
    __pipeline_commit();
    EXPECT_TRUE(std::isnan(mine[0]));
    __pipeline_wait_prior(1);
    EXPECT_EQ(mine[1], 1);
    EXPECT_TRUE(std::isnan(mine[2]));
    __pipeline_wait_prior(0);
    EXPECT_EQ(mine[3], 3);
  });
}

TEST_F(CudaHostTest, ACopyThatNobodyWaitsForEndsTheProgram) {
  const float* const from = device_;
  EXPECT_DEATH(
      cuda_host::Launch(1, 1, 16,
                        [=] { __pipeline_memcpy_async(Shared(), from, 4); }),
      "without waiting for its copies");
}

TEST_F(CudaHostTest, ABarrierThatSomeThreadsMissEndsTheProgram) {
  EXPECT_DEATH(cuda_host::Launch(1, 64, 0,
                                 [] {
                                   if (threadIdx.x % 2 == 0) __syncthreads();
                                   __shfl_xor_sync(0xffffffffu, 1, 1);
                                 }),
               "not all of its threads reach");
}

// The first thread runs before the second has written, as on a device it may.
TEST_F(CudaHostTest, WithoutItsBarrierAThreadReadsTooEarly) {
  for (const bool barrier : {false, true}) {
    float seen = 0;
    cuda_host::Launch(1, 2, 2 * sizeof(float), [&] {
      Shared()[threadIdx.x] = 5;
      if (barrier) __syncthreads();
      if (threadIdx.x == 0) seen = Shared()[1];
    });
    EXPECT_EQ(std::isnan(seen), !barrier);
  }
}

TEST_F(CudaHostTest, TheHostCannotFollowADevicePointer) {
  EXPECT_DEATH(device_[0] = 1, "");
}

}  // namespace
}  // namespace caffe

#endif  // TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_
