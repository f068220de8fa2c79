// What is told about a batch, against plain sums and by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/loss/diagnostics.hpp"
#include "caffe/syncedmem.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {
namespace {

using metric::BatchStatistics;
using metric::Distance;
using metric::DistanceSummary;
using metric::RowMoments;

// Rows around an offset, as one array.
template <typename T>
std::vector<T> RowsAround(double offset, int N, int D, int seed) {
  Rng rng(seed);
  std::vector<T> x(N * D);
  for (T& value : x) value = static_cast<T>(offset + rng.Gaussian());
  return x;
}

template <typename T>
RowMoments MomentsByHand(const std::vector<T>& x, int N, int D) {
  RowMoments moments;
  std::vector<double> mean(D, 0);
  for (int i = 0; i < N; ++i) {
    double square = 0;
    for (int k = 0; k < D; ++k) {
      mean[k] += static_cast<double>(x[i * D + k]) / N;
      square += static_cast<double>(x[i * D + k]) * x[i * D + k];
    }
    moments.norm += std::sqrt(square) / N;
  }
  double variance = 0;
  for (int k = 0; k < N * D; ++k) {
    variance += (x[k] - mean[k % D]) * (x[k] - mean[k % D]) / N;
  }
  moments.spread = std::sqrt(variance);
  return moments;
}

template <typename Dtype>
class DiagnosticsTest : public ::testing::Test {};
TYPED_TEST_SUITE(DiagnosticsTest, TestDtypes);

// A large offset must not cost the spread its digits.
TYPED_TEST(DiagnosticsTest, MomentsAreThoseByHand) {
  for (const double offset : {0., 3., 1e5}) {
    for (const int N : {1, 2, 63, 64, 65, 200}) {
      for (const int D : {1, 7, 128}) {
        const auto x = RowsAround<TypeParam>(offset, N, D, N + D);
        const RowMoments hand = MomentsByHand(x, N, D);
        const RowMoments have = metric::MeasureRows<TypeParam>({x.data()}, N,
                                                               D);
        EXPECT_NEAR(have.norm, hand.norm, 1e-9 * hand.norm);
        EXPECT_NEAR(have.spread, hand.spread, 1e-9 * (1 + hand.spread));
      }
    }
  }
}

TYPED_TEST(DiagnosticsTest, PartsCountAsOneArray) {
  const int N = 37, D = 5;
  const auto x = RowsAround<TypeParam>(1, 3 * N, D, 1);
  const TypeParam* const p = x.data();
  const RowMoments whole = metric::MeasureRows<TypeParam>({p}, 3 * N, D);
  const RowMoments parts = metric::MeasureRows<TypeParam>(
      {p, p + N * D, p + 2 * N * D}, N, D);
  EXPECT_EQ(whole.norm, parts.norm);
  EXPECT_EQ(whole.spread, parts.spread);
}

TYPED_TEST(DiagnosticsTest, NoRowsAndOnePoint) {
  EXPECT_EQ(metric::MeasureRows<TypeParam>({}, 0, 3).norm, 0);
  const std::vector<TypeParam> x(40 * 3, TypeParam(0.1));
  const RowMoments moments = metric::MeasureRows<TypeParam>({x.data()}, 40, 3);
  EXPECT_EQ(moments.spread, 0);
  EXPECT_NEAR(moments.norm, std::sqrt(0.03), 1e-7);
}

TYPED_TEST(DiagnosticsTest, WhatIsNoNumberShows) {
  std::vector<TypeParam> x(40 * 3, TypeParam(0.1));
  x[50] = NAN;
  const RowMoments moments = metric::MeasureRows<TypeParam>({x.data()}, 40, 3);
  EXPECT_TRUE(std::isnan(moments.spread));
  EXPECT_TRUE(std::isnan(moments.norm));
}

#ifdef TERCET_CUDA
template <typename Dtype>
class DiagnosticsDeviceTest : public GPUDeviceTest<Dtype> {};
TYPED_TEST_SUITE(DiagnosticsDeviceTest, TestDtypes);

TYPED_TEST(DiagnosticsDeviceTest, TheDeviceMeasuresTheSame) {
  for (const int N : {0, 1, 65, 130}) {
    for (const int D : {1, 7, 33}) {
      const auto x = RowsAround<TypeParam>(20, 2 * N, D, N + D);
      SyncedMemory rows(std::max<size_t>(1, x.size()) * sizeof(TypeParam));
      std::copy(x.begin(), x.end(),
                static_cast<TypeParam*>(rows.mutable_cpu_data()));
      SyncedMemory work(metric::MomentDoubles(2, N, D) * sizeof(double));
      const auto* device = static_cast<const TypeParam*>(rows.gpu_data());
      metric::MeasureRowsGpu<TypeParam>(
          {device, device + N * D}, N, D,
          static_cast<double*>(work.mutable_gpu_data()));
      const RowMoments want = metric::MeasureRows<TypeParam>(
          {x.data(), x.data() + N * D}, N, D);
      const double* have = static_cast<const double*>(work.cpu_data());
      EXPECT_NEAR(have[0], want.norm, 1e-9 * (1 + want.norm));
      EXPECT_NEAR(have[1], want.spread, 1e-9 * (1 + want.spread));
    }
  }
}
#endif

TEST(SummaryTest, QuantilesByHand) {
  std::vector<double> none;
  EXPECT_EQ(metric::Summarise(&none).count, 0);
  std::vector<double> one = {3};
  EXPECT_EQ(metric::Summarise(&one).quantile[2], 3);
  // 0 ... 20: quantile q is at 20 q.
  std::vector<double> many;
  for (int i = 20; i >= 0; --i) many.push_back(i);
  const DistanceSummary summary = metric::Summarise(&many);
  EXPECT_EQ(summary.count, 21);
  EXPECT_DOUBLE_EQ(summary.mean, 10);
  const double want[] = {0, 2, 10, 18, 20};
  for (int q = 0; q < metric::kQuantiles; ++q) {
    EXPECT_NEAR(summary.quantile[q], want[q], 1e-12);
  }
  // Between two: a quarter of the way from 0 to 1 for the middle of three ...
  std::vector<double> two = {0, 1};
  EXPECT_NEAR(metric::Summarise(&two).quantile[1], 0.1, 1e-12);
}

// On a line: 0 and 1 are one person, 5 and 7 another, 20 a third.
TEST(StatisticsTest, PairsByHand) {
  const std::vector<float> x = {0, 5, 1, 7, 20};
  const std::vector<float> labels = {3, 8, 3, 8, -1};
  BatchStatistics statistics;
  metric::DescribePairs(Distance::kL2, x.data(), labels.data(), 5, 1,
                        &statistics);
  EXPECT_EQ(statistics.positive.count, 2);
  EXPECT_NEAR(statistics.positive.mean, 1.5, 1e-12);
  EXPECT_EQ(statistics.negative.count, 8);
  EXPECT_EQ(statistics.negative.quantile[0], 4);
  EXPECT_EQ(statistics.negative.quantile[4], 20);
  EXPECT_EQ(statistics.farthest_positive.row, 1);
  EXPECT_EQ(statistics.farthest_positive.other, 3);
  EXPECT_EQ(statistics.nearest_negative.row, 1);
  EXPECT_EQ(statistics.nearest_negative.other, 2);
  EXPECT_EQ(statistics.nearest_negative.distance, 4);
  statistics.count = {10, 4};
  statistics.rows.norm = 6.6;
  statistics.rows.spread = 7.25;
  EXPECT_EQ(metric::StatisticsText(statistics, "triplets"),
            "d(a,p) 1.5 (1 1.1 1.5 1.9 2), d(a,n) 11.1 (4 4.7 10 19.3 20), "
            "40 % of 10 triplets active, norm 6.6, spread 7.25, farthest "
            "positive: rows 1 and 3, nearest negative: rows 1 and 2");
  std::vector<float> values(metric::kStatisticsValues + 1, -7);
  metric::StatisticsValues(statistics, values.data());
  EXPECT_FLOAT_EQ(values[0], 0.4f);
  EXPECT_EQ(values[1], 10);
  EXPECT_EQ(values[2], 1.5f);
  EXPECT_EQ(values[9], 4);
  EXPECT_EQ(values[14], 6.6f);
  EXPECT_EQ(values[19], 2);
  EXPECT_EQ(values[20], -7);
}

TEST(StatisticsTest, NoPairsOfAKind) {
  const std::vector<float> x = {0, 5};
  const std::vector<float> apart = {1, 2};
  BatchStatistics statistics;
  metric::DescribePairs(Distance::kL2, x.data(), apart.data(), 2, 1,
                        &statistics);
  EXPECT_EQ(metric::StatisticsText(statistics, "pairs"),
            "d(a,p) none, d(a,n) 5 (5 5 5 5 5), no pairs, norm 0, spread 0, "
            "nearest negative: rows 0 and 1");
}

// More pairs than are looked at: some rows against all, and the figures of
// these close to those of all.
class ManyRowsTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(StatisticsTest, ManyRowsTest,
                         ::testing::Values(2900, 4000, 5000));

TEST_P(ManyRowsTest, AreSampled) {
  const int N = GetParam();
  std::vector<float> x(N), labels(N);
  for (int i = 0; i < N; ++i) {
    x[i] = static_cast<float>(i % 100);
    labels[i] = static_cast<float>(i / 4);
  }
  BatchStatistics statistics;
  metric::DescribePairs(Distance::kL2, x.data(), labels.data(), N, 1,
                        &statistics);
  const int64_t pairs = statistics.positive.count + statistics.negative.count;
  EXPECT_LE(pairs, metric::kMostStatisticPairs);
  EXPECT_GT(pairs, metric::kMostStatisticPairs / 3);
  EXPECT_GT(statistics.positive.count, 1000);
  EXPECT_NEAR(statistics.negative.mean, 100 / 3., 1);
  EXPECT_EQ(statistics.negative.quantile[4], 99);
}

}  // namespace
}  // namespace caffe
