// Who is in a batch of IdentityData together: people with too few images,
// groups, and people who look alike to a net.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "test/layers/identity_data_fixture.hpp"

namespace caffe {

template <typename TypeParam>
class IdentityChoicesTest : public IdentityDataFixture<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  // Person i (from 0) has counts[i] pictures, of values 10 i + k.
  void WriteCounts(const vector<int>& counts) {
    for (size_t i = 0; i < counts.size(); ++i) {
      for (int k = 0; k < counts[i]; ++k) {
        this->folder_.WriteFlat("faces/s" + std::to_string(i + 1) + "/" +
                                    std::to_string(k) + ".pgm",
                                3, 4, 1, static_cast<int>(10 * i) + k);
      }
    }
  }
  // The people of the next batch, by the pictures' values, one a set of k.
  vector<int> NextPeople(Layer<Dtype>* layer, int k) {
    layer->Forward({}, this->tops_);
    vector<int> people;
    for (int i = 0; i < this->data_.shape(0); i += k) {
      people.push_back(static_cast<int>(this->data_.data_at(i, 0, 0, 0)) / 10);
      EXPECT_EQ(people.back(), static_cast<int>(this->label_.cpu_data()[i]));
    }
    return people;
  }
  // Hands the layer embeddings of its last batch: person i is at `at[i]`.
  void Receive(Layer<Dtype>* layer, const vector<double>& at) {
    auto* const receiver = dynamic_cast<EmbeddingReceiver<Dtype>*>(layer);
    const vector<int> shape = {this->label_.count(), 1};
    vector<Dtype> rows;
    for (int i = 0; i < this->label_.count(); ++i) {
      rows.push_back(
          static_cast<Dtype>(at[static_cast<int>(this->label_.cpu_data()[i])]));
    }
    receiver->CheckEmbeddings(shape);
    receiver->ReceiveEmbeddings(shape, rows.data());
  }
};

TYPED_TEST_SUITE(IdentityChoicesTest, TestDtypesAndDevices);

TYPED_TEST(IdentityChoicesTest, TooFewImagesAreRepeatedAndTheLogSaysSo) {
  this->WriteCounts({3, 1, 2, 4});
  const string options =
      "identities_per_batch: 4 images_per_identity: 3 too_few: REPEAT";
  testing::internal::CaptureStderr();
  const auto layer = this->Build(options);
  ExpectHas(testing::internal::GetCapturedStderr(),
            "faces: too_few: REPEAT: the images of 2 of 4 people stand in a "
            "batch more than once to be 3 (with one image alone, which has no "
            "positive but itself: 1)");
  std::set<int> seen;
  for (int b = 0; b < 6; ++b) {
    layer->Forward({}, this->tops_);
    std::map<int, int> of_image;
    for (int i = 0; i < 12; ++i) {
      ++of_image[static_cast<int>(this->data_.data_at(i, 0, 1, 1))];
    }
    EXPECT_EQ(3, of_image[10]);
    EXPECT_EQ(3, of_image[20] + of_image[21]);
    EXPECT_GE(of_image[20], 1);
    EXPECT_LE(of_image[20], 2);
    for (const auto& image : of_image) seen.insert(image.first);
  }
  EXPECT_EQ((std::set<int>{0, 1, 2, 10, 20, 21, 30, 31, 32, 33}), seen);
}

TYPED_TEST(IdentityChoicesTest, NobodyHasTwoImagesToRepeat) {
  this->WriteCounts({1, 1, 1});
  ExpectHas(this->BuildError("identities_per_batch: 2 images_per_identity: 2 "
                             "too_few: REPEAT"),
            "faces: each of 3 people has one image, which has no positive but "
            "itself; wanted someone with two");
  this->Build("identities_per_batch: 2 images_per_identity: 1 too_few: REPEAT");
}

