// GroupSampler's promises, over random people in random groups: so many of each
// group in a batch, fair epochs, any batch by its number.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/sampling/sampler.hpp"
#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"
#include "test/sampling/sampler_checks.hpp"

namespace caffe {

namespace {

struct Grouped {
  std::vector<int> images, group;
  int p, k, groups;  // P, K, G
};

Grouped DrawGrouped(Rng* rng) {
  Grouped made;
  made.groups = 1 + static_cast<int>(rng->Below(4));
  made.p = made.groups * (2 + static_cast<int>(rng->Below(3)));
  made.k = 1 + static_cast<int>(rng->Below(4));
  const int all = made.groups + static_cast<int>(rng->Below(4));
  for (int g = 0; g < all; ++g) {
    const int least = g < made.groups ? made.p / made.groups : 1;
    const int people = least + static_cast<int>(rng->Below(6));
    for (int i = 0; i < people; ++i) {
      const int few = i < least ? made.k : 0;
      made.images.push_back(few + static_cast<int>(rng->Below(9)));
      made.group.push_back(g);
    }
  }
  for (size_t i = made.group.size(); i > 1; --i) {
    const size_t other = rng->Below(i);
    std::swap(made.images[i - 1], made.images[other]);
    std::swap(made.group[i - 1], made.group[other]);
  }
  return made;
}

// The most batches of p different ones, by trying them all.
int64_t MostByHand(const std::vector<int64_t>& counts, int p) {
  int64_t most = 0;
  for (int64_t m = 1; m < 500; ++m) {
    int64_t sum = 0;
    for (const int64_t count : counts) sum += std::min(count, m);
    if (sum >= p * m) most = m;
  }
  return most;
}

int64_t BatchesByHand(const Grouped& c) {
  std::map<int, std::vector<int64_t>> sets;
  for (size_t i = 0; i < c.images.size(); ++i) {
    const int n = c.images[i];
    sets[c.group[i]].push_back(n < c.k ? 0 : (n + c.k - 1) / c.k);
  }
  std::vector<int64_t> cells;
  for (const auto& one : sets) {
    cells.push_back(MostByHand(one.second, c.p / c.groups));
  }
  return MostByHand(cells, c.groups);
}

}  // namespace

TEST(GroupSamplerTest, BatchesHoldSoManyOfEachGroup) {
  Rng rng(31);
  for (int trial = 0; trial < 2000; ++trial) {
    const Grouped c = DrawGrouped(&rng);
    SCOPED_TRACE("trial " + std::to_string(trial));
    GroupSampler sampler(c.images, c.group, c.p, c.k, c.groups, trial);
    const int64_t batches = sampler.batches_per_epoch();
    if (trial < 200) {
      ASSERT_EQ(BatchesByHand(c), batches);
    }
    std::map<std::pair<int, int>, int> seen;
    std::map<int, int> sets;
    for (int64_t b = 0; b < batches; ++b) {
      const std::vector<Pick> batch = sampler.Batch(b);
      ExpectExactBatch(batch, c.images, c.p, c.k);
      if (HasFatalFailure()) return;
      std::map<int, int> of_group;
      for (const int person : PeopleOf(batch, c.k)) {
        ++of_group[c.group[person]];
        ++sets[person];
      }
      ASSERT_EQ(static_cast<size_t>(c.groups), of_group.size());
      for (const auto& one : of_group) ASSERT_EQ(c.p / c.groups, one.second);
      for (const Pick& pick : batch) ++seen[{pick.identity, pick.image}];
    }
    for (const auto& image : seen) ASSERT_LE(image.second, 2);
    for (const auto& one : sets) {
      ASSERT_LE(one.second, (c.images[one.first] + c.k - 1) / c.k);
    }
  }
}

TEST(GroupSamplerTest, EachImageOnceWhereTheNumbersDivide) {
  std::vector<int> group;
  for (int i = 0; i < 24; ++i) group.push_back(i % 4);
  GroupSampler sampler(std::vector<int>(24, 6), group, 6, 3, 2, 5);
  ASSERT_EQ(8, sampler.batches_per_epoch());
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<std::pair<int, int>> seen;
    for (int b = 0; b < 8; ++b) {
      for (const Pick& pick : sampler.Batch(epoch * 8 + b)) {
        EXPECT_TRUE(seen.insert({pick.identity, pick.image}).second);
      }
    }
    EXPECT_EQ(144u, seen.size());
  }
}

