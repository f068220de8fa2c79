// IdentityData: from folders and lists on disk to P x K batches, the same for
// any number of threads, and from where a snapshot left off.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/layers/identity_data_layer.hpp"
#include "test/layers/identity_data_fixture.hpp"

namespace caffe {

template <typename TypeParam>
class IdentityDataLayerTest : public IdentityDataFixture<TypeParam> {};

TYPED_TEST_SUITE(IdentityDataLayerTest, TestDtypesAndDevices);

TYPED_TEST(IdentityDataLayerTest, BatchesAreExactAndCoverTheEpoch) {
  typedef typename TypeParam::Dtype Dtype;
  this->WritePeople(6, 4);
  const auto layer =
      this->Build("identities_per_batch: 3 images_per_identity: 2");
  EXPECT_EQ((vector<int>{6, 1, 3, 4}), this->data_.shape());
  EXPECT_EQ((vector<int>{6}), this->label_.shape());
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::set<int> seen;
    for (int b = 0; b < 4; ++b) {
      layer->Forward({}, this->tops_);
      std::map<int, int> count;
      for (int i = 0; i < 6; ++i) {
        const int value = static_cast<int>(this->data_.data_at(i, 0, 2, 3));
        EXPECT_EQ(value / 10, this->label_.cpu_data()[i]);
        EXPECT_EQ(this->label_.cpu_data()[i / 2 * 2],
                  this->label_.cpu_data()[i]);
        EXPECT_EQ(Dtype(value), this->data_.data_at(i, 0, 0, 0));
        EXPECT_TRUE(seen.insert(value).second) << value;
        ++count[value / 10];
      }
      EXPECT_EQ(3u, count.size());
    }
    EXPECT_EQ(24u, seen.size());
  }
}

TYPED_TEST(IdentityDataLayerTest, PhasesShareNoPerson) {
  this->WritePeople(11, 2);  // s10 and s11 come after s9
  const string options =
      "identities_per_batch: 2 images_per_identity: 2 split { fold: 1 of: 4 }";
  std::map<string, std::set<int>> labels;
  for (const string phase : {"TRAIN", "TEST"}) {
    const auto layer = this->Build(options, "phase: " + phase);
    for (int b = 0; b < 8; ++b) {
      layer->Forward({}, this->tops_);
      for (int i = 0; i < 4; ++i) {
        labels[phase].insert(
            static_cast<int>(this->label_.cpu_data()[i]));
        EXPECT_EQ(static_cast<int>(this->data_.data_at(i, 0, 0, 0)) / 10,
                  this->label_.cpu_data()[i]);
      }
    }
  }
  EXPECT_EQ((std::set<int>{1, 5, 9}), labels["TEST"]);
  EXPECT_EQ((std::set<int>{0, 2, 3, 4, 6, 7, 8, 10}), labels["TRAIN"]);
}

TYPED_TEST(IdentityDataLayerTest, ThreadsDoNotChangeTheBatches) {
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 3; ++k) {
      Image image = Pattern(9 + i, 8 + k, 3);
      for (uint8_t& pixel : image.pixels) pixel ^= 13 * i + k;
      WriteImage(this->folder_ / ("faces/p" + std::to_string(i) + "/" +
                                  std::to_string(k) + ".png"),
                 image);
    }
  }
  const string options = "identities_per_batch: 2 images_per_identity: 2 ";
  const string rest =
      "transform_param { crop_size: 6 mirror: true max_shift: 0.1 "
      "max_rotation: 10 max_contrast: 0.2 standardize: true }";
  vector<vector<typename TypeParam::Dtype>> expected;
  Caffe::set_random_seed(5);
  const auto one = this->Build(options + "threads: 1 prefetch: 1", rest);
  for (int b = 0; b < 12; ++b) {
    expected.push_back(this->NextBatch(one.get()));
  }
  for (const string threads : {"2", "3", "8"}) {
    Caffe::set_random_seed(5);
    const auto many =
        this->Build(options + "prefetch: 5 threads: " + threads, rest);
    for (int b = 0; b < 12; ++b) {
      EXPECT_EQ(expected[b], this->NextBatch(many.get())) << b;
    }
  }
  Caffe::set_random_seed(6);
  const auto other = this->Build(options, rest);
  EXPECT_NE(expected[0], this->NextBatch(other.get()));
}