TYPED_TEST(IdentityChoicesTest, PeopleComeFromSoManyGroups) {
  this->WriteCounts(vector<int>(9, 2));
  // s9 is alone in his group; s4 is out by the split.
  this->folder_.Write("groups.txt",
                      "s1 x1\n\ns2 x10\n  s3 x1\r\ns5 x10\ns6 x2\ns7 x1\n"
                      "s8\tx2\ns9 y\ns4 x2\n");
  testing::internal::CaptureStderr();
  const auto layer = this->Build(
      "identities_per_batch: 4 images_per_identity: 2 groups_per_batch: 2 "
      "group_file: '" + (this->folder_ / "groups.txt") +
      "' split { fold: 3 of: 9 }");
  ExpectHas(testing::internal::GetCapturedStderr(),
            "groups.txt: left out 1 of 4 groups with fewer than 2 people: "
            "y (1)");
  const std::map<int, int> group = {{0, 1}, {2, 1}, {6, 1}, {1, 10},
                                    {4, 10}, {5, 2}, {7, 2}};
  std::set<int> seen;
  for (int b = 0; b < 12; ++b) {
    const vector<int> people = this->NextPeople(layer.get(), 2);
    std::map<int, int> of_group;
    for (const int person : people) {
      ++of_group[group.at(person)];
      seen.insert(person);
    }
    EXPECT_EQ(2u, of_group.size());
    for (const auto& one : of_group) EXPECT_EQ(2, one.second);
  }
  EXPECT_EQ(7u, seen.size());
}

TYPED_TEST(IdentityChoicesTest, GroupsOfAListAreByLabel) {
  string list;
  for (int i = 0; i < 4; ++i) {
    const string name = "in/" + std::to_string(i) + ".pgm";
    this->folder_.WriteFlat(name, 2, 2, 1, 10 * (40 + i));
    list += name + " " + std::to_string(40 + i) + "\n";
  }
  this->folder_.Write("list.txt", list);
  this->folder_.Write("groups", "43 a\n40 b\n41 a\n42 b\n");
  const auto layer = this->Build(
      "identities_per_batch: 2 images_per_identity: 1 groups_per_batch: 1 "
      "group_file: '" + (this->folder_ / "groups") + "'", "", "list.txt");
  std::set<std::set<int>> batches;
  for (int b = 0; b < 4; ++b) {
    layer->Forward({}, this->tops_);
    batches.insert({static_cast<int>(this->label_.cpu_data()[0]),
                    static_cast<int>(this->label_.cpu_data()[1])});
  }
  EXPECT_EQ((std::set<std::set<int>>{{40, 42}, {41, 43}}), batches);
}

TYPED_TEST(IdentityChoicesTest, BadGroupsAreRefused) {
  this->WriteCounts({2, 2, 2, 2});
  const auto error = [&](const string& groups, const string& more) {
    this->folder_.Write("groups", groups);
    return this->BuildError("images_per_identity: 2 group_file: '" +
                            (this->folder_ / "groups") + "' " + more);
  };
  const string good = "identities_per_batch: 4 groups_per_batch: 2";
  ExpectHas(error("s1 a\ns2 a\ns33 b\ns4 b\ns5 b\n", good),
            "groups:3: no person 's33' among 4 people; did you mean 's3'? "
            "(first of 2 such among 5 lines)");
  ExpectHas(error("s1 a\ns2\n", good),
            "groups:2: found 's2'; wanted `person group`");
  ExpectHas(error("s1 a\ns2 a\ns1 b\ns3 b\ns4 b\n", good),
            "groups:3: person 's1' has a group in an earlier line");
  ExpectHas(error("s1 a\ns3 b\n", good),
            "groups: 2 of 4 people have no group: s2 (2), s4 (2)");
  ExpectHas(error("s1 a\ns2 a\ns3 a\ns4 b\n", good),
            "groups: 1 of 2 groups have 2 people or more; wanted at least 2 "
            "groups (too few people: b (1))");
  ExpectHas(error("", good), "groups: list is empty");
  const string all = "s1 a\ns2 a\ns3 b\ns4 b\n";
  ExpectHas(error(all, "identities_per_batch: 3 groups_per_batch: 2"),
            "groups_per_batch is 2 and identities_per_batch 3; wanted two");
  ExpectHas(error(all, "identities_per_batch: 4 groups_per_batch: 0"),
            "groups_per_batch is 0");
  ExpectHas(error(all, "identities_per_batch: 4"),
            "has group_file alone; wanted both");
  ExpectHas(this->BuildError("images_per_identity: 2 groups_per_batch: 1 "
                             "identities_per_batch: 2"),
            "has groups_per_batch alone; wanted both");
  ExpectHas(error(all, good + " hard_identities { embedding: 'x' }"),
            "group_file and hard_identities exclude each other");
}

