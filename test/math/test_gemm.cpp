// Matrix products give the same bits for any number of threads, in shapes of
// one tile and of several.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "caffe/util/math_functions.hpp"
#include "core/cpu.hpp"

namespace caffe {
namespace {

// For all tests: a tool does the same before anything else.
class BestBlasCore : public testing::Environment {
 public:
  void SetUp() override { UseBestBlasCore(); }
};
testing::Environment* const best_blas_core =
    testing::AddGlobalTestEnvironment(new BestBlasCore);

std::vector<float> Product(int m, int n, int k, int threads) {
  Caffe::set_threads(threads);
  Caffe::set_random_seed(1);
  std::vector<float> a(m * k), b(k * n), c(m * n);
  caffe_rng_gaussian<float>(m * k, 0, 1, a.data());
  caffe_rng_gaussian<float>(k * n, 0, 1, b.data());
  caffe_cpu_gemm<float>(CblasNoTrans, CblasTrans, m, n, k, 1, a.data(),
                        b.data(), 0, c.data());
  return c;
}

// OpenBLAS 0.3.21 takes what it does not know for a Prescott.
TEST(GemmTest, ProcessorsOfTodayAreNoPrescott) {
  if (BlasCoreIsForced()) GTEST_SKIP() << "OPENBLAS_CORETYPE is set";
  if (BestIsa() < Isa::kAvx2) GTEST_SKIP() << "no AVX2";
  EXPECT_NE("Prescott", BlasCoreName());
  EXPECT_FALSE(BlasCoreIsForced());
}

TEST(GemmTest, ThreadsOfTheProgramMayMultiplyAtOnce) {
  const int n = 48;
  std::vector<float> a(n * n), b(n * n), expected(n * n);
  Caffe::set_random_seed(1);
  caffe_rng_gaussian<float>(n * n, 0, 1, a.data());
  caffe_rng_gaussian<float>(n * n, 0, 1, b.data());
  const auto multiply = [&](std::vector<float>* c) {
    caffe_cpu_gemm<float>(CblasNoTrans, CblasTrans, n, n, n, 1, a.data(),
                          b.data(), 0, c->data());
  };
  multiply(&expected);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        std::vector<float> c(n * n);
        multiply(&c);
        if (c != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// OpenBLAS once took the threads of OpenMP for a product of a single tile.
TEST(GemmTest, SameBitsForAnyNumberOfThreads) {
  const int before = Caffe::threads();
  const int shapes[][3] = {{64, 96, 512}, {96, 64, 512}, {70, 33, 700},
                           {64, 512, 96}, {300, 200, 130}};
  for (const auto& shape : shapes) {
    const std::vector<float> one = Product(shape[0], shape[1], shape[2], 1);
    for (int threads : {2, 3}) {
      const std::vector<float> more =
          Product(shape[0], shape[1], shape[2], threads);
      EXPECT_EQ(std::memcmp(one.data(), more.data(), one.size() * 4), 0)
          << shape[0] << "x" << shape[1] << "x" << shape[2] << ", " << threads
          << " threads";
    }
  }
  Caffe::set_threads(before);
}

}  // namespace
}  // namespace caffe
