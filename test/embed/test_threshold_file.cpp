// The file of a verification's threshold: there and back, and what is refused.
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "caffe/common.hpp"
#include "test/data/image_files.hpp"
#include "embed/threshold_file.hpp"

namespace caffe {
namespace {

VerificationThreshold SomeThreshold() {
  VerificationThreshold threshold;
  threshold.set_threshold(1.0 / 3);
  threshold.set_distance("cosine");
  threshold.set_flip(true);
  threshold.set_scale("0.0078125");
  threshold.set_far(1e-3);
  threshold.set_tar(0.98);
  threshold.set_impostor_pairs(123456789012);
  threshold.set_weights_hash(0xfedcba9876543210u);
  return threshold;
}

TEST(ThresholdFile, IsReadAsItWasWritten) {
  ImageFolder folder;
  const string path = folder / "w.caffemodel.threshold";
  const VerificationThreshold written = SomeThreshold();
  WriteThreshold(path, written);
  EXPECT_EQ(written.SerializeAsString(),
            ReadThreshold(path).SerializeAsString());
  EXPECT_EQ(1.0 / 3, ReadThreshold(path).threshold());
  EXPECT_EQ(0xfedcba9876543210u, ReadThreshold(path).weights_hash());
}

TEST(ThresholdFile, LiesBesideTheLastWeights) {
  EXPECT_EQ("a/w.caffemodel.threshold", ThresholdPath("a/w.caffemodel"));
  EXPECT_EQ("b.threshold", ThresholdPath("a,b"));
  EXPECT_EQ("", ThresholdPath(""));
}

TEST(ThresholdFile, ReadsWhatWasWrittenByHand) {
  ImageFolder folder;
  const auto read =
      ReadThreshold(folder.Write("t", "# mine\ndistance: 'l2' threshold: 1"));
  EXPECT_EQ("l2", read.distance());
  EXPECT_EQ(1, read.threshold());
  EXPECT_FALSE(read.has_far());
}

TEST(ThresholdFile, NamesTheLineOfWhatIsWrong) {
  ImageFolder folder;
  const char* const wrong[][2] = {
      {"threshold: 1", ": has no distance; wanted squared_l2, l2"},
      {"distance: 'l2'", ": has no threshold"},
      {"distance: 'l3'\nthreshold: 1", ":1: unknown distance 'l3'"},
      {"distance: 'l2'\nthreshold: nan", ":2: threshold is nan"},
      {"distance: 'l2'\nthreshold: -inf", ":2: threshold is -inf"},
      {"distance: 'l2'\nthreshold: 1\nfar: 0", ":3: far is 0"},
      {"distance: 'l2'\nthreshold: 1\nfar: 1", ":3: far is 1"},
      {"distance: 'l2'\nthreshold: 1\nfar: nan", ":3: far is nan"},
      {"distance: 'l2'\nthreshold: 1\ntar: 1.5", ":3: tar is 1.5"},
      {"distance: 'l2'\nthreshold: 1\n\nimpostor_pairs: 0",
       ":4: impostor_pairs is 0"},
      {"distance: 'l2'\nthreshold: x",
       ":2: VerificationThreshold.threshold wants a number, found 'x'"},
      {"distance: 'l2'\nthreshhold: 1",
       ":2: VerificationThreshold has no field 'threshhold'; did you mean "
       "'threshold'?"},
      {"", ": the file is empty"},
  };
  for (const auto& one : wrong) {
    const string path = folder.Write("t", one[0]);
    const string message = InputError([&] { ReadThreshold(path); });
    ExpectHas(message, path + one[1]);
  }
}

TEST(ThresholdFile, IsNotWrittenWithWrongValues) {
  ImageFolder folder;
  const string path = folder / "t";
  WriteThreshold(path, SomeThreshold());
  VerificationThreshold wrong = SomeThreshold();
  wrong.set_threshold(std::numeric_limits<double>::quiet_NaN());
  ExpectHas(InputError([&] { WriteThreshold(path, wrong); }),
            path + ": threshold is nan");
  EXPECT_EQ(SomeThreshold().threshold(), ReadThreshold(path).threshold());
}

}  // namespace
}  // namespace caffe