// From the second period on the two of a batch are neighbours: 0 and 1, 2 and
// 3, ..., wherever they know each other.
TYPED_TEST(IdentityChoicesTest, NeighboursAreDrawnTogether) {
  this->WriteCounts(vector<int>(8, 2));
  const auto layer = this->Build(
      "identities_per_batch: 2 images_per_identity: 2 threads: 3 prefetch: 9 "
      "hard_identities { embedding: 'unit' refresh: 40 neighbours: 1 }");
  vector<double> at = {0, 0.1, 1, 1.1, 2, 2.1, 3, 3.1};
  int together = 0;
  for (int b = 0; b < 160; ++b) {
    const vector<int> people = this->NextPeople(layer.get(), 2);
    const bool pair = people[0] / 2 == people[1] / 2;
    if (b < 40) {
      together += pair;
    } else if (b < 80) {
      EXPECT_TRUE(pair) << b;
    } else if (b < 120) {
      EXPECT_EQ(7, people[0] + people[1]) << b;
    } else {
      EXPECT_TRUE(pair) << b;
    }
    // In the second period people move: 0 to 7, 1 to 6, ...
    if (b == 40) at = {0, 1, 2, 3, 3.1, 2.1, 1.1, 0.1};
    if (b == 80) at = {0, 0.1, 1, 1.1, 2, 2.1, 3, 3.1};
    this->Receive(layer.get(), at);
  }
  EXPECT_GT(together, 0);
  EXPECT_LT(together, 20);
}

// Threads and depth change nothing, though the table changes on the way, and
// a layer goes on from a saved state with the very next batch: within a period
// and between two.
TYPED_TEST(IdentityChoicesTest, HardBatchesAreTheSameAgain) {
  typedef typename TypeParam::Dtype Dtype;
  this->WriteCounts({4, 3, 5, 2, 1, 4, 3, 3, 2});
  const string options =
      "identities_per_batch: 4 images_per_identity: 2 too_few: REPEAT "
      "hard_identities { embedding: 'unit' refresh: 6 neighbours: 2 } ";
  const string rest = "transform_param { crop_size: 2 mirror: true }";
  // The embeddings hang on the batch's number, so that they change.
  const auto at = [](int b) {
    vector<double> places;
    for (int i = 0; i < 9; ++i) places.push_back(i * (7 + b % 11) % 10);
    return places;
  };
  const int count = 40;
  std::map<int, LayerState> states;
  vector<vector<Dtype>> expected;
  Caffe::set_random_seed(5);
  const auto one = this->Build(options + "threads: 1 prefetch: 1", rest);
  for (int b = 0; b < count; ++b) {
    one->SaveState(&states[b]);
    expected.push_back(this->NextBatch(one.get()));
    this->Receive(one.get(), at(b));
  }
  for (const string threads : {"threads: 2 prefetch: 3", "threads: 8"}) {
    Caffe::set_random_seed(5);
    const auto many = this->Build(options + threads, rest);
    for (int b = 0; b < count; ++b) {
      ASSERT_EQ(expected[b], this->NextBatch(many.get())) << b;
      this->Receive(many.get(), at(b));
    }
    for (const int from : {3, 12, 0, 17}) {
      many->LoadState(states[from]);
      for (int b = from; b < count; ++b) {
        ASSERT_EQ(expected[b], this->NextBatch(many.get())) << from << " " << b;
        this->Receive(many.get(), at(b));
      }
    }
  }
}