TYPED_TEST(IdentityDataLayerTest, GoesOnWhereTheStateWasSaved) {
  this->WritePeople(7, 5);
  const string options = "identities_per_batch: 3 images_per_identity: 2";
  const string rest = "transform_param { crop_size: 2 mirror: true }";
  const auto layer = this->Build(options, rest);
  for (int b = 0; b < 5; ++b) this->NextBatch(layer.get());
  LayerState state;
  EXPECT_TRUE(layer->HasState());
  layer->SaveState(&state);
  EXPECT_EQ(5u, state.cursor());
  vector<vector<typename TypeParam::Dtype>> expected;
  for (int b = 0; b < 15; ++b) expected.push_back(this->NextBatch(layer.get()));
  const auto resumed = this->Build(options + " threads: 5", rest);
  EXPECT_NE(expected[0], this->NextBatch(resumed.get()));
  resumed->LoadState(state);
  for (int b = 0; b < 15; ++b) {
    EXPECT_EQ(expected[b], this->NextBatch(resumed.get())) << b;
  }
  EXPECT_THROW(resumed->LoadState(LayerState()), Error);
}

TYPED_TEST(IdentityDataLayerTest, ListGivesItsOwnLabels) {
  string list;
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 2; ++k) {
      const string name = "in/a b" + std::to_string(10 * i + k) + ".pgm";
      this->folder_.WriteFlat(name, 2, 2, 1, 10 * i + k);
      list += name + " " + std::to_string(100 + i) + "\n";
    }
  }
  this->folder_.Write("list.txt", list);
  const auto layer = this->Build(
      "identities_per_batch: 2 images_per_identity: 2", "", "list.txt");
  for (int b = 0; b < 5; ++b) {
    layer->Forward({}, this->tops_);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(100 + static_cast<int>(this->data_.data_at(i, 0, 0, 0)) / 10,
                this->label_.cpu_data()[i]);
    }
  }
}

TYPED_TEST(IdentityDataLayerTest, ImagesAreResizedAndColoredAsAsked) {
  this->WritePeople(2, 2);
  const string options = "identities_per_batch: 2 images_per_identity: 2 ";
  this->tops_.resize(1);  // the label may be left out
  const auto layer = this->Build(
      options + "new_height: 5 new_width: 7 is_color: true",
      "transform_param { crop_size: 4 mean_value: 1 scale: 2 }");
  EXPECT_EQ((vector<int>{4, 3, 4, 4}), this->data_.shape());
  std::set<double> values;
  layer->Forward({}, this->tops_);
  for (int i = 0; i < this->data_.count(); ++i) {
    values.insert(this->data_.cpu_data()[i]);
  }
  EXPECT_EQ((std::set<double>{-2, 0, 18, 20}), values);
}

TYPED_TEST(IdentityDataLayerTest, FirstImageDecidesGrayOrColor) {
  this->WritePeople(2, 2);
  this->folder_.WriteFlat("faces/s2/0.ppm", 3, 4, 3, 50);
  const string options = "identities_per_batch: 2 images_per_identity: 2";
  this->Build(options);
  EXPECT_EQ(1, this->data_.channels());
  this->folder_.WriteFlat("faces/s1/!.ppm", 3, 4, 3, 50);
  const auto layer = this->Build(options);
  EXPECT_EQ(3, this->data_.channels());
  for (int b = 0; b < 4; ++b) this->NextBatch(layer.get());
}

