// Checking a whole set: everything that is wrong with it, at once.

#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/common.hpp"
#include "data/image_check.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

constexpr char kBroken[] = "P2 2 2 255 1";

typedef std::vector<std::string> Strings;

// Two people, two of whose five images are broken; one image of each is that of
// the other.
std::string WriteSet(const ImageFolder& folder) {
  folder.WriteFlat("set/ann/1.pgm", 4, 4, 1, 10);
  folder.WriteFlat("set/ann/2.png", 8, 4, 3, 20);
  folder.Write("set/ann/3.pgm", kBroken);
  folder.WriteFlat("set/bob/1.png", 4, 4, 1, 10);
  folder.Write("set/bob/2.pgm", kBroken);
  folder.Write("set/bob/notes.txt", "");
  return folder / "set";
}

}  // namespace

TEST(ImageCheckTest, EverythingWrongIsToldAtOnce) {
  ImageFolder folder;
  const std::string set = WriteSet(folder);
  std::filesystem::create_symlink(set + "/ann/1.pgm", set + "/bob/link.pgm");
  std::filesystem::create_hard_link(set + "/ann/2.png", set + "/ann/9.png");
  const ImageCheckReport report = CheckImages({set}, "", ImageNeeds());
  EXPECT_EQ(7u, report.images);
  EXPECT_EQ(2u, report.identities);
  ASSERT_EQ(2u, report.broken.size());
  ExpectHas(report.broken[0], "ann/3.pgm: PNM is truncated");
  ExpectHas(report.broken[1], "bob/2.pgm: PNM is truncated");
  EXPECT_EQ("1 .txt", report.sources[0].left_out);
  EXPECT_EQ(3u, report.gray);
  EXPECT_EQ(2u, report.color);
  EXPECT_EQ(2u, report.sizes.size());
  ASSERT_EQ(2u, report.same_file.size());
  EXPECT_EQ((Strings{set + "/ann/1.pgm", set + "/bob/link.pgm"}),
            report.same_file[0].paths);
  EXPECT_EQ((Strings{set + "/ann/2.png", set + "/ann/9.png"}),
            report.same_file[1].paths);
  ASSERT_EQ(1u, report.same_content.size());
  EXPECT_EQ((Strings{set + "/ann/1.pgm", set + "/bob/1.png"}),
            report.same_content[0].paths);
  EXPECT_TRUE(report.same_content[0].across);
  EXPECT_TRUE(report.few.empty());
  EXPECT_EQ(Strings{"2 images cannot be read"}, report.stops);
}

TEST(ImageCheckTest, AnImageThatIsNamedTwiceIsOne) {
  ImageFolder folder;
  const std::string set = WriteSet(folder);
  const ImageCheckReport report =
      CheckImages({set, set + "/ann"}, "", ImageNeeds());
  EXPECT_EQ(2u, report.broken.size());
  EXPECT_EQ(2u, report.gray);
  EXPECT_EQ(1u, report.color);
}

TEST(ImageCheckTest, ReportIsTheSameForAnyNumberOfThreads) {
  ImageFolder folder;
  const std::string set = WriteSet(folder);
  const int threads = Caffe::threads();
  std::vector<ImageCheckReport> reports;
  for (const int count : {1, 3}) {
    Caffe::set_threads(count);
    reports.push_back(CheckImages({set, set + "/ann"}, "", ImageNeeds()));
  }
  Caffe::set_threads(threads);
  EXPECT_EQ(reports[0].broken, reports[1].broken);
  ASSERT_EQ(reports[0].same_content.size(), reports[1].same_content.size());
  EXPECT_EQ(reports[0].same_content[0].paths,
            reports[1].same_content[0].paths);
}

TEST(ImageCheckTest, ListsAreReadToTheirEnd) {
  ImageFolder folder;
  const std::string set = WriteSet(folder);
  const std::string list = folder.Write(
      "list.txt",
      "set/ann/1.pgm 7\nset/none.pgm 7\nset/bob/1.png -1\nset/gone.pgm\n");
  const ImageCheckReport report = CheckImages({set, list}, "", ImageNeeds());
  ASSERT_EQ(2u, report.faults.size());
  ExpectHas(report.faults[0], "list.txt:2: no such image: ");
  ExpectHas(report.faults[1], "list.txt:4: no such image: ");
  // Label 7 is the one of Ann's folder.
  ASSERT_EQ(1u, report.shared.size());
  EXPECT_EQ("ann", report.shared[0].name);
  ASSERT_EQ(2u, report.few.size());
  EXPECT_EQ("bob", report.few[0].name);
  EXPECT_EQ("7", report.few[1].name);
}

TEST(ImageCheckTest, WhatALayerWantsDecidesWhatStopsIt) {
  ImageFolder folder;
  const std::string set = WriteSet(folder);
  ImageNeeds needs;
  needs.layer = "layer 'data'";
  needs.skip_broken = true;
  EXPECT_TRUE(CheckImages({set}, "", needs).stops.empty());
  needs.one_size = true;
  needs.crop = 5;
  needs.least_people = 2;
  const Strings stops = CheckImages({set}, "", needs).stops;
  ASSERT_EQ(3u, stops.size());
  ExpectHas(stops[0], "2 sizes of images, and layer 'data' wants one");
  ExpectHas(stops[1], "3 images are too small");
  ExpectHas(stops[2], "1 identities have 2 images or more");
}

TEST(ImageCheckTest, NamesThatAreNotUtf8AreListed) {
  ImageFolder folder;
  folder.WriteFlat("set/a\xc3\xb1.pgm", 2, 2, 1, 1);
  folder.WriteFlat("set/b\xf1.pgm", 2, 2, 1, 1);
  const ImageCheckReport report =
      CheckImages({folder / "set"}, "", ImageNeeds());
  EXPECT_EQ(Strings{folder / "set/b\xf1.pgm"}, report.names);
}

}  // namespace caffe
