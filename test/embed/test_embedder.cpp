// The way from images to rows: each option against the same thing said
// by the net, and public weights on public faces against stored rows.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "caffe/common.hpp"
#include "caffe/embedder.hpp"
#include "data/npy.hpp"
#include "test/data/image_files.hpp"

namespace caffe {
namespace {

// A net of one Input layer and what passes its blob on.
string EmbedderNet(const ImageFolder& folder, const string& name,
                   const string& shape, const string& options,
                   const string& layer = "type: 'Power'") {
  return folder.Write(name, "layer { name: 'data' type: 'Input' top: 'data' " +
                                options + " input_param { shape { " + shape +
                                " } } } layer { name: 'out' bottom: 'data' "
                                "top: 'out' " + layer + " }");
}

EmbedderOptions RowsOf(const string& blob, const ImageOptions& image = {}) {
  EmbedderOptions options;
  options.blob = blob;
  options.image = image;
  return options;
}

const char kColour[] = "dim: 2 dim: 3 dim: 4 dim: 6";

class EmbedderTest : public ::testing::Test {
 protected:
  EmbedderTest() {
    for (const char* name : {"a.png", "b.png", "c.png"}) {
      paths_.push_back(folder_ / name);
    }
    WriteImage(paths_[0], Pattern(10, 9, 3));
    WriteImage(paths_[1], Pattern(8, 12, 3));
    WriteImage(paths_[2], Pattern(6, 8, 1));
  }

  vector<float> Embed(const string& model, const ImageOptions& options = {}) {
    return Embedder(model, "", RowsOf("out", options)).Embed(paths_);
  }
  // The rows of a net that says nothing, and options; those of a net that says
  // the same itself.
  void ExpectSame(const ImageOptions& options, const string& said) {
    const auto got = Embed(EmbedderNet(folder_, "bare", kColour, ""), options);
    const auto want = Embed(EmbedderNet(folder_, "said", kColour, said));
    EXPECT_EQ(want, got);
    EXPECT_NE(Embed(EmbedderNet(folder_, "bare", kColour, "")), got);
  }
  string Refused(const ImageOptions& options, const string& shape = kColour,
                 const string& said = "") {
    const string model = EmbedderNet(folder_, "refusing", shape, said);
    return InputError([&] { Embed(model, options); });
  }

