// Whether two images show one person: where the threshold comes from, what is
// refused, and that all ways to a verdict are one.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "caffe/common.hpp"
#include "caffe/embedder.hpp"
#include "net/weights.hpp"
#include "test/data/image_files.hpp"

namespace caffe {
namespace {

using metric::Distance;

// A net whose rows are the 2 x 2 pixels of gray images, and a weights file that
// fits it. The images differ by 3 in one pixel and by 4 in another.
class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    model_ = folder_.Write(
        "net", "layer { name: 'data' type: 'Input' top: 'data' input_param { "
               "shape { dim: 2 dim: 1 dim: 2 dim: 2 } } } layer { name: 'rows' "
               "type: 'Bias' bottom: 'data' top: 'rows' } layer { name: 'far' "
               "type: 'Power' bottom: 'data' top: 'far' power_param { "
               "power: 20 } } layer { name: 'end' type: 'Silence' "
               "bottom: 'far' }");
    weights_ = folder_ / "w.caffemodel";
    NetParameter weights;
    LayerParameter& layer = *weights.add_layer();
    layer.set_name("rows");
    layer.add_blobs()->mutable_shape()->add_dim(1);
    layer.mutable_blobs(0)->add_data(0);
    WriteWeights(weights_, weights);
    a_ = folder_.Write("a.pgm", "P2 2 2 255 10 20 30 40");
    b_ = folder_.Write("b.pgm", "P2 2 2 255 10 23 30 44");
    dark_ = folder_.Write("dark.pgm", "P2 2 2 255 0 0 0 0");
  }

  void WriteFile(const string& text) {
    folder_.Write("w.caffemodel.threshold", text);
  }
  Verdict VerifyWith(const EmbedderOptions& options) {
    return Embedder(model_, weights_, options).Verify(a_, b_);
  }
  string Refused(const EmbedderOptions& options) {
    return InputError([&] { VerifyWith(options); });
  }

  ImageFolder folder_;
  string model_, weights_, a_, b_, dark_;
  EmbedderOptions options_;
};

TEST_F(VerdictTest, IsByAThresholdThatIsGiven) {
  WriteFile("this is not read");
  options_.threshold = 25;
  EXPECT_EQ(25, VerifyWith(options_).distance);
  EXPECT_EQ(25, VerifyWith(options_).threshold);
  EXPECT_TRUE(VerifyWith(options_).same);
  options_.threshold = std::nextafter(25., 0.);
  EXPECT_FALSE(VerifyWith(options_).same);
  options_.distance = Distance::kL1;
  EXPECT_EQ(7, VerifyWith(options_).distance);
}

TEST_F(VerdictTest, IsByTheFileBesideTheWeights) {
  WriteFile("threshold: 9 distance: 'l1' scale: '2' flip: true");
  Embedder embedder(model_, weights_);
  EXPECT_TRUE(embedder.has_threshold());
  EXPECT_EQ(Distance::kL1, embedder.distance());
  // Both columns become their mean: 2 * (3 / 2 + 4 / 2) * 2.
  const Verdict verdict = embedder.Verify(a_, b_);
  EXPECT_EQ(14, verdict.distance);
  EXPECT_EQ(9, verdict.threshold);
  EXPECT_FALSE(verdict.same);
}

TEST_F(VerdictTest, IsByAFileThatIsNamed) {
  options_.threshold_file =
      folder_.Write("mine", "threshold: 5 distance: 'l2'");
  EXPECT_EQ(5, VerifyWith(options_).distance);
  EXPECT_TRUE(VerifyWith(options_).same);
  options_.threshold_file = folder_ / "missing";
  ExpectHas(Refused(options_), options_.threshold_file);
}

TEST_F(VerdictTest, OfRowsIsThatOfTheirImages) {
  WriteFile("threshold: 5 distance: 'l2'");
  Embedder embedder(model_, weights_);
  const vector<float> rows = embedder.Embed({a_, b_});
  const Verdict verdict = embedder.Verify(&rows[0], &rows[4]);
  EXPECT_EQ(embedder.Verify(a_, b_).distance, verdict.distance);
  EXPECT_TRUE(verdict.same);
  EXPECT_EQ(5, embedder.Distance(&rows[0], &rows[4]));
}

TEST_F(VerdictTest, WantsAThreshold) {
  const char none[] = "there is no threshold: EmbedderOptions give none";
  ExpectHas(Refused(options_), none);
  ExpectHas(Refused(options_), weights_ + ".threshold does not exist");
  WriteFile("threshold: 9 distance: 'l1'");
  options_.use_threshold_file = false;
  ExpectHas(Refused(options_), none);
  Embedder embedder(model_, weights_, options_);
  EXPECT_FALSE(embedder.has_threshold());
  EXPECT_EQ(Distance::kSquaredL2, embedder.distance());
  const vector<float> rows = embedder.Embed({a_, b_});
  ExpectHas(InputError([&] { embedder.Verify(&rows[0], &rows[4]); }), none);
  EXPECT_EQ(25, embedder.Distance(&rows[0], &rows[4]));
}

TEST_F(VerdictTest, RefusesWhatTheThresholdWasNotFoundWith) {
  WriteFile("threshold: 9 distance: 'l1' scale: '2' blob: 'rows'");
  options_.distance = Distance::kL1;
  options_.image.scale = 2;
  options_.blob = "rows";
  EXPECT_FALSE(VerifyWith(options_).same);
  const EmbedderOptions fits = options_;
  options_.distance = Distance::kL2;
  ExpectHas(Refused(options_), "--distance: the threshold of " + weights_);
  options_ = fits;
  options_.image.scale = 1;
  ExpectHas(Refused(options_), "--scale: the threshold of ");
  options_ = fits;
  options_.image.flip = true;
  ExpectHas(Refused(options_), "--flip: the threshold of ");
  options_ = fits;
  options_.image.crop = {2, 2};
  ExpectHas(Refused(options_), "--crop: the threshold of ");
  options_ = fits;
  options_.blob = "far";
  ExpectHas(Refused(options_), "--blob: the threshold of ");
}

TEST_F(VerdictTest, NamesASettingThatIsNone) {
  WriteFile("threshold: 9 distance: 'l1' crop: 'all'");
  ExpectHas(Refused(options_),
            weights_ + ".threshold: --crop=all: wanted HEIGHTxWIDTH");
  options_.threshold = NAN;
  ExpectHas(Refused(options_), "--threshold=nan: wanted a finite number");
}

TEST_F(VerdictTest, RefusesRowsThatHaveNoDistance) {
  options_.threshold = 1;
  options_.distance = Distance::kCosine;
  Embedder cosine(model_, weights_, options_);
  ExpectHas(InputError([&] { cosine.Verify(a_, dark_); }),
            dark_ + ": its embedding is all zeros");
  const vector<float> rows = {1, 2, 3, 4, 1, 2, INFINITY, 4};
  ExpectHas(InputError([&] { cosine.Verify(&rows[0], &rows[4]); }),
            "b: its embedding holds NaN or infinite values");
  // 10^20 and more, whose squares are no floats.
  options_.distance = Distance::kSquaredL2;
  options_.blob = "far";
  ExpectHas(Refused(options_), "is not a finite number");
}

}  // namespace
}  // namespace caffe
