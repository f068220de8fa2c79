// HardSampler: seeds drawn as before, and their neighbours in the order that is
// said.

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

// Person i's neighbours are i + 1, i + 2, ... around the circle of N.
std::vector<int32_t> Circle(int people, int width) {
  std::vector<int32_t> neighbours;
  for (int i = 0; i < people; ++i) {
    for (int j = 1; j <= width; ++j) neighbours.push_back((i + j) % people);
  }
  return neighbours;
}

// The people of a batch by the words of the header. `known` (i, j) is the
// j-th nearest of i; all must be known.
std::vector<int> PeopleByHand(const std::vector<int>& seeds,
                              const std::vector<int32_t>& known, int width,
                              int p) {
  std::vector<int> people = seeds;
  for (size_t turn = 0; static_cast<int>(people.size()) < p; ++turn) {
    const int seed = seeds[turn % seeds.size()];
    for (int j = 0; j < width; ++j) {
      const int next = known[seed * width + j];
      if (std::count(people.begin(), people.end(), next) == 0) {
        people.push_back(next);
        break;
      }
    }
  }
  return people;
}

}  // namespace

TEST(HardSamplerTest, BatchesAreSeedsAndTheirNeighbours) {
  Rng rng(12);
  for (int trial = 0; trial < 500; ++trial) {
    const int p = 2 + static_cast<int>(rng.Below(7));
    const int k = 1 + static_cast<int>(rng.Below(3));
    const int l = 1 + static_cast<int>(rng.Below(p - 1));
    const int people = p + static_cast<int>(rng.Below(10));
    std::vector<int> images;
    for (int i = 0; i < people; ++i) {
      images.push_back(k + static_cast<int>(rng.Below(4)));
    }
    HardSampler sampler(images, p, k, l, trial);
    ASSERT_EQ(p - 1, sampler.width());
    // Everyone's others in a random order.
    std::vector<int32_t> known;
    for (int i = 0; i < people; ++i) {
      std::vector<int> others;
      for (int j = 0; j < people; ++j) {
        if (j != i) others.push_back(j);
      }
      rng.Shuffle(&others);
      known.insert(known.end(), others.begin(), others.begin() + p - 1);
    }
    sampler.SetNeighbours(known);
    const int seeds = (p + l) / (1 + l);
    for (int b = 0; b < 10; ++b) {
      const std::vector<Pick> batch = sampler.Batch(b);
      ExpectExactBatch(batch, images, p, k);
      if (HasFatalFailure()) return;
      const std::vector<int> found = PeopleOf(batch, k);
      const std::vector<int> drawn(found.begin(), found.begin() + seeds);
      ASSERT_EQ(PeopleByHand(drawn, known, p - 1, p), found) << trial;
    }
  }
}

// The seeds are those of a PKSampler of as many people, whatever is near whom;
// so each image has its turn.
TEST(HardSamplerTest, SeedsGoThroughTheEpoch) {
  const std::vector<int> images = {4, 7, 5, 4, 9, 6, 4, 8};
  PKSampler plain(images, 2, 4, 3);
  HardSampler hard(images, 6, 4, 2, 3);
  for (int b = 0; b < 30; ++b) {
    if (b == 7) hard.SetNeighbours(Circle(8, 5));
    const std::vector<Pick> seeds = plain.Batch(b), batch = hard.Batch(b);
    EXPECT_TRUE(std::equal(seeds.begin(), seeds.end(), batch.begin())) << b;
  }
  // One seed a batch will do.
  HardSampler one(images, 4, 2, 3, 3);
  std::set<std::pair<int, int>> seen;
  for (int b = 0; b < 2 + 4 + 3 + 2 + 5 + 3 + 2 + 4; ++b) {
    for (int k = 0; k < 2; ++k) {
      const Pick pick = one.Batch(b)[k];
      seen.insert({pick.identity, pick.image});
    }
  }
  EXPECT_EQ(47u, seen.size());
}

