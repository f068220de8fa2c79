// Mining over all rows against the plain reference over all triplets, on
// thousands of random sets and tiles, and its odd ends one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "caffe/mining/offline_mining.hpp"
#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"
#include "test/mining/mining_reference.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::Mining;
using metric::OfflineMining;
using metric::OfflineMiningOptions;
using metric::OfflineTriplet;

struct PlacedRows {
  int D = 1;
  bool exact = false;  // distances are small whole numbers
  std::vector<float> x;
  std::vector<float> labels;
  int n() const { return static_cast<int>(labels.size()); }
};

OfflineMining MineSet(const OfflineMiningOptions& options,
                      const PlacedRows& set) {
  return metric::MineOffline(options, set.x.data(), set.labels.data(), set.n(),
                             set.D);
}

PlacedRows RandomSet(Rng* rng, int n, int people, int D, bool exact) {
  PlacedRows set;
  set.D = D;
  set.exact = exact;
  const bool shuffled = rng->Bernoulli(0.3);
  const double duplicates = rng->Bernoulli(0.3) ? 0.4 : 0;
  for (int i = 0; i < n; ++i) {
    set.labels.push_back(static_cast<float>(
        shuffled ? 3 * rng->Below(people) : 7 * (i * people / n)));
    const bool copy = i > 0 && rng->Bernoulli(duplicates);
    const int from = copy ? static_cast<int>(rng->Below(i)) : 0;
    for (int k = 0; k < D; ++k) {
      const float value = exact ? static_cast<float>(rng->Below(4))
                                : static_cast<float>(rng->Gaussian() + 3);
      set.x.push_back(copy ? set.x[from * D + k] : value);
    }
  }
  return set;
}