TYPED_TEST(IdentityDataLayerTest, ABrokenImageIsNamedWhenItIsReached) {
  this->WritePeople(3, 2);
  this->folder_.Write("faces/s2/1.pgm", "P5 100000 100000 255\nx");
  const string options = "identities_per_batch: 2 images_per_identity: 2";
  const auto layer = this->Build(options);
  const string message = InputError([&] {
    for (int b = 0; b < 3; ++b) this->NextBatch(layer.get());
  });
  ExpectHas(message, "faces/s2/1.pgm: PNM header asks for 100000 x 100000");
  this->folder_.Write("faces/s1/0.pgm", "P5 4 3 255\nx");
  ExpectHas(this->BuildError(options), "faces/s1/0.pgm: PNM is truncated");
}

TYPED_TEST(IdentityDataLayerTest, ImagesOfAnotherSizeAreNamed) {
  this->WritePeople(2, 2);
  this->folder_.WriteFlat("faces/s2/1.pgm", 5, 6, 1, 9);
  const string options = "identities_per_batch: 2 images_per_identity: 2 ";
  ExpectHas(this->BuildError(options),
            "faces/s2/1.pgm is of 5x6, and ");
  const auto cropped =
      this->Build(options, "transform_param { crop_size: 3 }");
  this->NextBatch(cropped.get());
  this->folder_.WriteFlat("faces/s2/1.pgm", 2, 6, 1, 9);
  const auto small = this->Build(options, "transform_param { crop_size: 3 }");
  ExpectHas(InputError([&] { this->NextBatch(small.get()); }),
            "faces/s2/1.pgm: crop_size 3 is larger than the image of 2 x 6");
}

TYPED_TEST(IdentityDataLayerTest, BadOptionsAreRefused) {
  this->WritePeople(4, 2);
  this->folder_.WriteFlat("faces/s9/1.pgm", 3, 4, 1, 9);
  const string good = "identities_per_batch: 2 images_per_identity: 2 ";
  ExpectHas(this->BuildError("images_per_identity: 2"),
            "has no identities_per_batch");
  ExpectHas(this->BuildError("identities_per_batch: 2"),
            "has no images_per_identity");
  ExpectHas(this->BuildError("identities_per_batch: 1 images_per_identity: 2"),
            "a batch of one identity has no negative");
  ExpectHas(this->BuildError("identities_per_batch: 2 images_per_identity: 0"),
            "images_per_identity is 0");
  ExpectHas(this->BuildError("identities_per_batch: 5 images_per_identity: 2"),
            "faces: 4 of 5 people have 2 images or more; wanted at least 5 "
            "people (too few images: s9 (1))");
  ExpectHas(this->BuildError("identities_per_batch: 4294967295 "
                             "images_per_identity: 4294967295"),
            "0 of 5 people have 2147483647 images or more");
  ExpectHas(this->BuildError(good + "split { fold: 3 of: 3 }"),
            "fold 3 of 3 does not exist");
  ExpectHas(this->BuildError(good + "split { fold: 0 }"), "of is 0");
  ExpectHas(this->BuildError(good + "new_height: 4"), "wanted both or none");
  ExpectHas(this->BuildError(good + "new_height: 40000 new_width: 40000"),
            "40000 x 40000; at most");
  ExpectHas(this->BuildError(good + "threads: 0"), "threads is 0; wanted 1");
  ExpectHas(this->BuildError(good + "prefetch: 0"), "prefetch is 0; wanted 1");
  ExpectHas(this->BuildError(good, "transform_param { crop_size: 4 }"),
            "faces/s1/0.pgm: crop_size 4 is larger");
  ExpectHas(this->BuildError(good, "", "nobody"),
            "nobody: no such folder or list file");
  ExpectHas(InputError([] {
              IdentityDataLayer<float> layer{LayerParameter()};
              Blob<float> top;
              layer.SetUp({}, {&top});
            }),
            "identity_data_param has no source");
}

}  // namespace caffe
