// Which texts are numbers with a comma where a point is wanted.
#include <gtest/gtest.h>

#include "core/decimal_comma.hpp"

namespace caffe {

TEST(DecimalCommaTest, NumbersAreGivenBackWithPoints) {
  const std::string words = "a number has a point in it, not a comma: ";
  EXPECT_EQ(words + "0.5", DecimalComma("0,5"));
  EXPECT_EQ(words + "-.5", DecimalComma("-,5"));
  EXPECT_EQ(words + "1.5e-3", DecimalComma("1,5e-3"));
  EXPECT_EQ(words + "0.1,0.01", DecimalComma("0,1,0,01"));
}

TEST(DecimalCommaTest, WhatIsNoSuchNumberIsNot) {
  for (const char* text :
       {"", "5", "0.5", ",", "5,", "a,b", "104,117,123", "0.1,0.01", "0,x"}) {
    EXPECT_EQ("", DecimalComma(text)) << text;
  }
}

}  // namespace caffe