// In time all people of a group meet, and all groups.
TEST(GroupSamplerTest, EveryoneMeets) {
  const std::vector<int> group = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
  GroupSampler sampler(std::vector<int>(12, 2), group, 4, 2, 2, 9);
  std::set<std::pair<int, int>> pairs;
  for (int b = 0; b < 400; ++b) {
    const std::vector<int> people = PeopleOf(sampler.Batch(b), 2);
    for (const int one : people) {
      for (const int other : people) pairs.insert(std::minmax(one, other));
    }
  }
  EXPECT_EQ(12u + 66u, pairs.size());
}

// Group 0 has ten cells of two, of which an epoch takes two: so a set comes
// with a chance of 1/5, whether its person has one of them or six.
TEST(GroupSamplerTest, CellsAreLeftOutAtRandom) {
  const std::vector<int> images = {1, 1, 6, 6, 6, 2, 2};
  const std::vector<int> group = {0, 0, 0, 0, 0, 1, 1};
  GroupSampler sampler(images, group, 4, 1, 2, 3);
  ASSERT_EQ(2, sampler.batches_per_epoch());
  constexpr int kEpochs = 10000;
  std::vector<double> drawn(images.size());
  for (int b = 0; b < 2 * kEpochs; ++b) {
    for (const Pick& pick : sampler.Batch(b)) {
      drawn[pick.identity] += 1. / kEpochs;
    }
  }
  for (size_t i = 0; i < images.size(); ++i) {
    const double share = group[i] == 0 ? 1 / 5. : 1;
    EXPECT_NEAR(drawn[i], share * images[i], 0.02 * images[i]) << i;
  }
}

TEST(GroupSamplerTest, AnyBatchCanBeSought) {
  Rng rng(6);
  for (int trial = 0; trial < 60; ++trial) {
    const Grouped c = DrawGrouped(&rng);
    GroupSampler sequential(c.images, c.group, c.p, c.k, c.groups, trial);
    GroupSampler sought(c.images, c.group, c.p, c.k, c.groups, trial);
    GroupSampler other(c.images, c.group, c.p, c.k, c.groups, trial + 1000);
    std::vector<std::vector<Pick>> batches;
    const int64_t count = 3 * sequential.batches_per_epoch() + 1;
    bool differs = false;
    for (int64_t b = 0; b < count; ++b) {
      batches.push_back(sequential.Batch(b));
      differs = differs || !(batches.back() == other.Batch(b));
    }
    for (int draw = 0; draw < 20; ++draw) {
      const uint64_t b = rng.Below(count);
      EXPECT_TRUE(batches[b] == sought.Batch(b)) << trial << " batch " << b;
    }
    EXPECT_TRUE(differs || count * c.p * c.k < 20) << trial;
  }
}

TEST(GroupSamplerTest, TooFewImagesAreRepeated) {
  const std::vector<int> images = {1, 2, 5, 1, 3, 1};
  const std::vector<int> group = {0, 0, 0, 1, 1, 1};
  GroupSampler sampler(images, group, 4, 3, 2, 1, TooFew::kRepeat);
  std::set<int> people;
  for (int b = 0; b < 40; ++b) {
    const std::vector<Pick> batch = sampler.Batch(b);
    ExpectExactBatch(batch, images, 4, 3);
    for (const int person : PeopleOf(batch, 3)) people.insert(person);
  }
  EXPECT_EQ(6u, people.size());
}

TEST(GroupSamplerTest, ImpossibleNumbersAreRefused) {
  const auto error = [](int p, int groups) {
    return InputError([=] {
      GroupSampler({4, 4, 4, 4, 1, 4}, {0, 0, 1, 1, 2, 2}, p, 2, groups, 0);
    });
  };
  ExpectHas(error(5, 2), "groups_per_batch is 2 and identities_per_batch 5; "
                         "wanted two people or more of each group");
  ExpectHas(error(4, 4), "groups_per_batch is 4 and identities_per_batch 4");
  ExpectHas(error(4, 0), "groups_per_batch is 0");
  // The person with one image does not count.
  ExpectHas(error(6, 3), "identities_per_batch is 6 but only 5 of 6");
  ExpectHas(InputError([] {
              GroupSampler({4, 4, 4, 4, 1, 4, 4}, {0, 0, 1, 1, 2, 2, 3}, 6, 2,
                           3, 0);
            }),
            "groups_per_batch is 3 but only 2 of 4 groups have 2 people or "
            "more");
}

}  // namespace caffe
