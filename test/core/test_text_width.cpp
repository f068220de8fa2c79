// How wide a text is: what takes two columns, what takes none, and where a line
// for a narrow terminal is cut.
#include "core/text_width.hpp"

#include "gtest/gtest.h"

namespace caffe {
namespace {

TEST(TextWidthTest, WideLettersTakeTwoColumnsAndMarksNone) {
  EXPECT_EQ(5, TextWidth("plain"));
  EXPECT_EQ(4, TextWidth("Jos\xc3\xa9"));
  EXPECT_EQ(4, TextWidth("Jose\xcc\x81"));
  EXPECT_EQ(4, TextWidth("\xe4\xb8\xad\xe6\x96\x87"));
  EXPECT_EQ(2, TextWidth("\xf0\x9f\x98\x80"));
  EXPECT_EQ(2, TextWidth("\xff\xe4"));  // no letters
}

TEST(TextWidthTest, ALineIsCutBeforeTheLetterThatWouldWrap) {
  EXPECT_EQ("ab", CutToWidth("abc", 2));
  EXPECT_EQ("a", CutToWidth("a\xe4\xb8\xad", 2));
  EXPECT_EQ("a\xe4\xb8\xad", CutToWidth("a\xe4\xb8\xad", 3));
  EXPECT_EQ("e\xcc\x81", CutToWidth("e\xcc\x81x", 1));
  EXPECT_EQ("", CutToWidth("abc", 0));
}

}  // namespace
}  // namespace caffe
