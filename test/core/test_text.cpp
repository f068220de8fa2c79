// Letters in UTF-8, and names that are alike but for their Unicode form.
#include "core/text.hpp"

#include "gtest/gtest.h"

namespace caffe {
namespace {

TEST(TextTest, WhatIsNoLetterIsPassedByteByByte) {
  const struct {
    std::string text;
    int32_t letter;
    size_t bytes;
  } cases[] = {
      {"a", 'a', 1},
      {"\xc3\xa9", 0xE9, 2},
      {"\xe4\xb8\xad", 0x4E2D, 3},
      {"\xf0\x9f\x98\x80", 0x1F600, 4},
      {"\xf4\x8f\xbf\xbf", 0x10FFFF, 4},
      // Longer than need be.
      {"\xc0\x80", -1, 1},
      {"\xe0\x9f\xbf", -1, 1},
      {"\xf0\x8f\xbf\xbf", -1, 1},
      // Halves of pairs, and beyond the last letter.
      {"\xed\xa0\x80", -1, 1},
      {"\xed\xbf\xbf", -1, 1},
      {"\xf4\x90\x80\x80", -1, 1},
      {"\xf5\x80\x80\x80", -1, 1},
      {"\xff", -1, 1},
      // Cut off, or without a begin.
      {"\xe4\xb8", -1, 1},
      {"\xc3z", -1, 1},
      {"\xa9", -1, 1},
  };
  for (const auto& c : cases) {
    size_t at = 0;
    EXPECT_EQ(c.letter, NextLetter(c.text, &at)) << c.text;
    EXPECT_EQ(c.bytes, at) << c.text;
  }
}

TEST(TextTest, NamesDifferInFormWhereTheAccentIsTheSame) {
  EXPECT_TRUE(DifferInForm("Jos\xc3\xa9", "Jose\xcc\x81"));
  EXPECT_TRUE(DifferInForm("Jose\xcc\x81", "Jos\xc3\xa9"));
  EXPECT_TRUE(DifferInForm("\xc5\xbb" "ak", "Z\xcc\x87" "ak"));
  EXPECT_TRUE(DifferInForm("\xc4\xb7", "k\xcc\xa7"));
  EXPECT_FALSE(DifferInForm("Jos\xc3\xa9", "Jos\xc3\xa9"));
  EXPECT_FALSE(DifferInForm("Jos\xc3\xa9", "Jose"));
  // Another letter, another accent, a letter that has no parts.
  EXPECT_FALSE(DifferInForm("\xc3\xa9", "a\xcc\x80"));
  EXPECT_FALSE(DifferInForm("\xc3\xa9", "a\xcc\x81"));
  EXPECT_FALSE(DifferInForm("\xc3\xa9", "e\xcc\x80"));
  EXPECT_FALSE(DifferInForm("\xc3\xb8", "o\xcc\x80"));
  // A byte of Latin-1 is no letter in another form.
  EXPECT_FALSE(DifferInForm("\xe9", "\xc3\xa9"));
  EXPECT_FALSE(DifferInForm("\xe9", "e\xcc\x81"));
}

TEST(TextTest, AHintClaimsNoMoreThanIsKnown) {
  const std::string known =
      FormHint("Jose\xcc\x81", {"Josef", "Jos\xc3\xa9"});
  EXPECT_EQ("; there is 'Jos\xc3\xa9', with its accents in another Unicode "
            "form (composed, decomposed)",
            known);
  // U+1EBF, beyond the table; and the Hangul U+D55C.
  EXPECT_EQ("; there is '\xe1\xba\xbf', which may be the same name in another "
            "Unicode form (composed, decomposed)",
            FormHint("e\xcc\x82\xcc\x81", {"\xe1\xba\xbf"}));
  EXPECT_NE("", FormHint("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
                         {"\xed\x95\x9c"}));
  EXPECT_EQ("", FormHint("Josef", {"Jos\xc3\xa9", "Josef"}));
  EXPECT_EQ("", FormHint("Josef", {}));
}

}  // namespace
}  // namespace caffe
