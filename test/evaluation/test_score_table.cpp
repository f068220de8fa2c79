// What verification keeps of its pairs: bins with their counts, the nearest and
// farthest pairs, and samples.
#include <algorithm>
#include <cmath>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "evaluation/pair_sample.hpp"
#include "evaluation/score_table.hpp"

namespace caffe {
namespace {

using metric::ExtremePairs;
using metric::RocPoint;
using metric::ScoreBins;
using metric::ScoredPair;
using metric::Stride;

double CountIn(const ScoreBins& bins) {
  const vector<RocPoint> points = ScoreBins::Points(bins, ScoreBins());
  return points.empty() ? 0 : points.back().genuine;
}

// 2^bits - 1 distances of 1.5, by merging.
void FillBins(int bits, ScoreBins* bins) {
  for (int k = 0; k < bits; ++k) {
    ScoreBins copy;
    copy.Merge(*bins);
    bins->Merge(copy);
    bins->Add(1.5f);
  }
}

TEST(ScoreTableTest, CountsGoBeyond32Bits) {
  ScoreBins bins;
  FillBins(32, &bins);
  EXPECT_EQ(CountIn(bins), 4294967295.);
  bins.Add(1.5f);  // comes round by adding
  EXPECT_EQ(CountIn(bins), 4294967296.);
  bins.Add(1.5f);
  EXPECT_EQ(CountIn(bins), 4294967297.);
  ScoreBins more;
  FillBins(33, &more);  // comes round by merging
  EXPECT_EQ(CountIn(more), 8589934591.);
  more.Merge(bins);
  EXPECT_EQ(CountIn(more), 3 * 4294967296.);
  const vector<RocPoint> points = ScoreBins::Points(bins, more);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].genuine, 4294967297.);
  EXPECT_EQ(points[0].impostor, 3 * 4294967296.);
}

TEST(ScoreTableTest, ABinIsNamedByItsLargestDistance) {
  ScoreBins genuine, impostor;
  for (float d : {0.f, 1.f, 1 + 0x1p-23f, 1 + 15 * 0x1p-23f, 1e30f}) {
    genuine.Add(d);
  }
  impostor.Add(1 + 16 * 0x1p-23f);
  const vector<RocPoint> points = ScoreBins::Points(genuine, impostor);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_LT(points[0].threshold, 1e-43f);
  EXPECT_EQ(points[1].threshold, 1 + 15 * 0x1p-23f);
  EXPECT_EQ(points[1].genuine, 4);
  EXPECT_EQ(points[1].impostor, 0);
  EXPECT_EQ(points[2].threshold, 1 + 31 * 0x1p-23f);
  EXPECT_EQ(points[2].impostor, 1);
  EXPECT_GE(points[3].threshold, 1e30f);
  EXPECT_EQ(points[3].genuine, 5);
}

TEST(ScoreTableTest, SortsByTheBits) {
  Rng rng(4);
  vector<float> distances;
  for (int k = 0; k < 3000; ++k) {
    const int power = static_cast<int>(rng.Below(250)) - 126;
    distances.push_back(
        std::ldexp(static_cast<float>(rng.Uniform()), power));
  }
  distances[7] = 0;
  vector<float> want = distances;
  std::sort(want.begin(), want.end());
  metric::SortDistances(&distances);
  EXPECT_EQ(distances, want);
}

// Of 20000 pairs with four distances, in two parts and any order.
TEST(ScoreTableTest, ExtremePairsOfMassesOfTies) {
  for (bool farthest : {false, true}) {
    for (int64_t limit : {0, 1, 7, 3000, 30000}) {
      Rng rng(limit);
      vector<ScoredPair> all;
      for (int k = 0; k < 20000; ++k) {
        all.push_back({static_cast<float>(rng.Below(4)), k / 200, k % 200, 1});
      }
      rng.Shuffle(&all);
      ExtremePairs some(limit, farthest), others(limit, farthest);
      for (size_t k = 0; k < all.size(); ++k) {
        (k % 3 ? some : others).Offer(all[k].distance, all[k].i, all[k].j);
      }
      some.Merge(others);
      const vector<ScoredPair> got = some.Take();
      metric::SortPairs(&all);
      if (farthest) {
        std::stable_sort(all.begin(), all.end(),
                         [](const ScoredPair& a, const ScoredPair& b) {
                           return a.distance > b.distance;
                         });
      }
      ASSERT_EQ(got.size(), std::min<size_t>(limit, all.size()));
      size_t same = 0;
      for (size_t k = 0; k < got.size(); ++k) {
        same += got[k].distance == all[k].distance && got[k].i == all[k].i &&
                got[k].j == all[k].j;
      }
      EXPECT_EQ(same, got.size()) << limit;
    }
  }
}

TEST(ScoreTableTest, AStrideTakesItsShareEverywhere) {
  EXPECT_EQ(Stride(0, 5).step(), 1);
  EXPECT_EQ(Stride(5, 5).step(), 1);
  EXPECT_EQ(Stride(6, 5).step(), 2);
  const Stride stride(10000, 300);
  EXPECT_EQ(stride.step(), 34);
  vector<int> column(100, 0);
  for (int64_t i = 0; i < 3400; ++i) {
    int64_t last = -1;
    for (int64_t q = stride.First(i, 0); q < 100; q += stride.step()) {
      ++column[q];
      last = q;
    }
    EXPECT_GE(last, 100 - 34);
    // A row in two parts has the columns of one part.
    const int64_t first = stride.First(i, 41);
    EXPECT_TRUE(first >= 41 && first < 41 + 34);
    EXPECT_EQ((first - stride.First(i, 0)) % 34, 0);
  }
  for (int count : column) EXPECT_NEAR(count, 100, 45);
}

TEST(ScoreTableTest, JoinedSamplesStandForAllPairs) {
  const vector<ScoredPair> joined = metric::JoinSamples(
      {{9, 0, 9, 1}, {1, 0, 1, 1}, {2, 0, 3, 1}, {7, 0, 7, 1}},
      {{1, 0, 1, 1}, {2, 0, 2, 1}}, 12);
  ASSERT_EQ(joined.size(), 5u);
  const vector<float> distances = {1, 2, 2, 7, 9};
  const float rest = 10 / 3.f;
  const vector<float> weights = {1, 1, rest, rest, rest};
  for (size_t k = 0; k < 5; ++k) {
    EXPECT_EQ(joined[k].distance, distances[k]);
    EXPECT_EQ(joined[k].weight, weights[k]);
  }
}

}  // namespace
}  // namespace caffe
