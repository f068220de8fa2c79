// The triplet passes on pointers: batches that are written past the caches have
// the bits of small ones, whatever lies where and however it is asked for.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/loss/triplet.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "core/cpu.hpp"
#include "loss/triplet_kernels.hpp"

namespace caffe {
namespace {

template <typename T>
class TripletPassesTest : public ::testing::Test {
 protected:
  // The three gradients of all rows, side by side; the rows are taken `step` at
  // a time, and lie `shift` values behind a cache line.
  static std::vector<T> GradientsOf(int N, int D, int step, int shift,
                                    bool one_by_one) {
    Blob<T> x[3], dx[3];
    Rng rng(5);
    for (int b = 0; b < 3; ++b) {
      x[b].Reshape({N * D + shift});
      dx[b].Reshape({N * D + shift});
      for (int k = 0; k < N * D; ++k) {
        x[b].mutable_cpu_data()[shift + k] =
            static_cast<T>(rng.Uniform(-1, 1));
      }
      caffe_set(dx[b].count(), T(NAN), dx[b].mutable_cpu_data());
    }
    metric::TripletOptions options;
    options.margin = 0.5;
    std::vector<T> rows(step * metric::kTripletRowSize);
    for (int i = 0; i < N; i += step) {
      const T* from[3];
      T* to[3];
      for (int b = 0; b < 3; ++b) {
        from[b] = x[b].cpu_data() + shift + i * D;
        to[b] = dx[b].mutable_cpu_data() + shift + i * D;
      }
      T loss, factor;
      double totals[metric::kTripletTotals];
      metric::TripletForward<T>(options, from[0], from[1], from[2], nullptr,
                                step, D, rows.data(), &loss, &factor, totals);
      for (int b = 0; b < (one_by_one ? 3 : 1); ++b) {
        metric::TripletBackward<T>(
            options, from[0], from[1], from[2], rows.data(), T(0.37), step, D,
            one_by_one && b != 0 ? nullptr : to[0],
            one_by_one && b != 1 ? nullptr : to[1],
            one_by_one && b != 2 ? nullptr : to[2]);
      }
    }
    std::vector<T> all;
    for (const Blob<T>& one : dx) {
      all.insert(all.end(), one.cpu_data() + shift,
                 one.cpu_data() + shift + N * D);
    }
    return all;
  }
  static void ExpectBits(const std::vector<T>& a, const std::vector<T>& b) {
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(T)), 0);
  }
};
TYPED_TEST_SUITE(TripletPassesTest, TestDtypes);

// 9 MB of gradients and more, then the same in small pieces.
TYPED_TEST(TripletPassesTest, LargeBatchesHaveTheBitsOfSmallOnes) {
  for (const int D : {128, 80}) {
    const int N = (9 << 20) / D / 12;
    const auto small = this->GradientsOf(N / 64 * 64, D, N / 64, 0, false);
    this->ExpectBits(this->GradientsOf(N / 64 * 64, D, N / 64 * 64, 0, false),
                     small);
    this->ExpectBits(this->GradientsOf(N / 64 * 64, D, N / 64 * 64, 1, false),
                     small);
  }
}

TYPED_TEST(TripletPassesTest, OneGradientIsAsAllThree) {
  for (const int D : {1, 15, 16, 17, 131}) {
    this->ExpectBits(this->GradientsOf(40, D, 40, 0, true),
                     this->GradientsOf(40, D, 40, 0, false));
  }
}

// What the set of `isa` makes of some rows, the second of which has no slope:
// the squares, then the gradients.
template <typename T>
std::vector<T> ResultsOf(Isa isa, int D) {
  const IsaLimit limit(isa);
  const metric::TripletKernels<T>& set = metric::BestTripletKernels<T>();
  constexpr int kRows = 3;
  const int count = kRows * D;
  std::vector<T> x(3 * count), rows(kRows * metric::kTripletRowSize, 0);
  Rng rng(6);
  for (T& value : x) value = static_cast<T>(rng.Uniform(-1, 1));
  for (int i = 0; i < kRows; i += 2) {
    rows[i * metric::kTripletRowSize + metric::kPositiveSlope] = T(0.7);
    rows[i * metric::kTripletRowSize + metric::kNegativeSlope] = T(-0.9);
  }
  std::vector<T> out(2 * kRows + 3 * count, T(NAN));
  T* const gradients = out.data() + 2 * kRows;
  const T *a = x.data(), *p = a + count, *n = p + count;
  set.squares(a, p, n, kRows, D, out.data(), out.data() + kRows);
  set.gradients(rows.data(), T(0.3), a, p, n, kRows, D, false, gradients,
                gradients + count, gradients + 2 * count);
  return out;
}

TYPED_TEST(TripletPassesTest, AllSetsOfKernelsHaveTheSameBits) {
  for (const int D : {1, 2, 15, 16, 17, 48, 131}) {
    const std::vector<TypeParam> plain =
        ResultsOf<TypeParam>(Isa::kPlain, D);
    for (const TypeParam value : plain) EXPECT_TRUE(std::isfinite(value));
    for (const Isa isa : RunnableIsas()) {
      SCOPED_TRACE(D);
      this->ExpectBits(plain, ResultsOf<TypeParam>(isa, D));
    }
  }
}

}  // namespace
}  // namespace caffe
