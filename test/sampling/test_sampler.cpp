// The samplers' promises, over thousands of random configurations: batches
// are exact, an epoch is fair, and any batch can be asked for by its number.

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

struct Configuration {
  std::vector<int> images;
  int p, k;
  std::string Text() const {
    std::string text = "P " + std::to_string(p) + " K " + std::to_string(k) +
                       " images";
    for (const int n : images) text += " " + std::to_string(n);
    return text;
  }
};

// Small numbers, so that every edge is met; at least P people have K images.
Configuration Draw(Rng* rng) {
  Configuration made;
  made.p = 2 + static_cast<int>(rng->Below(6));
  made.k = 1 + static_cast<int>(rng->Below(5));
  const int people = made.p + static_cast<int>(rng->Below(12));
  const int spread = rng->Bernoulli(0.3) ? 40 : 8;
  for (int i = 0; i < people; ++i) {
    const int least = i < made.p ? made.k : 0;
    made.images.push_back(least + static_cast<int>(rng->Below(spread)));
  }
  rng->Shuffle(&made.images);
  return made;
}

// The M of the header, by trying them all.
int64_t BatchesByHand(const Configuration& c) {
  int64_t best = 0;
  for (int64_t m = 1; m < 2000; ++m) {
    int64_t sum = 0;
    for (const int n : c.images) {
      if (n >= c.k) sum += std::min<int64_t>((n + c.k - 1) / c.k, m);
    }
    if (sum >= c.p * m) best = m;
  }
  return best;
}

}  // namespace

TEST(PKSamplerTest, BatchesAreExactAndEpochsFair) {
  Rng rng(17);
  for (int trial = 0; trial < 3000; ++trial) {
    const Configuration c = Draw(&rng);
    SCOPED_TRACE(c.Text());
    PKSampler sampler(c.images, c.p, c.k, trial);
    const int64_t batches = sampler.batches_per_epoch();
    if (trial < 300) {
      ASSERT_EQ(BatchesByHand(c), batches);
    }
    for (int epoch = 0; epoch < 2; ++epoch) {
      std::map<std::pair<int, int>, int> seen;
      std::map<int, int64_t> groups;
      for (int64_t b = 0; b < batches; ++b) {
        const std::vector<Pick> batch = sampler.Batch(epoch * batches + b);
        ExpectExactBatch(batch, c.images, c.p, c.k);
        if (HasFatalFailure()) return;
        for (const Pick& pick : batch) ++seen[{pick.identity, pick.image}];
        for (int p = 0; p < c.p; ++p) ++groups[batch[p * c.k].identity];
      }
      int64_t left_out = 0;
      for (size_t i = 0; i < c.images.size(); ++i) {
        if (c.images[i] < c.k) {
          ASSERT_EQ(0, groups[i]);
          continue;
        }
        for (int image = 0; image < c.images[i]; ++image) {
          ASSERT_LE((seen[{static_cast<int>(i), image}]), 2);
        }
        const int64_t mine = (c.images[i] + c.k - 1) / c.k;
        ASSERT_LE(groups[i], std::min(mine, batches));
        left_out += std::min(mine, batches) - groups[i];
      }
      // Fewer groups are left out than would make another batch.
      ASSERT_LT(left_out, c.p);
    }
  }
}

// What a seed drew when there were no options.
TEST(PKSamplerTest, SeedsKeepTheirBatches) {
  PKSampler sampler({5, 4, 7, 3, 9, 2, 6}, 3, 4, 21);
  EXPECT_EQ(3, sampler.batches_per_epoch());
  EXPECT_TRUE(sampler.Batch(0) ==
              (std::vector<Pick>{{6, 5}, {6, 4}, {6, 2}, {6, 1}, {4, 8},
                                 {4, 4}, {4, 1}, {4, 5}, {0, 4}, {0, 2},
                                 {0, 1}, {0, 3}}));
  EXPECT_TRUE(sampler.Batch(7) ==
              (std::vector<Pick>{{2, 5}, {2, 6}, {2, 0}, {2, 1}, {4, 7},
                                 {4, 6}, {4, 3}, {4, 2}, {0, 2}, {0, 1},
                                 {0, 3}, {0, 0}}));
}

