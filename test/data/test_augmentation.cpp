// Augmentation: moves against their definition in double, what is drawn, and
// the order in which the transformer applies it all.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/augmentation.hpp"
#include "data/transformer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

TransformationParameter TransformOptions(const std::string& text) {
  TransformationParameter param;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &param));
  return param;
}

// What `image` has at (x, y), each pixel weighted by how near it is; a place
// beyond the border counts as the nearest one within.
double PixelAt(const Image& image, double x, double y, int channel) {
  double sum = 0;
  for (int h = -60; h < image.height + 60; ++h) {
    for (int w = -60; w < image.width + 60; ++w) {
      const double weight = std::max(0., 1 - std::abs(x - w)) *
                            std::max(0., 1 - std::abs(y - h));
      if (weight == 0) continue;
      sum += weight * image.at(std::clamp(h, 0, image.height - 1),
                               std::clamp(w, 0, image.width - 1), channel);
    }
  }
  return sum;
}

// The move of the header at pixel (h, w).
double MovedPixel(const Image& image, const Augmentation& move, int h, int w,
                  int channel) {
  const double centre_x = (image.width - 1) / 2.;
  const double centre_y = (image.height - 1) / 2.;
  const double x = w - centre_x, y = h - centre_y;
  const double c = std::cos(move.angle), s = std::sin(move.angle);
  return PixelAt(image,
                 centre_x + move.scale * (c * x - s * y) +
                     move.right * image.width,
                 centre_y + move.scale * (s * x + c * y) +
                     move.down * image.height,
                 channel);
}

}  // namespace

TEST(AugmentationTest, MovesFollowTheirDefinition) {
  Rng rng(3);
  const int sizes[][3] = {{7, 5, 1}, {1, 9, 3}, {6, 1, 1}, {4, 8, 3}};
  for (int trial = 0; trial < 40; ++trial) {
    const int* size = sizes[trial % 4];
    const Image image = Pattern(size[0], size[1], size[2]);
    Augmentation move;
    move.scale = rng.Uniform(0.5, 1.5);
    move.angle = rng.Uniform(-3.2, 3.2);
    move.right = rng.Uniform(-0.5, 0.5);
    move.down = rng.Uniform(-0.5, 0.5);
    const MovedImage moved(image, move);
    std::vector<double> row(size[1] * size[2]);
    for (int h = 0; h < size[0]; ++h) {
      moved.Row(h, 0, size[1], row.data());
      for (int i = 0; i < size[1] * size[2]; ++i) {
        ASSERT_NEAR(MovedPixel(image, move, h, i / size[2], i % size[2]),
                    row[i], 1e-9)
            << "trial " << trial << " row " << h << " value " << i;
      }
    }
  }
}

// A move of a quarter turn, and one of a whole pixel, worked out by hand.
TEST(AugmentationTest, TurnsAndShiftsGoTheWayThatIsSaid) {
  Image image(3, 3, 1);
  for (int i = 0; i < 9; ++i) image.pixels[i] = static_cast<uint8_t>(i);
  const auto row = [&](const Augmentation& move, int h) {
    std::vector<double> values(3);
    MovedImage(image, move).Row(h, 0, 3, values.data());
    for (double& value : values) value = std::round(value * 1e6) / 1e6;
    return values;
  };
  Augmentation turn;
  turn.angle = std::acos(-1.) / 2;
  // The upper row shows the right column.
  EXPECT_EQ((std::vector<double>{2, 5, 8}), row(turn, 0));
  Augmentation shift;
  shift.right = 1 / 3.;
  EXPECT_EQ((std::vector<double>{4, 5, 5}), row(shift, 1));
  Augmentation smaller;
  smaller.scale = 2;
  EXPECT_EQ((std::vector<double>{3, 4, 5}), row(smaller, 1));
  EXPECT_EQ((std::vector<double>{0, 1, 2}), row(smaller, 0));
  Augmentation larger;
  larger.scale = 0.5;
  EXPECT_EQ((std::vector<double>{3.5, 4, 4.5}), row(larger, 1));
}

TEST(AugmentationTest, DrawsAreEvenBetweenTheirBounds) {
  const TransformationParameter param = TransformOptions(
      "max_shift: 0.1 max_scale: 0.2 max_rotation: 90 max_contrast: 0.3 "
      "max_brightness: 5");
  const double most[] = {0.1, 0.1, 0.2, std::acos(-1.) / 2, 0.3, 5};
  const int count = 20000, bins = 8;
  std::vector<std::vector<int>> seen(6, std::vector<int>(bins));
  std::vector<double> products(5);
  for (int i = 0; i < count; ++i) {
    Rng rng(7, i);
    const Augmentation drawn = DrawAugmentation(param, &rng);
    EXPECT_EQ(12u, rng.position());
    const double values[] = {drawn.right,        drawn.down,
                             drawn.scale - 1,    drawn.angle,
                             drawn.contrast - 1, drawn.brightness};
    for (int k = 0; k < 6; ++k) {
      const double place = values[k] / static_cast<float>(most[k]);
      ASSERT_LE(std::abs(place), 1 + 1e-6) << k;
      ++seen[k][std::min(bins - 1, static_cast<int>((place + 1) / 2 * bins))];
      if (k > 0) products[k - 1] += place * values[k - 1] / most[k - 1];
    }
  }
  for (int k = 0; k < 6; ++k) {
    for (const int number : seen[k]) {
      EXPECT_NEAR(count / bins, number, 250) << k;
    }
    // One value tells nothing of the next.
    if (k > 0) {
      EXPECT_NEAR(0, products[k - 1] / count, 0.012) << k;
    }
  }
  Rng rng(7);
  DrawAugmentation(TransformOptions(""), &rng);
  EXPECT_EQ(12u, rng.position());
}