  ImageFolder folder_;
  vector<string> paths_;
};

TEST_F(EmbedderTest, WhatTheImagesMixIsToldOnce) {
  Embedder embedder(EmbedderNet(folder_, "bare", kColour, ""), "",
                    RowsOf("out"));
  testing::internal::CaptureStderr();
  embedder.Embed(paths_);
  const string log = testing::internal::GetCapturedStderr();
  ExpectHas(log, "mixes gray and colour: 1 of 3 images are gray (the first: " +
                     paths_[2] + "), 2 in colour");
  ExpectHas(log, "the resize to 4x6 (height x width) changes the proportions "
                 "of 2 of 3 images by more than a tenth, most those of " +
                     paths_[0] + " (10x9)");
  testing::internal::CaptureStderr();
  embedder.Embed(paths_);
  EXPECT_EQ("", testing::internal::GetCapturedStderr());
}

TEST_F(EmbedderTest, MeanAndScaleReplaceTheNets) {
  ImageOptions options;
  options.mean_values = {127.5f};
  ExpectSame(options, "transform_param { mean_value: 127.5 }");
  options.mean_values = {104, 117, 123};
  options.scale = 0.0078125f;
  const char said[] =
      "transform_param { mean_value: 104 mean_value: 117 mean_value: 123 "
      "scale: 0.0078125 }";
  ExpectSame(options, said);
  const string other =
      EmbedderNet(folder_, "other", kColour,
                  "transform_param { mean_file: 'none' scale: 3 }");
  EXPECT_EQ(Embed(EmbedderNet(folder_, "said", kColour, said)),
            Embed(other, options));
}

TEST_F(EmbedderTest, ResizeIsTheSizeBeforeTheCrop) {
  const char square[] = "dim: 2 dim: 3 dim: 4 dim: 4";
  ImageOptions options;
  options.resize = {7, 5};
  options.crop = {4, 4};
  const char said[] = "transform_param { crop_size: 4 } ";
  const auto want = Embed(folder_.Write(
      "said", "layer { name: 'data' type: 'Input' top: 'data' "
              "transform_param { crop_size: 4 } input_param { new_height: 7 "
              "new_width: 5 shape { dim: 2 dim: 3 dim: 4 dim: 4 } } } "
              "layer { name: 'out' type: 'Power' bottom: 'data' top: 'out' }"));
  EXPECT_EQ(want, Embed(EmbedderNet(folder_, "bare", square, ""), options));
  options.crop = {};
  EXPECT_EQ(want, Embed(EmbedderNet(folder_, "bare", square, said), options));
}

TEST_F(EmbedderTest, CropMayBeHigherThanWide) {
  ImageOptions options;
  options.resize = {9, 7};
  options.crop = {6, 2};
  const auto got = Embed(
      EmbedderNet(folder_, "bare", "dim: 1 dim: 3 dim: 6 dim: 2", ""), options);
  const Image whole = ResizeImage(ReadImage(paths_[0]), 9, 7);
  for (int c = 0; c < 3; ++c) {
    for (int h = 0; h < 6; ++h) {
      for (int w = 0; w < 2; ++w) {
        EXPECT_EQ(whole.at(h + 1, w + 2, c), got[(c * 6 + h) * 2 + w]);
      }
    }
  }
}

TEST_F(EmbedderTest, RgbTurnsTheChannelsBeforeTheMean) {
  ImageOptions options;
  options.rgb = true;
  options.mean_values = {1, 2, 3};
  const string model = EmbedderNet(folder_, "bare", kColour, "");
  const auto rgb = Embed(model, options);
  options.rgb = false;
  options.mean_values = {3, 2, 1};
  const auto bgr = Embed(model, options);
  ASSERT_EQ(3 * 72u, rgb.size());
  for (int i = 0; i < 3 * 72; ++i) {
    const int channel = i / 24 % 3;
    EXPECT_EQ(bgr[i + (1 - channel) * 48], rgb[i]) << i;
  }
}

TEST_F(EmbedderTest, FlipIsTheMeanOfBothRows) {
  ImageOptions options;
  options.flip = true;
  // One number for the left column of each image: its mirror image has the
  // right one's. A layer works in place on the input.
  const string text = "layer { name: 'data' type: 'Input' top: 'data' "
                "transform_param { mean_value: 100 } input_param { shape { " +
                string(kColour) + " } } } layer { name: 'twice' "
                "bottom: 'data' top: 'data' type: 'Power' "
                "power_param { scale: 2 } } layer { "
                "name: 'left' type: 'Slice' bottom: 'data' top: 'first' "
                "top: 'rest' slice_param { axis: 3 slice_point: 1 } }";
  const string model = folder_.Write("left", text);
  const auto got =
      Embedder(model, "", RowsOf("first", options)).Embed(paths_);
  ASSERT_EQ(3 * 12u, got.size());
  for (int i = 0; i < 3; ++i) {
    const Image image =
        ResizeImage(ConvertChannels(ReadImage(paths_[i]), 3), 4, 6);
    for (int k = 0; k < 12; ++k) {
      const float left = 2 * (image.at(k % 4, 0, k / 4) - 100);
      const float right = 2 * (image.at(k % 4, 5, k / 4) - 100);
      EXPECT_EQ((left + right) / 2, got[i * 12 + k]) << i << " " << k;
    }
  }
}

TEST_F(EmbedderTest, FlipKeepsRowsOfLengthOne) {
  ImageOptions options;
  options.flip = true;
  const auto rows = Embed(
      EmbedderNet(folder_, "unit", kColour, "", "type: 'Normalize'"), options);
  for (int i = 0; i < 3; ++i) {
    double squares = 0;
    for (int k = 0; k < 72; ++k) squares += rows[i * 72 + k] * rows[i * 72 + k];
    EXPECT_NEAR(1, squares, 1e-5);
  }
}

TEST_F(EmbedderTest, ALastBatchIsFilledUpWithItsLastImage) {
  Embedder embedder(
      EmbedderNet(folder_, "batch", kColour, "",
                  "type: 'BatchNorm' batch_norm_param { use_global_stats: "
                  "false }"),
      "", RowsOf("out"));
  const auto three = embedder.Embed(paths_);
  const auto twice = embedder.Embed({paths_[2], paths_[2]});
  ASSERT_EQ(3 * 72u, three.size());
  EXPECT_EQ(vector<float>(twice.begin(), twice.begin() + 72),
            vector<float>(three.begin() + 2 * 72, three.end()));
}

TEST_F(EmbedderTest, FlipConcatPutsTheMirrorImagesRowBehindTheOther) {
  ImageOptions options;
  options.flip = options.flip_concat = true;
  Embedder embedder(EmbedderNet(folder_, "same", kColour, ""), "",
                    RowsOf("out", options));
  EXPECT_EQ(2 * 72, embedder.width());
  const auto got = embedder.Embed(paths_);
  ASSERT_EQ(3 * 2 * 72u, got.size());
  EXPECT_EQ(2 * 72, embedder.width());
  for (int i = 0; i < 3; ++i) {
    const Image image =
        ResizeImage(ConvertChannels(ReadImage(paths_[i]), 3), 4, 6);
    for (int k = 0; k < 72; ++k) {
      const int y = k / 6 % 4, x = k % 6, c = k / 24;
      EXPECT_EQ(image.at(y, x, c), got[i * 144 + k]) << i << " " << k;
      EXPECT_EQ(image.at(y, 5 - x, c), got[i * 144 + 72 + k]) << i << " " << k;
    }
  }
}

// Values of an image as the net of kColour gets it.
vector<float> AsTheNetWants(const string& path) {
  const Image image = ResizeImage(ConvertChannels(ReadImage(path), 3), 4, 6);
  vector<float> values;
  for (int k = 0; k < 72; ++k) {
    values.push_back((image.at(k / 6 % 4, k % 6, k / 24) - 100) * 0.5f);
  }
  return values;
}

TEST_F(EmbedderTest, ArraysAndImagesInMemoryHaveTheRowsOfFiles) {
  const string model =
      EmbedderNet(folder_, "net", kColour,
                  "transform_param { mean_value: 100 scale: 0.5 }",
                  "type: 'InnerProduct' inner_product_param { num_output: 5 "
                  "weight_filler { type: 'xavier' } }");
  for (const bool flip : {false, true}) {
    ImageOptions image;
    image.flip = flip;
    Embedder embedder(model, "", RowsOf("out", image));
    EXPECT_EQ(5, embedder.width());
    EXPECT_EQ((vector<int>{3, 4, 6}), embedder.input_shape());
    const vector<float> files = embedder.Embed(paths_);
    ASSERT_EQ(15u, files.size());
    vector<float> arrays;
    vector<vector<uint8_t>> padded;
    vector<ImageView> views;
    for (const string& path : paths_) {
      const vector<float> one = AsTheNetWants(path);
      arrays.insert(arrays.end(), one.begin(), one.end());
      const Image pixels = ReadImage(path);
      const size_t row = pixels.width * pixels.channels, step = row + 7;
      padded.emplace_back(pixels.height * step, 255);
      for (int h = 0; h < pixels.height; ++h) {
        std::copy_n(&pixels.pixels[h * row], row, &padded.back()[h * step]);
      }
      views.push_back({padded.back().data(), pixels.height, pixels.width,
                       pixels.channels, step});
    }
    EXPECT_EQ(files, embedder.EmbedArrays(arrays.data(), arrays.size()));
    EXPECT_EQ(files, embedder.EmbedImages(views));
    EXPECT_TRUE(embedder.EmbedArrays(nullptr, 0).empty());
  }
}

TEST_F(EmbedderTest, RefusesArraysAndImagesThatAreNone) {
  Embedder embedder(EmbedderNet(folder_, "net", kColour, ""), "");
  const vector<float> values(150);
  ExpectHas(InputError([&] { embedder.EmbedArrays(values.data(), 150); }),
            "have 150 values, and one has 72: its shape is 3 4 6");
  const Image pixels = Pattern(5, 5, 3);
  const auto refused = [&](const ImageView& view) {
    return InputError([&] { embedder.EmbedImages({view}); });
  };
  ExpectHas(refused({pixels.pixels.data(), 5, 5, 4}),
            "image 0: is of 5x5x4 (height x width x channels)");
  ExpectHas(refused({nullptr, 5, 5, 3}), "image 0: ");
  ExpectHas(refused({pixels.pixels.data(), 0, 5, 3}), "image 0: ");
  ExpectHas(refused({pixels.pixels.data(), 5, 5, 3, 14}),
            "image 0: row_bytes is 14, and a row has 15 bytes");
}

TEST_F(EmbedderTest, IsAsBeforeAfterAnError) {
  Embedder embedder(EmbedderNet(folder_, "net", kColour, ""), "");
  const vector<float> before = embedder.Embed(paths_);
  // The third is alone in its batch.
  EXPECT_NE("", InputError([&] {
              embedder.Embed({paths_[0], paths_[1], "missing.png"});
            }));
  EXPECT_EQ(before, embedder.Embed(paths_));
}

TEST_F(EmbedderTest, MovesAndSaysWhereItIsGone) {
  const string model = EmbedderNet(folder_, "net", kColour, "");
  Embedder first(model, "");
  const vector<float> rows = first.Embed(paths_);
  Embedder second(std::move(first));
  EXPECT_EQ(rows, second.Embed(paths_));
  try {
    first.Embed(paths_);  // NOLINT: what happens to it is the question
    FAIL() << "embedded by nobody";
  } catch (const Error& error) {
    EXPECT_EQ(Error::kContract, error.kind());
    ExpectHas(error.what(), "moved from");
  }
  first = std::move(second);
  EXPECT_EQ(rows, first.Embed(paths_));
}

TEST_F(EmbedderTest, TheHashIsThatOfTheWeights) {
  const auto hash = [&](const string& value) {
    const string layer = "type: 'Bias' bias_param { filler { type: 'constant' "
                         "value: " + value + " } }";
    return Embedder(EmbedderNet(folder_, "net", kColour, "", layer), "")
        .WeightsHash();
  };
  EXPECT_EQ(hash("1"), hash("1"));
  EXPECT_NE(hash("1"), hash("2"));
}

TEST_F(EmbedderTest, RefusesWhatDoesNotFitTheNet) {
  const char gray[] = "dim: 2 dim: 1 dim: 4 dim: 6";
  ImageOptions means;
  means.mean_values = {1, 2, 3};
  ExpectHas(Refused(means, gray), "found 3 numbers");
  ImageOptions rgb;
  rgb.rgb = true;
  ExpectHas(Refused(rgb, gray), "--channels=rgb");
  ImageOptions crop;
  crop.crop = {4, 5};
  ExpectHas(Refused(crop), "is 4x6 (height x width)");
  crop.crop = {4, 6};
  ExpectHas(Refused(crop, kColour, "transform_param { mean_file: 'm' }"),
            "--mean_value");
  ImageOptions none;
  none.resize = {-3, 5};
  ExpectHas(Refused(none), "--resize=-3x5: wanted HEIGHTxWIDTH");
  none.resize = {};
  none.scale = 0;
  ExpectHas(Refused(none), "--scale=0: wanted a number that is not 0");
  crop.resize = {4, 5};
  ExpectHas(Refused(crop), "a.png: --crop=4x6 is larger than the image of 4x5");
}

// The rows of `extract --images` of the faces that are there, and the stored
// rows of a float64 pass over the same faces.
TEST(EmbedderFaces, ExtractWithFlagsEqualsTheReference) {
  TERCET_SHARED_OR_SKIP(net, "golden/models/mobilefacenet_honghu");
  TERCET_SHARED_OR_SKIP(faces, "data/lfw112_train");
  ImageFolder folder;
  std::ifstream names(net + "/real_faces/names.txt");
  string list;
  vector<int> rows;
  int row = 0;
  for (string name; std::getline(names, name); ++row) {
    if (!std::ifstream(faces + "/" + name).good()) continue;
    list += faces + "/" + name + "\n";
    rows.push_back(row);
  }
  if (rows.empty()) GTEST_SKIP() << "none of the golden faces is in " << faces;
  const string command =
      string(TERCET_TOOLS_DIR) + "/extract --model=" + net +
      "/deploy.prototxt --weights=" + net + "/model.caffemodel --blob=fc1" +
      " --images=" + folder.Write("list", list) + " --out=" + (folder / "out") +
      " --mean_value=127.5 --scale=0.0078125 --channels=rgb 2>/dev/null";
  ASSERT_EQ(0, std::system(command.c_str())) << command;
  const auto got = ReadNpy<float>(folder / "out");
  const auto want = ReadNpy<double>(net + "/real_faces/ref64.npy");
  ASSERT_EQ(rows.size() * 128, got.data.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int k = 0; k < 128; ++k) {
      EXPECT_NEAR(want.data[rows[i] * 128 + k], got.data[i * 128 + k], 2e-5)
          << "face " << rows[i] << " value " << k;
    }
  }
}

}  // namespace
}  // namespace caffe
