// The random generator: known answers, seeking, and its distributions.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/math_functions.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

// The vectors published with the generator (Random123, kat_vectors).
TEST(RngTest, PhiloxGivesThePublishedNumbers) {
  const PhiloxBlock zeros = PhiloxAt(0, 0, 0);
  EXPECT_EQ(zeros.v[0], 0x6627e8d5u);
  EXPECT_EQ(zeros.v[1], 0xe169c58du);
  EXPECT_EQ(zeros.v[2], 0xbc57ac4cu);
  EXPECT_EQ(zeros.v[3], 0x9b00dbd8u);
  const PhiloxBlock ones = PhiloxAt(~0ull, ~0ull, ~0ull);
  EXPECT_EQ(ones.v[0], 0x408f276du);
  EXPECT_EQ(ones.v[1], 0x41c83b0eu);
  EXPECT_EQ(ones.v[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.v[3], 0x6d5451fdu);
}

TEST(RngTest, SeekGoesOnWhereThePositionWasTaken) {
  for (int drawn = 0; drawn < 9; ++drawn) {
    Rng first(42, 7);
    for (int i = 0; i < drawn; ++i) first.Uint32();
    Rng second(42, 7);
    second.Seek(first.position());
    EXPECT_EQ(second.position(), first.position());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(first.Uint32(), second.Uint32());
  }
}

TEST(RngTest, UniformAndGaussianHaveTheirMoments) {
  Rng rng(1);
  constexpr int kDraws = 200000;
  double sum = 0, gauss = 0, gauss_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    const double g = rng.Gaussian();
    gauss += g;
    gauss_squares += g * g;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
  EXPECT_NEAR(gauss / kDraws, 0.0, 0.01);
  EXPECT_NEAR(gauss_squares / kDraws, 1.0, 0.02);
}

// caffe_rng_gaussian gives each thread its own part of the stream.
TEST(RngTest, NormalNumbersInParallelAreThoseDrawnOneByOne) {
  constexpr int kNumbers = 100003;  // enough for several threads, and odd
  const int threads = Caffe::threads();
  for (const int used : {1, 2, 3, 7}) {
    Caffe::set_threads(used);
    Caffe::set_random_seed(11);
    Rng serial = Caffe::rng();
    // Not from the beginning of a block of four words.
    EXPECT_EQ(serial.Uint32(), Caffe::rng().Uint32());
    std::vector<float> numbers(kNumbers);
    caffe_rng_gaussian<float>(kNumbers, 2, 3, numbers.data());
    int different = 0;
    for (const float number : numbers) {
      const float wanted = static_cast<float>(2.f + 3.f * serial.Gaussian());
      different += number == wanted ? 0 : 1;
    }
    EXPECT_EQ(0, different) << used << " threads";
    EXPECT_EQ(serial.Uint32(), Caffe::rng().Uint32()) << used << " threads";
  }
  Caffe::set_threads(threads);
}

#ifdef TERCET_CUDA
template <typename Dtype>
class DeviceRngTest : public GPUDeviceTest<Dtype> {};
TYPED_TEST_SUITE(DeviceRngTest, TestDtypes);

// Whatever the place in the stream, the device draws what the CPU would, and
// leaves the stream where the CPU would.
TYPED_TEST(DeviceRngTest, TheDeviceDrawsTheNumbersOfTheCpu) {
  for (const int n : {1, 2, 3, 300, 1025}) {
    for (int drawn = 0; drawn < 5; ++drawn) {
      Rng start(17, 3);
      for (int i = 0; i < drawn; ++i) start.Uint32();
      Blob<TypeParam> host({2, n}), device({2, n});
      Caffe::set_rng(start);
      caffe_rng_uniform<TypeParam>(n, -1, 2, host.mutable_cpu_data());
      caffe_rng_gaussian<TypeParam>(n, 3, 2, host.mutable_cpu_data() + n);
      const uint32_t next = Caffe::rng().Uint32();
      Caffe::set_rng(start);
      TypeParam* const to = device.mutable_gpu_data();
      caffe_gpu_rng_uniform<TypeParam>(n, -1, 2, to);
      caffe_gpu_rng_gaussian<TypeParam>(n, 3, 2, to + n);
      EXPECT_EQ(next, Caffe::rng().Uint32());
      const double tolerance = sizeof(TypeParam) == 8 ? 1e-13 : 1e-5;
      for (int i = 0; i < n; ++i) {
        ASSERT_EQ(host.cpu_data()[i], device.cpu_data()[i]);
        ASSERT_NEAR(host.cpu_data()[n + i], device.cpu_data()[n + i],
                    tolerance);
      }
    }
  }
}
#endif

TEST(RngTest, BelowReachesEachNumberAndNoOther) {
  Rng rng(3);
  int seen[7] = {};
  for (int i = 0; i < 7000; ++i) {
    const uint64_t draw = rng.Below(7);
    ASSERT_LT(draw, 7u);
    ++seen[draw];
  }
  for (int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST(RngTest, ShuffleKeepsTheItems) {
  Rng rng(5);
  std::vector<int> items = {1, 2, 3, 4, 5, 6, 7, 8};
  rng.Shuffle(&items);
  EXPECT_NE(items, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}));
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}));
}

}  // namespace caffe
