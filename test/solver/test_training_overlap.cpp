// Which of the people that evaluate judges stand in the list of a training:
// folders that are people, folders that are not, and lists without labels.
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "test/data/shared_data.hpp"
#include "evaluation/embedding_input.hpp"

namespace caffe {
namespace {

// The images of a list with these lines.
TrainingImages TrainedOn(const std::string& lines) {
  TempFolder folder;
  const std::string list = folder.File("train.txt");
  std::ofstream(list) << lines;
  return ReadTrainingImages(list, "");
}

TEST(TrainingOverlapTest, PeopleAreKnownByTheirFolders) {
  const TrainingImages training =
      TrainedOn("x/ann/1.jpg 0\nx/bob/2.jpg 1\nx/cleo lee/3.jpg 2\n");
  const Overlap overlap = FindOverlap(
      {"y/ann/1.jpg", "y/ann/7.jpg", "y/dan/1.jpg", "y/cleo lee/9.jpg"},
      {5, 5, 6, 7}, training);
  EXPECT_EQ(2, overlap.people);
  EXPECT_EQ(1, overlap.images);
  EXPECT_EQ((std::vector<std::string>{"ann", "cleo lee"}), overlap.names);
}

// Once all images of all people lay in "images", and so one person of that
// name was said to have been trained on.
TEST(TrainingOverlapTest, AFolderOfSeveralPeopleIsNobody) {
  const TrainingImages training = TrainedOn("images/1.jpg 0\nimages/2.jpg 1\n");
  const std::vector<std::string> judged = {"images/3.jpg", "images/4.jpg",
                                           "images/5.jpg"};
  EXPECT_EQ(0, FindOverlap(judged, {0, 0, 1}, training).people);
  EXPECT_EQ(0, FindOverlap(judged, {0, 0, 0}, training).people);
  const TrainingImages unlabelled = TrainedOn("images/1.jpg\n");
  EXPECT_EQ(0, FindOverlap(judged, {0, 0, 1}, unlabelled).people);
}

// There is no folder that would name the person; his image does.
TEST(TrainingOverlapTest, WhoseImageWasTrainedOnIsCounted) {
  const TrainingImages training =
      TrainedOn("images/1.jpg 0\nimages/2.jpg 1\n9.jpg 1\n");
  const Overlap overlap = FindOverlap(
      {"a/images/2.jpg", "a/images/1.jpg", "a/images/3.jpg", "9.jpg"},
      {4, 4, 5, 6}, training);
  EXPECT_EQ(2, overlap.people);
  EXPECT_EQ(3, overlap.images);
  EXPECT_EQ((std::vector<std::string>{"a/images/2.jpg", "9.jpg"}),
            overlap.names);
}

TEST(TrainingOverlapTest, WithoutLabelsFoldersArePeople) {
  const TrainingImages training = TrainedOn("x/ann/1.jpg\nx/cleo lee/3.jpg\n");
  const Overlap overlap =
      FindOverlap({"y/ann/1.jpg", "y/ann/7.jpg", "y/dan/1.jpg",
                   "y/cleo lee/3.jpg"}, {}, training);
  EXPECT_EQ(2, overlap.people);
  EXPECT_EQ(2, overlap.images);
  EXPECT_EQ((std::vector<std::string>{"ann", "cleo lee"}), overlap.names);
}

TEST(TrainingOverlapTest, TheFirstThreeAreNamed) {
  std::string lines;
  std::vector<std::string> judged;
  std::vector<int> labels;
  for (const char* name : {"a", "b", "c", "d"}) {
    const std::string folder = name;
    lines += folder + "/1.jpg " + std::to_string(labels.size()) + "\n";
    judged.push_back(folder + "/2.jpg");
    labels.push_back(static_cast<int>(labels.size()));
  }
  const Overlap overlap = FindOverlap(judged, labels, TrainedOn(lines));
  EXPECT_EQ(4, overlap.people);
  EXPECT_EQ((std::vector<std::string>{"a", "b", "c"}), overlap.names);
}

}  // namespace
}  // namespace caffe