// Where nobody is known yet, anyone is drawn, and where some are, these first.
TEST(HardSamplerTest, WithoutNeighboursAnyoneIsDrawnEvenly) {
  const int people = 9;
  HardSampler sampler(std::vector<int>(people, 3), 3, 2, 2, 8);
  ASSERT_EQ(2, sampler.width());
  std::map<std::pair<int, int>, int> met;
  const int count = 9000;
  for (int b = 0; b < count; ++b) {
    const std::vector<int> found = PeopleOf(sampler.Batch(b), 2);
    ++met[{found[0], found[1]}];
    ++met[{found[0], found[2]}];
  }
  // 72 ordered pairs, two a batch.
  EXPECT_EQ(72u, met.size());
  for (const auto& pair : met) EXPECT_NEAR(2 * count / 72., pair.second, 70);
  std::vector<int32_t> some(people * 2, -1);
  some[2 * 4] = 7;
  sampler.SetNeighbours(some);
  std::set<int> third;
  for (int b = 0; b < count; ++b) {
    const std::vector<int> found = PeopleOf(sampler.Batch(b), 2);
    if (found[0] != 4) continue;
    EXPECT_EQ(7, found[1]);
    third.insert(found[2]);
  }
  EXPECT_EQ((std::set<int>{0, 1, 2, 3, 5, 6, 8}), third);
}

TEST(HardSamplerTest, NeighboursImagesAreDrawnEvenly) {
  std::vector<int> images(8, 1);
  images[5] = 5;
  HardSampler sampler(images, 2, 3, 1, 4, TooFew::kRepeat);
  std::vector<int32_t> near(8, 5);
  near[5] = 0;
  sampler.SetNeighbours(near);
  std::map<int, int> seen;
  int batches = 0;
  for (int b = 0; b < 8000; ++b) {
    const std::vector<Pick> batch = sampler.Batch(b);
    ExpectExactBatch(batch, images, 2, 3);
    if (HasFatalFailure()) return;
    if (batch[0].identity == 5) continue;
    ++batches;
    for (int k = 3; k < 6; ++k) ++seen[batch[k].image];
  }
  ASSERT_EQ(5u, seen.size());
  for (const auto& image : seen) {
    EXPECT_NEAR(batches * 3 / 5., image.second, 200);
  }
}

TEST(HardSamplerTest, ABatchIsAFunctionOfItsNumberAndTheNeighbours) {
  const std::vector<int> images(12, 4);
  HardSampler one(images, 6, 2, 1, 3), other(images, 6, 2, 1, 3);
  std::vector<std::vector<Pick>> unknown, known;
  for (int b = 0; b < 20; ++b) unknown.push_back(one.Batch(b));
  one.SetNeighbours(Circle(12, 5));
  EXPECT_EQ(Circle(12, 5), one.neighbours());
  for (int b = 0; b < 20; ++b) {
    known.push_back(one.Batch(b));
    EXPECT_FALSE(known[b] == unknown[b]) << b;
  }
  for (const int b : {19, 3, 11}) EXPECT_TRUE(unknown[b] == other.Batch(b));
  other.SetNeighbours(Circle(12, 5));
  for (const int b : {5, 19, 0}) EXPECT_TRUE(known[b] == other.Batch(b));
}

// All people in each batch: nobody is drawn twice, and it ends.
TEST(HardSamplerTest, EveryoneInEachBatch) {
  const std::vector<int> images(5, 2);
  HardSampler sampler(images, 5, 2, 3, 3);
  ASSERT_EQ(4, sampler.width());
  for (int b = 0; b < 10; ++b) ExpectExactBatch(sampler.Batch(b), images, 5, 2);
}

TEST(HardSamplerTest, ImpossibleNumbersAreRefused) {
  const auto error = [](int p, int k, int neighbours) {
    return InputError(
        [=] { HardSampler({4, 4, 4, 1}, p, k, neighbours, 0); });
  };
  ExpectHas(error(3, 2, 0), "neighbours is 0; wanted 1 to 2");
  ExpectHas(error(3, 2, 3), "neighbours is 3; wanted 1 to 2");
  ExpectHas(error(4, 2, 1), "identities_per_batch is 4 but only 3 of 4");
  ExpectHas(error(1, 2, 1), "a batch of one identity has no negative");
}

}  // namespace caffe