// Triplets in the order of the people's first rows.
void PutInMiningOrder(const std::vector<double>& labels,
                      std::vector<MinedTriplet>* triplets) {
  const std::vector<int> order = MiningOrder(labels);
  std::vector<int> place(order.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::sort(triplets->begin(), triplets->end(),
            [&](const MinedTriplet& s, const MinedTriplet& t) {
              return std::make_pair(place[s.a], place[s.p]) <
                     std::make_pair(place[t.a], place[t.p]);
            });
}

// Where rounding could have decided otherwise the set is left out.
bool CompareWithHand(const OfflineMiningOptions& options,
                     const PlacedRows& set, const OfflineMining& mined) {
  metric::MiningOptions plain;
  plain.mining = options.mining;
  plain.distance = options.distance;
  plain.margin = options.margin;
  const std::vector<double> x(set.x.begin(), set.x.end());
  const std::vector<double> labels(set.labels.begin(), set.labels.end());
  const bool exact = set.exact && options.distance == Distance::kSquaredL2;
  MiningReference hand =
      MineByHand(plain, x, labels, 0, set.D, exact ? 0 : 1e-4);
  PutInMiningOrder(labels, &hand.triplets);
  EXPECT_EQ(static_cast<int64_t>(hand.triplets.size()), mined.mined);
  if (hand.ambiguous) return false;
  EXPECT_EQ(hand.active, mined.violating);
  EXPECT_EQ(hand.triplets.size(), mined.triplets.size());
  std::set<int> anchors;
  for (size_t t = 0; t < hand.triplets.size(); ++t) {
    EXPECT_EQ(hand.triplets[t].a, mined.triplets[t].anchor) << t;
    EXPECT_EQ(hand.triplets[t].p, mined.triplets[t].positive) << t;
    EXPECT_EQ(hand.triplets[t].n, mined.triplets[t].negative) << t;
    anchors.insert(hand.triplets[t].a);
  }
  EXPECT_EQ(static_cast<int64_t>(anchors.size()), mined.anchors);
  return true;
}

// At least two people, and somebody twice.
bool CanBeMined(const std::vector<float>& labels) {
  const std::set<float> people(labels.begin(), labels.end());
  return people.size() >= 2 && people.size() < labels.size();
}

TEST(OfflineMiningTest, AgreesWithAPlainSearch) {
  Rng rng(17);
  int compared = 0, refused = 0;
  for (int trial = 0; trial < 4500; ++trial) {
    const int n = 1 + static_cast<int>(rng.Below(trial % 50 == 0 ? 60 : 16));
    const PlacedRows set =
        RandomSet(&rng, n, 1 + static_cast<int>(rng.Below(n)),
                  1 + static_cast<int>(rng.Below(9)), rng.Bernoulli(0.5));
    OfflineMiningOptions options;
    options.mining =
        rng.Bernoulli(0.5) ? Mining::kBatchHard : Mining::kSemiHard;
    options.distance = static_cast<Distance>(rng.Below(3));
    options.margin = rng.Bernoulli(0.2) ? 0 : rng.Uniform();
    options.tile_anchors = 1 + rng.Below(9);
    options.tile_rows = 1 + rng.Below(20);
    SCOPED_TRACE("trial " + std::to_string(trial));
    if (CanBeMined(set.labels)) {
      compared += CompareWithHand(options, set, MineSet(options, set));
    } else {
      ++refused;
      ExpectHas(InputError([&] { MineSet(options, set); }), "triplets take");
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(compared, 1500);
  EXPECT_GT(refused, 500);
}

// Around the size of a block and of a piece of rows, and with so many
// positives that negatives are looked up among them.
TEST(OfflineMiningTest, AgreesAtTheEdgesOfTiles) {
  Rng rng(3);
  const auto compare = [&](int n, int people, Mining mining, int tile_rows) {
    SCOPED_TRACE(std::to_string(n) + " rows of " + std::to_string(people));
    const PlacedRows set = RandomSet(&rng, n, people, 4, true);
    OfflineMiningOptions options;
    options.mining = mining;
    options.tile_rows = tile_rows;
    EXPECT_TRUE(CompareWithHand(options, set, MineSet(options, set)));
  };
  for (const Mining mining : {Mining::kBatchHard, Mining::kSemiHard}) {
    for (const int n : {127, 128, 129}) compare(n, 40, mining, 1024);
    for (const int n : {63, 64, 65, 129}) compare(n, 20, mining, 32);
    compare(139, 2, mining, 64);
  }
  compare(1025, 500, Mining::kBatchHard, 1024);
}

TEST(OfflineMiningTest, DistancesAndMarginWorkedOutByHand) {
  // On a line: person 0 at 0 and 3, person 1 at 1, person 2 at 5 and 5.
  PlacedRows set;
  set.x = {0, 3, 1, 5, 5};
  set.labels = {0, 0, 1, 2, 2};
  OfflineMiningOptions options;
  options.mining = Mining::kBatchHard;
  options.margin = 4;
  OfflineMining mined = MineSet(options, set);
  const auto expect = [&](size_t t, std::vector<int> rows, float positive,
                          float negative) {
    ASSERT_LT(t, mined.triplets.size());
    const OfflineTriplet& triplet = mined.triplets[t];
    EXPECT_EQ(rows, (std::vector<int>{triplet.anchor, triplet.positive,
                                      triplet.negative}));
    EXPECT_FLOAT_EQ(positive, triplet.positive_distance);
    EXPECT_FLOAT_EQ(negative, triplet.negative_distance);
  };
  EXPECT_EQ(4, mined.anchors);
  EXPECT_EQ(4, mined.mined);
  // 9 - 1 + 4, 9 - 4 + 4, and twice 0 - 4 + 4, which does not violate.
  EXPECT_EQ(2, mined.violating);
  expect(0, {0, 1, 2}, 9, 1);
  expect(1, {1, 0, 2}, 9, 4);
  expect(2, {3, 4, 1}, 0, 4);
  expect(3, {4, 3, 1}, 0, 4);

  options.violating = true;
  mined = MineSet(options, set);
  EXPECT_EQ(2u, mined.triplets.size());
  EXPECT_EQ(4, mined.mined);
  EXPECT_EQ(2, mined.violating);
  expect(1, {1, 0, 2}, 9, 4);

  options.violating = false;
  options.mining = Mining::kSemiHard;
  options.distance = Distance::kL2;
  mined = MineSet(options, set);
  expect(0, {0, 1, 3}, 3, 5);
  expect(1, {1, 0, 2}, 3, 2);  // none is farther than 3: the farthest, first
  expect(2, {3, 4, 1}, 0, 2);
}

TEST(OfflineMiningTest, DrawnPositivesAreSomeOfAll) {
  Rng rng(5);
  const PlacedRows set = RandomSet(&rng, 120, 4, 6, true);
  OfflineMiningOptions options;
  std::map<std::pair<int, int>, int> negative_of;
  for (const OfflineTriplet& t : MineSet(options, set).triplets) {
    negative_of[{t.anchor, t.positive}] = t.negative;
  }
  std::map<int, int> times;  // drawn as a positive
  std::set<std::vector<int>> draws;
  constexpr int kSeeds = 50;
  for (int seed = 0; seed < kSeeds; ++seed) {
    options.positives = 3;
    options.seed = seed;
    const OfflineMining mined = MineSet(options, set);
    std::map<int, std::set<int>> of;
    std::vector<int> draw;
    for (const OfflineTriplet& t : mined.triplets) {
      const auto pair = negative_of.find({t.anchor, t.positive});
      ASSERT_NE(negative_of.end(), pair);
      EXPECT_EQ(pair->second, t.negative);
      of[t.anchor].insert(t.positive);
      draw.push_back(t.positive);
      ++times[t.positive];
    }
    draws.insert(draw);
    ASSERT_EQ(mined.anchors, static_cast<int64_t>(of.size()));
    for (const auto& anchor : of) EXPECT_EQ(3u, anchor.second.size());
  }
  EXPECT_EQ(static_cast<size_t>(kSeeds), draws.size());
  // Each is drawn 3 kSeeds times on average.
  for (const auto& row : times) {
    EXPECT_GT(row.second, kSeeds * 2) << row.first;
    EXPECT_LT(row.second, kSeeds * 4) << row.first;
  }
  options.positives = 1000;
  EXPECT_EQ(negative_of.size(), MineSet(options, set).triplets.size());
}

TEST(OfflineMiningTest, ThreadsDoNotChangeIt) {
  Rng rng(8);
  const PlacedRows set = RandomSet(&rng, 900, 100, 40, false);
  const int threads = Caffe::threads();
  for (const Mining mining : {Mining::kBatchHard, Mining::kSemiHard}) {
    OfflineMiningOptions options;
    options.mining = mining;
    options.positives = 4;
    Caffe::set_threads(1);
    const OfflineMining one = MineSet(options, set);
    for (const int more : {2, 3}) {
      Caffe::set_threads(more);
      const OfflineMining other = MineSet(options, set);
      EXPECT_EQ(one.violating, other.violating);
      ASSERT_EQ(one.triplets.size(), other.triplets.size());
      for (size_t t = 0; t < one.triplets.size(); ++t) {
        const OfflineTriplet &a = one.triplets[t], &b = other.triplets[t];
        ASSERT_EQ(a.anchor, b.anchor);
        ASSERT_EQ(a.positive, b.positive);
        ASSERT_EQ(a.negative, b.negative);
        ASSERT_EQ(a.positive_distance, b.positive_distance);
        ASSERT_EQ(a.negative_distance, b.negative_distance);
      }
    }
  }
  Caffe::set_threads(threads);
}

// Far from the origin the products alone would keep no digit of what lies
// between near-duplicates.
TEST(OfflineMiningTest, NearDuplicatesKeepTheirDigits) {
  PlacedRows set;
  set.D = 2;
  set.labels = {0, 0, 1, 1};
  set.x = {100, 0, 100, 0.002f, 100, 0.001f, 103, 0};
  OfflineMiningOptions options;
  options.mining = Mining::kBatchHard;
  const OfflineMining mined = MineSet(options, set);
  EXPECT_NEAR(4e-6, mined.triplets[0].positive_distance, 1e-9);
  EXPECT_NEAR(1e-6, mined.triplets[0].negative_distance, 1e-9);
}

// A zero vector has cosine distance 1 to all, wherever a tile begins.
TEST(OfflineMiningTest, ZeroVectorsAreAtCosineDistanceOne) {
  PlacedRows set;
  set.D = 2;
  set.x = {1, 0, 0, 0, 0.6f, 0.8f, -1, 0};
  set.labels = {0, 0, 1, 1};
  OfflineMiningOptions options;
  options.mining = Mining::kBatchHard;
  options.distance = Distance::kCosine;
  const float expected[][2] = {{1, 0.4f}, {1, 1}, {1.6f, 0.4f}, {1.6f, 1}};
  for (const int rows : {1, 2, 3, 4}) {
    options.tile_rows = rows;
    const OfflineMining mined = MineSet(options, set);
    ASSERT_EQ(4u, mined.triplets.size());
    for (int a = 0; a < 4; ++a) {
      const OfflineTriplet& triplet = mined.triplets[a];
      EXPECT_NEAR(expected[a][0], triplet.positive_distance, 1e-6) << a;
      EXPECT_NEAR(expected[a][1], triplet.negative_distance, 1e-6) << a;
    }
  }
}

TEST(OfflineMiningTest, RefusesWhatHasNoTriplets) {
  PlacedRows set;
  set.x = {1, 2, 3};
  set.labels = {4, 4, 4};
  OfflineMiningOptions options;
  const auto error = [&] {
    return InputError([&] { MineSet(options, set); });
  };
  EXPECT_EQ("all 3 embeddings are of one person; triplets take two people",
            error());
  set.labels = {4, 5, 6};
  EXPECT_EQ("none of 3 people has more than one embedding; triplets take a "
            "person with two",
            error());
  set.labels = {4, 5, 4};
  set.x[1] = std::numeric_limits<float>::quiet_NaN();
  ExpectHas(error(), "row 1 of the embeddings holds nan");
  set.x = {};
  set.labels = {};
  ExpectHas(error(), "no embedding");
}

}  // namespace
}  // namespace caffe
