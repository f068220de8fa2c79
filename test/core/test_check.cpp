// CHECK and its family.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "caffe/check.hpp"

namespace caffe {
namespace {

TEST(CheckTest, OperandsAreEvaluatedOnce) {
  int calls = 0;
  const auto next = [&calls] { return ++calls; };
  CHECK_EQ(next(), 1);
  EXPECT_EQ(1, calls);
  try {
    CHECK_LT(next(), 2) << "and more";
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(Error::kContract, error.kind());
    const std::string what = error.what();
    EXPECT_NE(std::string::npos,
              what.find("check failed: next() < 2 (2 vs. 2) and more"))
        << what;
  }
  EXPECT_EQ(2, calls);
}

TEST(CheckTest, EachOfTheFamilyComparesAsItsNameSays) {
  const size_t two = 2;
  CHECK_EQ(two, 2);
  CHECK_NE(two, 1);
  CHECK_LE(two, 2);
  CHECK_LT(1, two);
  CHECK_GE(two, 2);
  CHECK_GT(two, 1);
  EXPECT_THROW(CHECK_EQ(two, 1), Error);
  EXPECT_THROW(CHECK_NE(two, 2), Error);
  EXPECT_THROW(CHECK_LE(two, 1), Error);
  EXPECT_THROW(CHECK_LT(two, 2), Error);
  EXPECT_THROW(CHECK_GE(1, two), Error);
  EXPECT_THROW(CHECK_GT(two, 2), Error);
}

TEST(CheckTest, AnElseBelongsToTheIfAroundIt) {
  bool reached = false;
  if (false)
    CHECK_EQ(1, 1);
  else
    reached = true;
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace caffe
