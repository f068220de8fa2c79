// What the line in place says, and when.
#include "core/status_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace caffe {
namespace {

TEST(StatusLineTest, TimesAndRates) {
  EXPECT_EQ(TimeText(7), "0:07");
  EXPECT_EQ(TimeText(3723), "1:02:03");
  EXPECT_EQ(ImagesText(1200, 6671, 3),
            "image 1200 of 6671, 17 %, 400 images/s, 0:14 left");
  EXPECT_EQ(ImagesText(3, 6, 2), "image 3 of 6, 50 %, 1.5 images/s, 0:02 left");
}

TEST(StatusLineTest, IsWrittenInPlaceAndWiped) {
  testing::internal::CaptureStderr();
  {
    StatusLine line(true);
    line.Clear();  // nothing is there
    line.Show("one");
    line.Show("two");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "\rone\033[K\r\rtwo\033[K\r\r\033[K");
}

TEST(StatusLineTest, IsDueAFifthOfASecondAfterTheLast) {
  const auto start = StatusLine::Clock::now();
  StatusLine line(true);
  line.Restart(start);
  EXPECT_FALSE(line.Due(start + std::chrono::milliseconds(199)));
  EXPECT_TRUE(line.Due(start + std::chrono::milliseconds(200)));
  EXPECT_FALSE(StatusLine(false).Due(start + std::chrono::hours(1)));
  line.Restart(start - std::chrono::hours(1));
  testing::internal::CaptureStderr();
  line.Show("one");
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(line.Due(start));
}

TEST(StatusLineTest, WritesNothingWhereItIsNotShown) {
  testing::internal::CaptureStderr();
  StatusLine(false).Show("one");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace caffe