// With too few images a person has one set an epoch, of all that he has.
TEST(PKSamplerTest, TooFewImagesAreRepeated) {
  Rng rng(23);
  int people_with_few = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    Configuration c = Draw(&rng);
    for (int& n : c.images) n = rng.Bernoulli(0.5) ? n : n % c.k;
    std::vector<int> sets;
    for (const int n : c.images) sets.push_back((n + c.k - 1) / c.k);
    if (sets.size() - std::count(sets.begin(), sets.end(), 0) <
        static_cast<size_t>(c.p)) {
      continue;
    }
    SCOPED_TRACE(c.Text());
    PKSampler sampler(c.images, c.p, c.k, trial, TooFew::kRepeat);
    const int64_t batches = sampler.batches_per_epoch();
    std::map<int, int> drawn;
    int64_t left_out = 0;
    for (int64_t b = 0; b < batches; ++b) {
      const std::vector<Pick> batch = sampler.Batch(b);
      ExpectExactBatch(batch, c.images, c.p, c.k);
      if (HasFatalFailure()) return;
      for (const int person : PeopleOf(batch, c.k)) ++drawn[person];
    }
    for (size_t i = 0; i < c.images.size(); ++i) {
      const int most = static_cast<int>(std::min<int64_t>(sets[i], batches));
      ASSERT_LE(drawn[static_cast<int>(i)], most);
      left_out += most - drawn[static_cast<int>(i)];
      people_with_few += c.images[i] > 0 && c.images[i] < c.k;
    }
    ASSERT_LT(left_out, c.p);
  }
  EXPECT_GT(people_with_few, 1000);
  // Nobody is left out here.
  PKSampler all({1, 2, 1, 3}, 4, 3, 5, TooFew::kRepeat);
  EXPECT_EQ(1, all.batches_per_epoch());
  ExpectHas(InputError([] {
              PKSampler({1, 0, 0}, 2, 4, 0, TooFew::kRepeat);
            }),
            "only 1 of 3 identities have 1 images or more");
}

// Who has a hundred images has his turn as often as who has five.
TEST(PKSamplerTest, EachPersonOnceAnEpoch) {
  const std::vector<int> images = {100, 5, 4, 7, 2, 6, 5, 4};
  PKSampler sampler(images, 3, 4, 9,
                    SetRule(TooFew::kSkip, DrawBy::kIdentities));
  ASSERT_EQ(2, sampler.batches_per_epoch());  // of 7 with 4 images or more
  std::map<int, int> turns;
  std::map<int, int> seen;  // images of person 0
  for (int epoch = 0; epoch < 210; ++epoch) {
    std::set<int> people;
    for (int b = 0; b < 2; ++b) {
      const std::vector<Pick> batch = sampler.Batch(2 * epoch + b);
      ExpectExactBatch(batch, images, 3, 4);
      if (HasFatalFailure()) return;
      for (const int person : PeopleOf(batch, 4)) {
        EXPECT_TRUE(people.insert(person).second);
        ++turns[person];
      }
      for (const Pick& pick : batch) seen[pick.image] += pick.identity == 0;
    }
  }
  EXPECT_EQ(0, turns[4]);
  for (const int person : {0, 1, 2, 3, 5, 6, 7}) {
    // 180 of 210; one is left out of each epoch.
    EXPECT_NEAR(180, turns[person], 15);
  }
  // Each of the 100 images about 180 * 4 / 100 times.
  for (int image = 0; image < 100; ++image) EXPECT_GT(seen[image], 0) << image;
  PKSampler repeated({3, 3, 1, 9}, 4, 4, 9,
                     SetRule(TooFew::kRepeat, DrawBy::kIdentities));
  EXPECT_EQ(1, repeated.batches_per_epoch());
  ExpectExactBatch(repeated.Batch(5), {3, 3, 1, 9}, 4, 4);
}