// Outside of a solver nobody hands over embeddings: anyone is a neighbour, and
// nothing waits. So it is in the phase TEST.
TYPED_TEST(IdentityChoicesTest, WithoutEmbeddingsAnyoneIsDrawn) {
  this->WriteCounts(vector<int>(6, 2));
  for (const string phase : {"TRAIN", "TEST"}) {
    const auto layer = this->Build(
        "identities_per_batch: 2 images_per_identity: 2 "
        "hard_identities { embedding: 'unit' refresh: 3 }",
        "phase: " + phase);
    auto* const receiver = dynamic_cast<
        EmbeddingReceiver<typename TypeParam::Dtype>*>(layer.get());
    EXPECT_EQ(phase == "TRAIN" ? "unit" : "", receiver->EmbeddingBlob());
    std::set<vector<int>> pairs;
    for (int b = 0; b < 60; ++b) {
      pairs.insert(this->NextPeople(layer.get(), 2));
    }
    EXPECT_GT(pairs.size(), 12u);
  }
}

TYPED_TEST(IdentityChoicesTest, BadHardIdentitiesAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  this->WriteCounts({2, 2, 2});
  const auto error = [&](const string& hard) {
    return this->BuildError("identities_per_batch: 2 images_per_identity: 2 "
                            "hard_identities { " + hard + " }");
  };
  ExpectHas(error(""), "hard_identities has no embedding (the name of a blob)");
  ExpectHas(error("embedding: 'e' refresh: 0"), "refresh is 0; wanted at least");
  ExpectHas(error("embedding: 'e' neighbours: 0"),
            "neighbours is 0; wanted 1 to 1 (identities_per_batch less one)");
  ExpectHas(error("embedding: 'e' neighbours: 2"), "neighbours is 2; wanted 1");
  ExpectHas(error("embedding: 'e' rate: 0"), "rate is 0; wanted more than 0");
  ExpectHas(error("embedding: 'e' rate: nan"), "rate is nan; wanted");
  ExpectHas(error("embedding: 'e' rate: 1.5"), "rate is 1.5; wanted");
  const auto layer = this->Build(
      "identities_per_batch: 2 images_per_identity: 2 "
      "hard_identities { embedding: 'e' }");
  auto* const receiver = dynamic_cast<EmbeddingReceiver<Dtype>*>(layer.get());
  for (const vector<int>& shape : {vector<int>{4}, {}, {5, 3}, {2, 2}}) {
    ExpectHas(InputError([&] { receiver->CheckEmbeddings(shape); }),
              "wanted a row for each of the batch's 4 images");
  }
  receiver->CheckEmbeddings({4, 3, 1, 1});
}

TYPED_TEST(IdentityChoicesTest, StatesOfOtherPeopleAreRefused) {
  this->WriteCounts({2, 2, 2, 2});
  const string options =
      "images_per_identity: 2 hard_identities { embedding: 'e' refresh: 2 } ";
  const auto layer = this->Build(options + "identities_per_batch: 2");
  for (int b = 0; b < 3; ++b) {
    this->NextBatch(layer.get());
    this->Receive(layer.get(), {1, 2, 3, 4});
  }
  LayerState state;
  layer->SaveState(&state);
  const auto error = [&](const LayerState& bad) {
    return InputError([&] { layer->LoadState(bad); });
  };
  LayerState bad = state;
  bad.mutable_neighbours()->append("1234");
  ExpectHas(error(bad), "the saved state is of other people");
  bad = state;
  (*bad.mutable_neighbours())[0] = 4;
  ExpectHas(error(bad), "the saved state names person 4 of 4");
  bad = state;
  bad.mutable_class_means()->append("1234");
  ExpectHas(error(bad), "the saved means of people are not of 4 people");
  // All these have changed nothing.
  const auto next = this->NextBatch(layer.get());
  layer->LoadState(state);
  EXPECT_EQ(next, this->NextBatch(layer.get()));
  const auto larger = this->Build(options + "identities_per_batch: 4");
  ExpectHas(InputError([&] { larger->LoadState(state); }),
            "of another identities_per_batch");
  // A state from before there were any means.
  bad = state;
  bad.clear_class_means();
  bad.clear_neighbours();
  testing::internal::CaptureStderr();
  larger->LoadState(bad);
  ExpectHas(testing::internal::GetCapturedStderr(),
            "holds no means of people: hard_identities begin afresh");
  this->NextBatch(larger.get());
}

}  // namespace caffe
