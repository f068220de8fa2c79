// transform_param: each option against its formula, and what it refuses.

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/transformer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

template <typename Dtype>
class DataTransformerTest : public ::testing::Test {
 protected:
  static TransformationParameter Param(const string& text) {
    TransformationParameter param;
    CHECK(google::protobuf::TextFormat::ParseFromString(text, &param));
    return param;
  }
  static vector<Dtype> Run(const string& text, Phase phase,
                           const Image& image, Rng rng = Rng(1)) {
    const DataTransformer<Dtype> transformer(Param(text), phase);
    const vector<int> shape = transformer.OutputShape(
        image.channels, image.height, image.width);
    vector<Dtype> out(shape[0] * shape[1] * shape[2]);
    transformer.Transform(image, &rng, out.data());
    return out;
  }
  static string ErrorOf(const string& text, const Image& image) {
    return InputError([&] { Run(text, TRAIN, image); });
  }
  // A mean file that holds 0, 1, 2, ...
  static string MeanFile(const ImageFolder& folder, const vector<int>& shape,
                         bool legacy) {
    BlobProto proto;
    int count = 1;
    for (const int dim : shape) count *= dim;
    if (legacy) {
      proto.set_num(1);
      proto.set_channels(shape[0]);
      proto.set_height(shape[1]);
      proto.set_width(shape[2]);
    } else {
      for (const int dim : shape) proto.mutable_shape()->add_dim(dim);
    }
    for (int i = 0; i < count; ++i) proto.add_data(static_cast<float>(i));
    return folder.Write("mean.binaryproto", proto.SerializeAsString());
  }
};

TYPED_TEST_SUITE(DataTransformerTest, TestDtypes);

TYPED_TEST(DataTransformerTest, PixelsBecomePlanes) {
  const Image image = Pattern(3, 4, 3);
  const vector<TypeParam> out = this->Run("", TEST, image);
  for (int c = 0; c < 3; ++c) {
    for (int h = 0; h < 3; ++h) {
      for (int w = 0; w < 4; ++w) {
        EXPECT_EQ(image.at(h, w, c), out[(c * 3 + h) * 4 + w]);
      }
    }
  }
}

TYPED_TEST(DataTransformerTest, MeanIsTakenOffBeforeScale) {
  const Image image = Pattern(2, 2, 3);
  const vector<TypeParam> out = this->Run(
      "scale: 0.5 mean_value: 1 mean_value: 20 mean_value: 300", TEST, image);
  EXPECT_EQ((image.at(0, 1, 0) - 1) * 0.5, out[1]);
  EXPECT_EQ((image.at(0, 0, 1) - 20) * 0.5, out[4]);
  EXPECT_EQ((image.at(1, 1, 2) - 300) * 0.5, out[11]);
  EXPECT_EQ(image.at(1, 1, 2) - 127.5,
            this->Run("mean_value: 127.5", TEST, image)[11]);
}

TYPED_TEST(DataTransformerTest, CropIsCentralInTest) {
  const Image image = Pattern(7, 10, 1);
  const vector<TypeParam> out =
      this->Run("crop_size: 4 mirror: true", TEST, image);
  for (int h = 0; h < 4; ++h) {
    for (int w = 0; w < 4; ++w) {
      EXPECT_EQ(image.at(1 + h, 3 + w, 0), out[h * 4 + w]);
    }
  }
}

TYPED_TEST(DataTransformerTest, CropAndMirrorReachEveryPlaceInTrain) {
  Image image(4, 5, 1);
  for (int i = 0; i < 20; ++i) image.pixels[i] = static_cast<uint8_t>(i);
  std::set<vector<TypeParam>> seen;
  for (int i = 0; i < 500; ++i) {
    const vector<TypeParam> out =
        this->Run("crop_size: 3 mirror: true", TRAIN, image, Rng(1, i));
    EXPECT_EQ(1, std::abs(out[1] - out[0]));
    EXPECT_EQ(5, out[3] - out[0]);
    seen.insert(out);
    EXPECT_EQ(out, this->Run("crop_size: 3 mirror: true", TRAIN, image,
                             Rng(1, i)));
  }
  EXPECT_EQ(2u * 3 * 2, seen.size());
}