TEST(PKSamplerTest, EachImageOnceWhereTheNumbersDivide) {
  PKSampler sampler(std::vector<int>(12, 10), 4, 5, 3);
  ASSERT_EQ(6, sampler.batches_per_epoch());
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<std::pair<int, int>> seen;
    for (int b = 0; b < 6; ++b) {
      for (const Pick& pick : sampler.Batch(epoch * 6 + b)) {
        EXPECT_TRUE(seen.insert({pick.identity, pick.image}).second);
      }
    }
    EXPECT_EQ(120u, seen.size());
  }
}

TEST(PKSamplerTest, AnyBatchCanBeSought) {
  Rng rng(5);
  for (int trial = 0; trial < 100; ++trial) {
    const Configuration c = Draw(&rng);
    PKSampler sequential(c.images, c.p, c.k, trial);
    PKSampler sought(c.images, c.p, c.k, trial);
    std::vector<std::vector<Pick>> batches;
    const int64_t count = 3 * sequential.batches_per_epoch() + 1;
    for (int64_t b = 0; b < count; ++b) {
      batches.push_back(sequential.Batch(b));
    }
    for (int draw = 0; draw < 20; ++draw) {
      const uint64_t b = rng.Below(count);
      EXPECT_TRUE(batches[b] == sought.Batch(b)) << c.Text() << " batch " << b;
    }
  }
}

TEST(PKSamplerTest, SeedsAndEpochsDiffer) {
  const std::vector<int> images(20, 10);
  PKSampler one(images, 4, 5, 1), two(images, 4, 5, 2), again(images, 4, 5, 1);
  EXPECT_TRUE(one.Batch(0) == again.Batch(0));
  EXPECT_FALSE(one.Batch(0) == two.Batch(0));
  EXPECT_FALSE(one.Batch(0) == one.Batch(one.batches_per_epoch()));
}

// A person with far more images than others is in every batch, not more.
TEST(PKSamplerTest, OneLargePersonDoesNotStopTheEpoch) {
  PKSampler sampler({1000, 4, 4, 4}, 2, 4, 1);
  ASSERT_EQ(3, sampler.batches_per_epoch());
  std::set<int> others;
  for (int b = 0; b < 3; ++b) {
    const std::vector<Pick> batch = sampler.Batch(b);
    EXPECT_TRUE(batch[0].identity == 0 || batch[4].identity == 0);
    others.insert(batch[0].identity + batch[4].identity);
  }
  EXPECT_EQ((std::set<int>{1, 2, 3}), others);
}

TEST(PKSamplerTest, PeopleMeetInAllPairs) {
  PKSampler sampler(std::vector<int>(6, 4), 2, 2, 9);
  std::set<std::pair<int, int>> pairs;
  for (int b = 0; b < 300; ++b) {
    const std::vector<Pick> batch = sampler.Batch(b);
    pairs.insert(std::minmax(batch[0].identity, batch[2].identity));
  }
  EXPECT_EQ(15u, pairs.size());
}

// Epochs cut a person's images in other groups.
TEST(PKSamplerTest, ImagesOfAPersonMeetInAllPairs) {
  PKSampler sampler(std::vector<int>(2, 6), 2, 2, 9);
  std::set<std::pair<int, int>> pairs;
  for (int b = 0; b < 300; ++b) {
    const std::vector<Pick> batch = sampler.Batch(b);
    const Pick& first = batch[batch[0].identity == 0 ? 0 : 2];
    const Pick& second = batch[batch[0].identity == 0 ? 1 : 3];
    pairs.insert(std::minmax(first.image, second.image));
  }
  EXPECT_EQ(15u, pairs.size());
}

TEST(PKSamplerTest, ImpossibleNumbersAreRefused) {
  const auto error = [](const std::vector<int>& images, int p, int k) {
    return InputError([&] { PKSampler(images, p, k, 0); });
  };
  ExpectHas(error({4, 4, 4}, 1, 2), "a batch of one identity has no negative");
  ExpectHas(error({4, 4, 4}, 0, 2), "identities_per_batch is 0");
  ExpectHas(error({4, 4, 4}, 2, 0), "images_per_identity is 0");
  ExpectHas(error({4, 4, 3}, 3, 4),
            "identities_per_batch is 3 but only 2 of 3 identities have 4 "
            "images or more");
}