template <typename Dtype>
class TransformAugmentedTest : public ::testing::Test {
 protected:
  static vector<Dtype> Run(const string& text, Phase phase,
                           const Image& image, Rng* rng) {
    const DataTransformer<Dtype> transformer(TransformOptions(text), phase);
    const vector<int> shape = transformer.OutputShape(
        image.channels, image.height, image.width);
    vector<Dtype> out(shape[0] * shape[1] * shape[2]);
    transformer.Transform(image, rng, out.data());
    return out;
  }
};

TYPED_TEST_SUITE(TransformAugmentedTest, TestDtypes);

// The move, the crop, the mirror, the mean, the scale, then contrast and
// brightness.
TYPED_TEST(TransformAugmentedTest, OptionsApplyInTheirOrder) {
  const Image image = Pattern(9, 12, 3);
  const string options =
      "max_shift: 0.2 max_scale: 0.25 max_rotation: 20 max_contrast: 0.5 "
      "max_brightness: 0.75 crop_size: 6 mirror: true scale: 0.01 "
      "mean_value: 10 mean_value: 20 mean_value: 30";
  int mirrored = 0;
  for (int trial = 0; trial < 20; ++trial) {
    Rng rng(5, trial), again(5, trial);
    const vector<TypeParam> out = this->Run(options, TRAIN, image, &rng);
    const int top = static_cast<int>(again.Uint64() % 4);
    const int left = static_cast<int>(again.Uint64() % 7);
    const bool mirror = (again.Uint32() >> 31) != 0;
    const Augmentation drawn =
        DrawAugmentation(TransformOptions(options), &again);
    EXPECT_EQ(again.position(), rng.position());
    mirrored += mirror;
    for (int c = 0; c < 3; ++c) {
      for (int h = 0; h < 6; ++h) {
        for (int w = 0; w < 6; ++w) {
          const double moved = MovedPixel(image, drawn, top + h,
                                          left + (mirror ? 5 - w : w), c);
          ASSERT_NEAR((moved - 10 * (c + 1)) * 0.01f * drawn.contrast +
                          drawn.brightness,
                      out[(c * 6 + h) * 6 + w], 1e-5)
              << trial;
        }
      }
    }
  }
  EXPECT_GT(mirrored, 2);
  EXPECT_LT(mirrored, 18);
}

// The mean stays where it is; the picture moves under it.
TYPED_TEST(TransformAugmentedTest, TheMeanImageIsNotMoved) {
  ImageFolder folder;
  BlobProto means;
  for (const int dim : {1, 8, 8}) means.mutable_shape()->add_dim(dim);
  for (int i = 0; i < 64; ++i) means.add_data(static_cast<float>(i));
  const string path = folder.Write("mean", means.SerializeAsString());
  Image flat(8, 8, 1);
  std::fill(flat.pixels.begin(), flat.pixels.end(), 100);
  Rng rng(1);
  const vector<TypeParam> out = this->Run(
      "max_rotation: 90 max_shift: 0.3 mean_file: '" + path + "'", TRAIN,
      flat, &rng);
  for (int i = 0; i < 64; ++i) EXPECT_NEAR(100 - i, out[i], 1e-4);
}

TYPED_TEST(TransformAugmentedTest, NumbersDrawnDoNotDependOnTheImage) {
  const string options = "max_shift: 0.1 max_brightness: 3 mirror: true";
  for (const auto& image :
       {Pattern(1, 1, 1), Pattern(9, 4, 3), Pattern(30, 40, 1)}) {
    Rng rng(2);
    this->Run(options, TRAIN, image, &rng);
    EXPECT_EQ(17u, rng.position());
    // Without these options, as before there were any.
    Rng plain(2);
    this->Run("mirror: true standardize: true", TRAIN, image, &plain);
    EXPECT_EQ(5u, plain.position());
  }
}

TYPED_TEST(TransformAugmentedTest, TestImagesAreNotMoved) {
  const Image image = Pattern(5, 7, 3);
  Rng rng(2);
  EXPECT_EQ(this->Run("crop_size: 4", TEST, image, &rng),
            this->Run("crop_size: 4 max_shift: 0.4 max_scale: 0.4 "
                      "max_rotation: 90 max_contrast: 1 max_brightness: 50",
                      TEST, image, &rng));
  EXPECT_EQ(0u, rng.position());
}

