// When embeddings are told to be of too many lengths for a plain distance.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "evaluation/row_lengths.hpp"

namespace caffe {

TEST(RowLengthsTest, LengthsThatDifferMuchAreToldForPlainDistances) {
  const std::vector<float> rows = {1, 0, 10, 0, 0, 1, 0, 10};
  for (const auto kind :
       {metric::Distance::kSquaredL2, metric::Distance::kL2}) {
    const std::string line = LengthsDiffer(kind, {&rows}, 2);
    EXPECT_NE(line.find("from 1 to 10"), std::string::npos) << line;
    EXPECT_NE(line.find("--distance=cosine"), std::string::npos) << line;
  }
  EXPECT_EQ(LengthsDiffer(metric::Distance::kCosine, {&rows}, 2), "");
}

TEST(RowLengthsTest, CosineIsNotAdvisedWhereARowHasNoDirection) {
  const std::vector<float> rows = {0, 0, 10, 0, 0, 1, 0, 10};
  const std::string line =
      LengthsDiffer(metric::Distance::kSquaredL2, {&rows}, 2);
  EXPECT_NE(line.find("1 of 4 have length 0"), std::string::npos) << line;
  EXPECT_EQ(line.find("cosine"), std::string::npos) << line;
}

TEST(RowLengthsTest, RowsWithoutDirectionAreCountedForCosine) {
  const std::vector<float> rows = {0, 0, 10, 0, 0, 1}, more = {0, 0, 1, 0};
  const auto cosine = metric::Distance::kCosine;
  const std::string line = RowsWithoutDirection(cosine, {&rows, &more}, 2);
  EXPECT_NE(line.find("2 of 5 embeddings"), std::string::npos) << line;
  const std::vector<float> fine = {1, 0, 0, 10};
  EXPECT_EQ(RowsWithoutDirection(cosine, {&fine}, 2), "");
  EXPECT_EQ(RowsWithoutDirection(metric::Distance::kL2, {&rows}, 2), "");
}

TEST(RowLengthsTest, ProbesOfOtherLengthsThanTheGalleryAreTold) {
  const std::vector<float> gallery = {1, 0, 0, 1}, probes = {3, 0, 0, 3};
  const auto plain = metric::Distance::kSquaredL2;
  EXPECT_EQ(LengthsDiffer(plain, {&gallery}, 2), "");
  EXPECT_EQ(LengthsDiffer(plain, {&probes}, 2), "");
  EXPECT_NE(LengthsDiffer(plain, {&gallery, &probes}, 2), "");
}

TEST(RowLengthsTest, AFewOddRowsAndNearEqualLengthsAreNot) {
  std::vector<float> rows(100, 1.f);
  rows[50] = 40;
  rows[51] = 0;
  for (int i = 0; i < 40; ++i) rows[i] = 1.8f;
  EXPECT_EQ(LengthsDiffer(metric::Distance::kSquaredL2, {&rows}, 1), "");
  const std::vector<float> zeros(8, 0.f);
  EXPECT_EQ(LengthsDiffer(metric::Distance::kSquaredL2, {&zeros}, 2), "");
}

}  // namespace caffe