TEST(EpochShuffleTest, EachEpochIsAPermutation) {
  EpochShuffle shuffle(7, 3);
  std::set<std::vector<uint64_t>> orders;
  for (int epoch = 0; epoch < 10; ++epoch) {
    std::vector<uint64_t> order;
    for (int i = 0; i < 7; ++i) order.push_back(shuffle.At(epoch * 7 + i));
    EXPECT_EQ(7u, std::set<uint64_t>(order.begin(), order.end()).size());
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 8u);
  EpochShuffle sought(7, 3);
  const uint64_t later = sought.At(40), earlier = sought.At(3);
  EXPECT_EQ(shuffle.At(40), later);
  EXPECT_EQ(shuffle.At(3), earlier);
}

TEST(TripletSamplerTest, TripletsAreRightAndAnchorsCoverTheEpoch) {
  Rng rng(8);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<int> images = {2, 1};
    while (rng.Bernoulli(0.8)) {
      images.push_back(static_cast<int>(rng.Below(6)));
    }
    rng.Shuffle(&images);
    TripletSampler sampler(images, trial);
    std::set<std::pair<int, int>> anchors;
    for (int64_t t = 0; t < sampler.anchors(); ++t) {
      const std::vector<Pick> triplet = sampler.Triplet(t);
      ASSERT_EQ(3u, triplet.size());
      for (const Pick& pick : triplet) {
        ASSERT_GE(pick.image, 0);
        ASSERT_LT(pick.image, images[pick.identity]);
      }
      ASSERT_EQ(triplet[0].identity, triplet[1].identity);
      ASSERT_NE(triplet[0].image, triplet[1].image);
      ASSERT_NE(triplet[0].identity, triplet[2].identity);
      anchors.insert({triplet[0].identity, triplet[0].image});
    }
    int64_t expected = 0;
    for (const int n : images) expected += n >= 2 ? n : 0;
    ASSERT_EQ(expected, static_cast<int64_t>(anchors.size()));
  }
}

// The negative comes from every image of every other person about as often.
TEST(TripletSamplerTest, PartnersAreDrawnEvenly) {
  const std::vector<int> images = {3, 1, 5};
  TripletSampler sampler(images, 4);
  std::map<std::pair<int, int>, int> negatives, positives;
  const int count = 80000;
  for (int t = 0; t < count; ++t) {
    const std::vector<Pick> triplet = sampler.Triplet(t);
    if (triplet[0].identity == 0) {
      ++negatives[{triplet[2].identity, triplet[2].image}];
      ++positives[{triplet[0].image, triplet[1].image}];
    }
  }
  // 3 of 8 anchors are person 0's; 6 images are not.
  ASSERT_EQ(6u, negatives.size());
  for (const auto& entry : negatives) {
    EXPECT_NEAR(count * 3.0 / 8 / 6, entry.second, 350);
  }
  ASSERT_EQ(6u, positives.size());
  for (const auto& entry : positives) {
    EXPECT_NEAR(count * 3.0 / 8 / 6, entry.second, 350);
  }
}

TEST(TripletSamplerTest, AnyTripletCanBeSought) {
  const std::vector<int> images = {3, 2, 5};
  TripletSampler sampler(images, 4), sought(images, 4);
  std::vector<std::vector<Pick>> all;
  for (int t = 0; t < 50; ++t) all.push_back(sampler.Triplet(t));
  for (const int t : {49, 0, 25, 26, 3}) {
    EXPECT_TRUE(all[t] == sought.Triplet(t)) << t;
  }
}

TEST(TripletSamplerTest, TooFewPeopleOrImagesAreRefused) {
  ExpectHas(InputError([] { TripletSampler({5}, 0); }),
            "at least 2 people; found 1");
  ExpectHas(InputError([] { TripletSampler({5, 0}, 0); }), "found 1");
  ExpectHas(InputError([] { TripletSampler({1, 1, 1}, 0); }),
            "none of 3 people has more than one");
}

}  // namespace caffe