TYPED_TEST(DataTransformerTest, WithoutMirrorNothingIsRandom) {
  const Image image = Pattern(4, 5, 1);
  const vector<TypeParam> plain = this->Run("", TEST, image);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(plain, this->Run("", TRAIN, image, Rng(1, i)));
  }
}

TYPED_TEST(DataTransformerTest, GrayAndColorAreForced) {
  const Image gray = Pattern(2, 3, 1), color = Pattern(2, 3, 3);
  const vector<TypeParam> three = this->Run("force_color: true", TEST, gray);
  ASSERT_EQ(18u, three.size());
  EXPECT_EQ(gray.at(1, 2, 0), three[17]);
  const vector<TypeParam> one = this->Run("force_gray: true", TEST, color);
  ASSERT_EQ(6u, one.size());
  EXPECT_EQ(ConvertChannels(color, 1).at(1, 2, 0), one[5]);
}

TYPED_TEST(DataTransformerTest, MeanFileFollowsTheCrop) {
  ImageFolder folder;
  const Image image = Pattern(5, 4, 3);
  for (const bool legacy : {false, true}) {
    const string path = this->MeanFile(folder, {3, 5, 4}, legacy);
    const vector<TypeParam> out = this->Run(
        "crop_size: 2 mean_file: '" + path + "'", TEST, image);
    // The crop begins at row 1, column 1.
    EXPECT_EQ(image.at(1, 1, 0) - 5, out[0]);
    EXPECT_EQ(image.at(2, 2, 2) - (2 * 20 + 2 * 4 + 2), out[11]);
  }
}

TYPED_TEST(DataTransformerTest, OptionsThatDoNotFitAreRefused) {
  const Image image = Pattern(4, 5, 3);
  ExpectHas(this->ErrorOf("crop_size: 5", image),
            "crop_size 5 is larger than the image of 4 x 5");
  ExpectHas(this->ErrorOf("crop_size: 4294967295", image), "crop_size is 42");
  ExpectHas(this->ErrorOf("mean_value: 1 mean_value: 2", image),
            "found 2 mean_value for images of 3 channels");
  ExpectHas(this->ErrorOf("force_gray: true force_color: true", image),
            "exclude each other");
  ExpectHas(this->ErrorOf("standardize: true standardize_over: IMAGE "
                          "mean_value: 60", image),
            "standardize_over: IMAGE takes away the image's own mean; "
            "mean_file and mean_value do not go with it");
  ExpectHas(this->ErrorOf("mean_value: 1 mean_file: 'x'", image),
            "mean_file and mean_value exclude each other");
}

TYPED_TEST(DataTransformerTest, BadMeanFilesAreRefused) {
  ImageFolder folder;
  const Image image = Pattern(4, 5, 3);
  ExpectHas(this->ErrorOf("mean_file: '/no/such'", image),
            "mean_file: /no/such: no such file");
  const string junk = folder.Write("junk", "this is text\n");
  ExpectHas(this->ErrorOf("mean_file: '" + junk + "'", image),
            "is not a BlobProto in binary");
  const string size = this->MeanFile(folder, {3, 2, 5}, false);
  ExpectHas(this->ErrorOf("mean_file: '" + size + "'", image),
            "mean_file is of 3 x 2 x 5 (channels, height, width), the image "
            "3 x 4 x 5");
  BlobProto huge;
  for (int i = 0; i < 3; ++i) huge.mutable_shape()->add_dim(1000000000);
  huge.add_data(1);
  const string path = folder.Write("huge", huge.SerializeAsString());
  ExpectHas(this->ErrorOf("mean_file: '" + path + "'", image),
            "an axis of 1000000000 and 1 values");
}

}  // namespace caffe
