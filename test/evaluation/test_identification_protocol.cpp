// Identification: how gallery and probes are read, and figures worked out by
// hand.
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "test/data/image_files.hpp"
#include "evaluation/identification_protocol.hpp"

namespace caffe {
namespace {

typedef std::vector<int> Numbers;

std::string RefusedGallery(const IdentificationLists& lists) {
  return InputError([&] { ReadGalleryAndProbes(lists); });
}

TEST(IdentificationProtocolTest, FoldersShareTheNamesOfPeople) {
  ImageFolder folder;
  for (const char* name : {"g/ann/1.png", "g/bob/1.png", "g/bob/2.png",
                           "p/aaron/1.png", "p/bob/3.png", "p/ann/4.png"}) {
    folder.Write(name, "");
  }
  IdentificationLists lists;
  lists.gallery = folder / "g";
  lists.probes = folder / "p";
  const GalleryAndProbes images = ReadGalleryAndProbes(lists);
  EXPECT_EQ((Numbers{0, 1, 1}), images.gallery.labels);
  EXPECT_EQ((Numbers{2, 0, 1}), images.probes.labels);
  EXPECT_EQ(folder / "p/ann/4.png", images.probes.paths[1]);
  EXPECT_TRUE(images.probes.cameras.empty());
  lists.cameras = true;
  ExpectHas(RefusedGallery(lists), "/g: a folder tells no cameras; wanted two "
                                   "lists with lines `path label camera`");
  lists.probes = folder.Write("probes", "p/ann/4.png 1\n");
  EXPECT_EQ(lists.probes + ": is no folder, but " + lists.gallery +
                " is one; wanted two folders or two lists",
            RefusedGallery(lists));
}

TEST(IdentificationProtocolTest, ProbesInTheGalleryAreWarnedOf) {
  ImageFolder folder;
  IdentificationLists lists;
  lists.on_disk = false;
  const auto log = [&](const std::string& end) {
    lists.cameras = !end.empty();
    lists.gallery =
        folder.Write("gallery", "a 1" + end + "\nb 2" + end + "\n");
    lists.probes = folder.Write("probes", "c 1" + end + "\nb 2" + end + "\n");
    testing::internal::CaptureStderr();
    ReadGalleryAndProbes(lists);
    return testing::internal::GetCapturedStderr();
  };
  const std::string warning = log("");
  ExpectHas(warning, "/probes: 1 of 2 probes are images of " + lists.gallery +
                         ", too: each finds itself");
  EXPECT_EQ("", log(" 1"));
}

TEST(IdentificationProtocolTest, ListsKeepTheirOrderAndTellCameras) {
  ImageFolder folder;
  for (const char* name : {"b 2.png", "a.png"}) folder.Write(name, "");
  IdentificationLists lists;
  lists.cameras = true;
  lists.gallery =
      folder.Write("gallery", "\xef\xbb\xbf" "b 2.png 7 3\r\n\na.png 5\t1\r\n");
  lists.probes = folder.Write("probes", "a.png 7 1\n");
  GalleryAndProbes images = ReadGalleryAndProbes(lists);
  EXPECT_EQ((std::vector<std::string>{folder / "b 2.png", folder / "a.png"}),
            images.gallery.paths);
  EXPECT_EQ((Numbers{7, 5}), images.gallery.labels);
  EXPECT_EQ((Numbers{3, 1}), images.gallery.cameras);
  lists.probes = folder.Write("probes", "no image 7 1\n");
  lists.on_disk = false;
  images = ReadGalleryAndProbes(lists);
  EXPECT_EQ("no image", images.probes.paths[0]);
  lists.on_disk = true;
  EXPECT_EQ(lists.probes + ":1: no such image: " + (folder / "no image") +
                " (first of 1 such among 1 lines)",
            RefusedGallery(lists));
  lists.probes = folder.Write("probes", "a.png 7 1\na.png 7\na.png -2 1\n");
  EXPECT_EQ(lists.probes + ":2: found 'a.png 7'; wanted `path label camera`, "
                           "numbers from 0 to 16777216 (or the label -1: of "
                           "nobody) (first of 2 such among 3 lines)",
            RefusedGallery(lists));
  lists.cameras = false;
  lists.gallery = folder.Write("gallery", "a.png x\n");
  ExpectHas(RefusedGallery(lists), "gallery:1: found 'a.png x'; wanted `path "
                                   "label`, numbers");
}

// Market-1501 marks with -1 what shows nobody; it is neither right nor wrong.
TEST(IdentificationProtocolTest, JunkIsPassedOverAndCounted) {
  ImageFolder folder;
  IdentificationLists lists;
  lists.on_disk = false;
  lists.cameras = true;
  lists.gallery =
      folder.Write("gallery", "x -1 -1\na 5 2\nz -1 3\nb 7 2\n");
  lists.probes = folder.Write("probes", "p 5 1\n");
  testing::internal::CaptureStderr();
  const GalleryAndProbes images = ReadGalleryAndProbes(lists);
  ExpectHas(testing::internal::GetCapturedStderr(),
            "/gallery: passed over 2 of 4 images: their label is -1");
  EXPECT_EQ((Numbers{5, 7}), images.gallery.labels);
  const std::vector<float> rows =
      KeepRows(images.gallery, {0, 1, 2, 3}, 1);
  EXPECT_EQ((std::vector<float>{1, 3}), rows);
  const IdentificationReport report =
      JudgeIdentification(IdentificationProtocol(), images, rows, {0}, 1);
  EXPECT_EQ(2, report.gallery);
  EXPECT_EQ(2, report.junk);
  EXPECT_EQ(1, report.map.value);
  lists.gallery = folder.Write("gallery", "x -1 1\n");
  ExpectHas(RefusedGallery(lists), "all of its 1 images have label -1");
}

TEST(IdentificationProtocolTest, AFolderOfJunkIsPassedOver) {
  ImageFolder folder;
  for (const char* name : {"g/-1/1.png", "g/-1/2.png", "g/ann/1.png",
                           "p/ann/4.png"}) {
    folder.Write(name, "");
  }
  IdentificationLists lists;
  lists.gallery = folder / "g";
  lists.probes = folder / "p";
  testing::internal::CaptureStderr();
  const GalleryAndProbes images = ReadGalleryAndProbes(lists);
  ExpectHas(testing::internal::GetCapturedStderr(), "passed over 2 of 3");
  EXPECT_EQ(1u, images.gallery.paths.size());
}

// On a line: people 1 and 2 at 0, 1, 4 and 10, probes beside them.
GalleryAndProbes FourInTheGallery() {
  GalleryAndProbes images;
  images.gallery.labels = {1, 2, 1, 2};
  images.probes.labels = {1, 2, 9};
  return images;
}

TEST(IdentificationProtocolTest, FiguresByHand) {
  const std::vector<float> gallery = {0, 1, 4, 10};
  // Person 1 at 0.1: right, wrong, right, wrong. Person 2 at 5: 4, 1, 0 / 10
  // (tied): wrong, right, then a tie of one right and one wrong.
  const std::vector<float> probes = {0.1f, 5, 3};
  IdentificationProtocol protocol;
  protocol.replicates = 100;
  const IdentificationReport report = JudgeIdentification(
      protocol, FourInTheGallery(), gallery, probes, 1);
  EXPECT_EQ(2, report.people);
  EXPECT_EQ(4, report.gallery);
  EXPECT_EQ(3, report.probes);
  EXPECT_EQ(1, report.without_mate);
  EXPECT_FALSE(report.cameras);
  ASSERT_EQ(20u, report.cmc.size());
  EXPECT_NEAR(0.5, report.cmc[0].value, 1e-12);
  EXPECT_NEAR(1, report.cmc[1].value, 1e-12);
  EXPECT_NEAR(1, report.cmc[19].value, 1e-12);
  // AP: (1 + 2/3) / 2, and (1/2 + (2/3 + 2/4) / 2) / 2.
  const double first = 5.0 / 6, second = (0.5 + 7.0 / 12) / 2;
  EXPECT_NEAR((first + second) / 2, report.map.value, 1e-12);
  EXPECT_NE(report.map.value, report.map_interpolated.value);
  // Of two people one may be drawn twice.
  EXPECT_EQ(100, report.replicates);
  EXPECT_NEAR(0, report.cmc[0].interval.low, 1e-12);
  EXPECT_NEAR(1, report.cmc[0].interval.high, 1e-12);
  EXPECT_NEAR(1, report.cmc[1].interval.low, 1e-12);
  EXPECT_NEAR(second, report.map.interval.low, 1e-12);
  EXPECT_NEAR(first, report.map.interval.high, 1e-12);
}

TEST(IdentificationProtocolTest, ImagesOfAPersonByTheProbesCameraAreLeftOut) {
  GalleryAndProbes images = FourInTheGallery();
  images.gallery.cameras = {1, 1, 2, 2};
  images.probes.cameras = {1, 1, 1};
  IdentificationProtocol protocol;
  protocol.max_rank = 3;
  protocol.replicates = 0;
  // Person 1 loses 0, and finds 1 (wrong) before 4; person 2 loses 1.
  const IdentificationReport report =
      JudgeIdentification(protocol, images, {0, 1, 4, 10}, {0.1f, 9, 3}, 1);
  EXPECT_TRUE(report.cameras);
  ASSERT_EQ(3u, report.cmc.size());
  EXPECT_NEAR(0.5, report.cmc[0].value, 1e-12);
  EXPECT_NEAR(1, report.cmc[1].value, 1e-12);
  EXPECT_NEAR(0.75, report.map.value, 1e-12);
  EXPECT_TRUE(std::isnan(report.map.interval.low));
  EXPECT_EQ(0, report.replicates);
}

// Each query counts once, however many its person has.
TEST(IdentificationProtocolTest, IntervalsAreOverPeople) {
  metric::PersonSums sums;
  sums.labels = {3, 8};
  sums.queries = {1, 3};
  sums.sums = {1, 0, 0, 3};
  metric::BootstrapOptions options;
  options.replicates = 200;
  const std::vector<metric::Interval> intervals =
      IntervalsOfMeans(options, sums);
  ASSERT_EQ(2u, intervals.size());
  EXPECT_NEAR(0, intervals[0].low, 1e-12);
  EXPECT_NEAR(1, intervals[0].high, 1e-12);
  EXPECT_NEAR(0, intervals[1].low, 1e-12);
  EXPECT_NEAR(1, intervals[1].high, 1e-12);
}

}  // namespace
}  // namespace caffe
