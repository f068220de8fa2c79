// What the log says of a set of images: what it mixes, what is squeezed, what
// is left out.

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/identity_list.hpp"
#include "data/image_survey.hpp"
#include "data/left_out.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

typedef std::vector<std::string> Paths;

std::string Logged(const std::function<void()>& call) {
  testing::internal::CaptureStderr();
  call();
  return testing::internal::GetCapturedStderr();
}

}  // namespace

TEST(ImageSurveyTest, MixedSetIsToldWithItsNumbers) {
  ImageFolder folder;
  const Paths paths = {folder.WriteFlat("a.pgm", 4, 4, 1, 1),
                         folder.WriteFlat("b.ppm", 4, 8, 3, 2),
                         folder.WriteFlat("c.ppm", 4, 4, 3, 2),
                         folder.Write("d.png", "GIF8")};
  const ImageSurvey survey = SurveyHeaders(paths, kMaxImagePixels, 2, 2);
  EXPECT_EQ(1u, survey.gray);
  EXPECT_EQ(2u, survey.color);
  EXPECT_EQ(1u, survey.squeezed);
  EXPECT_EQ(paths[1], survey.most_squeezed);
  ExpectHas(Logged([&] { TellColors("set", survey, "taken as gray"); }),
            "set: mixes gray and colour: 1 of 4 images are gray (the first: " +
                paths[0] + "), 2 in colour (the first: " + paths[1] +
                "); taken as gray");
  ExpectHas(Logged([&] { TellSqueezed("set", survey, 2, 2); }),
            "1 of 4 images by more than a tenth, most those of " + paths[1] +
                " (4x8)");
  ExpectHas(Logged([&] { TellBroken("set", survey); }),
            "set: 1 of 4 images cannot be read, the first: " + paths[3] +
                ": is a GIF");
}

TEST(ImageSurveyTest, LargeSetIsSampledAndSaysSo) {
  ImageFolder folder;
  const std::string gray = folder.WriteFlat("a.pgm", 4, 4, 1, 1);
  Paths paths(10000, gray);
  paths[0] = folder.WriteFlat("b.ppm", 4, 4, 3, 2);
  const ImageSurvey survey = SurveyHeaders(paths, kMaxImagePixels, 0, 0);
  ExpectHas(Logged([&] { TellColors("set", survey, "x"); }),
            "4095 of 4096 images looked at (of 10000) are gray");
}

TEST(LeftOutTest, FilesArePassedOverWithACountByEnding) {
  ImageFolder folder;
  folder.WriteFlat("set/ann/1.pgm", 2, 2, 1, 1);
  folder.WriteFlat("set/0.pgm", 2, 2, 1, 1);
  for (const char* name :
       {"ann/2.jpg_", "ann/3.GIF", "ann/4.gif", "ann/README", "ann/old/1.pgm",
        "ann/.hidden"}) {
    folder.Write(std::string("set/") + name, "");
  }
  const std::string log =
      Logged([&] { ReadIdentities(folder / "set", ""); });
  ExpectHas(log,
            "set: left out: 2 .gif, 1 without an ending, 1 .jpg_, 1 images "
            "beside the people's folders, 1 folders within the people's");
  ExpectHas(Logged([&] { ListImages(folder / "set", ""); }), "2 .gif");
}

}  // namespace caffe