// The values were worked out in Python: (x - mean) / max(deviation, 1).
TYPED_TEST(TransformAugmentedTest, ValuesAreStandardized) {
  Image image(2, 3, 1);
  image.pixels = {0, 50, 100, 150, 200, 7};
  const double expected[] = {-1.15333063, -0.47088647, 0.21155769,
                             0.89400185,  1.57644601,  -1.05778845};
  Rng rng(2);
  for (const Phase phase : {TRAIN, TEST}) {
    const vector<TypeParam> out =
        this->Run("standardize: true", phase, image, &rng);
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(expected[i], out[i], 1e-6) << i;
  }
  // Mean and scale: the one is taken away anyway, the other comes after.
  const vector<TypeParam> scaled = this->Run(
      "standardize: true scale: 0.01 mean_value: 60", TEST, image, &rng);
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(expected[i] / 100, scaled[i], 1e-7) << i;
  }
  // Nearly one colour: a deviation of 0.5 counts as 1.
  image.pixels = {9, 9, 9, 10, 10, 10};
  EXPECT_NEAR(-0.5, this->Run("standardize: true", TEST, image, &rng)[0],
              1e-6);
}

// By the whole image's mean and deviation, whatever is moved in and cut off.
TYPED_TEST(TransformAugmentedTest, StandardizedOverTheImage) {
  const Image image = Pattern(9, 12, 3);
  double sum = 0, squares = 0;
  for (const double pixel : image.pixels) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const double count = image.pixels.size(), mean = sum / count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  const string options = "max_shift: 0.3 max_scale: 0.4 crop_size: 6 "
                         "mirror: true ";
  for (int trial = 0; trial < 10; ++trial) {
    Rng rng(6, trial), again(6, trial);
    const vector<TypeParam> plain = this->Run(options, TRAIN, image, &rng);
    const vector<TypeParam> out = this->Run(
        options + "standardize: true standardize_over: IMAGE scale: 0.5",
        TRAIN, image, &again);
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR((plain[i] - mean) / deviation / 2, out[i], 1e-5) << trial;
    }
  }
  // Without `standardize` it says nothing.
  Rng rng(6), again(6);
  EXPECT_EQ(this->Run("crop_size: 6", TRAIN, image, &rng),
            this->Run("crop_size: 6 standardize_over: IMAGE mean_value: 0",
                      TRAIN, image, &again));
}

// All channels of the crop together, whatever was done to the image before.
TYPED_TEST(TransformAugmentedTest, WhatComesOutIsStandardized) {
  for (int trial = 0; trial < 10; ++trial) {
    Rng rng(4, trial);
    const vector<TypeParam> out = this->Run(
        "standardize: true crop_size: 6 max_shift: 0.3 max_rotation: 30 "
        "mean_value: 3 mean_value: 80 mean_value: 20",
        TRAIN, Pattern(9, 8, 3), &rng);
    double sum = 0, squares = 0;
    for (const TypeParam value : out) {
      sum += value;
      squares += double{value} * value;
    }
    EXPECT_NEAR(0, sum / out.size(), 1e-5);
    EXPECT_NEAR(1, squares / out.size(), 1e-5);
  }
}

TYPED_TEST(TransformAugmentedTest, BrightnessIsInUnitsOfWhatComesOut) {
  Image flat(2, 2, 1);
  std::fill(flat.pixels.begin(), flat.pixels.end(), 200);
  double least = 9, most = -9;
  for (int i = 0; i < 200; ++i) {
    Rng rng(4, i);
    const double value = this->Run("standardize: true max_brightness: 0.5",
                                   TRAIN, flat, &rng)[0];
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_NEAR(-0.5, least, 0.02);
  EXPECT_NEAR(0.5, most, 0.02);
}

TEST(AugmentationTest, OptionsOutOfRangeAreRefused) {
  const auto error = [](const std::string& text) {
    return InputError([&] {
      DataTransformer<float> transformer(TransformOptions(text), TEST);
    });
  };
  ExpectHas(error("max_shift: -0.1"), "max_shift is -0.1; wanted 0 to 0.5");
  ExpectHas(error("max_scale: 1"), "max_scale is 1; wanted 0 to 0.5");
  ExpectHas(error("max_rotation: 181"), "max_rotation is 181; wanted 0 to 180");
  ExpectHas(error("max_contrast: 1.5"), "max_contrast is 1.5; wanted 0 to 1");
  ExpectHas(error("max_brightness: -1"), "max_brightness is -1; wanted 0 or");
  ExpectHas(error("max_brightness: inf"), "max_brightness is inf; wanted 0 or");
  ExpectHas(error("max_shift: nan"), "max_shift is nan; wanted 0 to 0.5");
}

}  // namespace caffe
