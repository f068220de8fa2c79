// Image files that cannot be read, and those that ask for too much, in the
// layers that read images; and what these say of a set.

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "test/layers/identity_data_fixture.hpp"

namespace caffe {

template <typename TypeParam>
class BrokenImagesTest : public IdentityDataFixture<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // One more image of s2, and a fifth person's only ones.
  void WriteBroken() {
    for (const char* name : {"faces/s2/9.pgm", "faces/s5/0.pgm",
                             "faces/s5/1.pgm"}) {
      this->folder_.Write(name, "P2 4 3 255 1 2 3");
    }
  }
  std::vector<std::vector<Dtype>> Batches(Layer<Dtype>* layer) {
    std::vector<std::vector<Dtype>> batches;
    for (int b = 0; b < 9; ++b) batches.push_back(this->NextBatch(layer));
    return batches;
  }
};

TYPED_TEST_SUITE(BrokenImagesTest, TestDtypesAndDevices);

TYPED_TEST(BrokenImagesTest, SkippedTheBatchesAreThoseOfASetWithoutThem) {
  const string options = "identities_per_batch: 2 images_per_identity: 3 ";
  this->WritePeople(4, 3);
  Caffe::set_random_seed(7);
  const auto whole = this->Build(options);
  const auto expected = this->Batches(whole.get());
  this->WriteBroken();
  for (const string threads : {"threads: 1", "threads: 4"}) {
    Caffe::set_random_seed(7);
    testing::internal::CaptureStderr();
    const auto layer = this->Build(options + "broken: SKIP " + threads);
    const string log = testing::internal::GetCapturedStderr();
    ExpectHas(log, "broken: SKIP: left out 3 of 15 images that cannot be read");
    ExpectHas(log, "faces/s2/9.pgm: PNM is truncated");
    EXPECT_EQ(expected, this->Batches(layer.get())) << threads;
  }
}

TYPED_TEST(BrokenImagesTest, SkippedARunGoesOnWhereItsStateWasSaved) {
  const string options =
      "identities_per_batch: 2 images_per_identity: 2 broken: SKIP";
  this->WritePeople(4, 3);
  this->WriteBroken();
  const auto layer = this->Build(options);
  for (int b = 0; b < 4; ++b) this->NextBatch(layer.get());
  LayerState state;
  layer->SaveState(&state);
  const auto expected = this->Batches(layer.get());
  const auto resumed = this->Build(options);
  resumed->LoadState(state);
  EXPECT_EQ(expected, this->Batches(resumed.get()));
}

TYPED_TEST(BrokenImagesTest, StopNamesTheImageAndTheWayOn) {
  this->WritePeople(4, 3);
  this->WriteBroken();
  const auto layer =
      this->Build("identities_per_batch: 5 images_per_identity: 2");
  const string error = InputError([&] { this->Batches(layer.get()); });
  ExpectHas(error, ".pgm: PNM is truncated");
  ExpectHas(error, "broken: SKIP leaves them out");
}

TYPED_TEST(BrokenImagesTest, SkipRefusesASetOfNothingElse) {
  for (const char* name : {"a/0.pgm", "a/1.pgm", "b/0.pgm"}) {
    this->folder_.Write(string("faces/") + name, "P2 4 3 255 1 2 3");
  }
  ExpectHas(this->BuildError("identities_per_batch: 2 images_per_identity: 1 "
                             "broken: SKIP"),
            "none of 3 images can be read, the first: ");
}

TYPED_TEST(BrokenImagesTest, MaxPixelsBoundsAFile) {
  const string options = "identities_per_batch: 2 images_per_identity: 2 ";
  this->WritePeople(2, 2);
  this->Build(options + "max_pixels: 12");
  ExpectHas(this->BuildError(options + "max_pixels: 11"),
            "PNM header asks for 4 x 3 pixels; at most 11 are read");
  ExpectHas(this->BuildError(options + "max_pixels: 0"),
            "max_pixels is 0; wanted 1 to 1073741824");
}

TYPED_TEST(BrokenImagesTest, GrayFirstImageOfAColourSetIsToldOf) {
  const string options = "identities_per_batch: 2 images_per_identity: 2 ";
  this->WritePeople(2, 2);
  this->folder_.WriteFlat("faces/s2/7.ppm", 3, 4, 3, 50);
  const auto log = [&](const string& more, const string& rest) {
    testing::internal::CaptureStderr();
    this->Build(options + more, rest);
    return testing::internal::GetCapturedStderr();
  };
  ExpectHas(log("", ""), "4 of 5 images are gray");
  ExpectHas(log("", ""), "all are taken as gray (1 channel), as the first one");
  EXPECT_EQ("", log("is_color: true", ""));
  EXPECT_EQ("", log("", "transform_param { force_gray: true }"));
  // Colour is kept where it is asked for, although the first one is gray.
  this->folder_.Write("faces/s2/7.ppm", "P3 4 3 255 " + [] {
    string pixels;
    for (int i = 0; i < 12; ++i) pixels += "9 8 7 ";
    return pixels;
  }());
  const string forced = "transform_param { force_color: true }";
  EXPECT_EQ("", log("", forced));
  const auto layer =
      this->Build("identities_per_batch: 2 images_per_identity: 2", forced);
  bool found = false;
  for (int b = 0; b < 9; ++b) {
    const auto values = this->NextBatch(layer.get());
    for (int i = 0; i < 4; ++i) found |= values[i * 36] == 7 &&
                                         values[i * 36 + 35] == 9;
  }
  EXPECT_TRUE(found);
}

}  // namespace caffe
