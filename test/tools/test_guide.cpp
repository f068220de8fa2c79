// The guides: each option is told of, and lines are broken where they may be.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "tools/inspect/guide.hpp"
#include "tools/inspect/option_text.hpp"
#include "tools/inspect/wrap.hpp"

namespace caffe {
namespace {

// Options that a page shows without a word, or without an example, are those
// that a change to proto/ has forgotten.
TEST(GuideTest, EveryOptionOfAPageHasATextAndAnExample) {
  for (const char* name :
       {"TransformationParameter", "IdentityDataParameter",
        "HardIdentitiesParameter", "TripletDataParameter", "SplitParameter",
        "InputParameter", "SolverParameter"}) {
    const google::protobuf::Descriptor& message = *DescribedMessage(name);
    for (int i = 0; i < message.field_count(); ++i) {
      const google::protobuf::FieldDescriptor& field = *message.field(i);
      if (!IsShown(field)) continue;
      const OptionText option = TextOf(field);
      EXPECT_NE(option.text, "")
          << field.full_name() << ": wanted a comment in proto/";
      EXPECT_NE(option.example, "")
          << field.full_name() << ": wanted a line `// Example: ...`";
    }
  }
}

TEST(GuideTest, WhatTheReaderStampsIsNotShown) {
  const auto& solver = *DescribedMessage("SolverParameter");
  EXPECT_FALSE(IsShown(*solver.FindFieldByName("source_file")));
  EXPECT_FALSE(IsShown(*solver.FindFieldByName("field_line")));
  EXPECT_TRUE(IsShown(*solver.FindFieldByName("base_lr")));
}

TEST(GuideTest, ACommentIsTextThenDefaultThenExample) {
  const auto& identity = *DescribedMessage("IdentityDataParameter");
  const OptionText root = TextOf(*identity.FindFieldByName("root_folder"));
  EXPECT_EQ(root.text, "Put in front of the paths of a list.");
  EXPECT_EQ(root.fallback, "the list's own folder");
  EXPECT_FALSE(root.fallback_is_value);
  EXPECT_EQ(root.example, "`root_folder: \"/data/faces\"`");
  const OptionText few = TextOf(*identity.FindFieldByName("too_few"));
  EXPECT_EQ(few.fallback, "SKIP");
  EXPECT_TRUE(few.fallback_is_value);
  ASSERT_EQ(few.values.size(), 2u);
  EXPECT_EQ(few.values[0].second, "they are left out");
}

TEST(GuideTest, ATableKeepsItsLines) {
  const auto& solver = *DescribedMessage("SolverParameter");
  const OptionText policy = TextOf(*solver.FindFieldByName("lr_policy"));
  ASSERT_EQ(policy.table.size(), 8u);
  EXPECT_EQ(policy.table[0], "fixed      1");
}

TEST(GuideTest, HeadingsStandAboveTheirFields) {
  const std::string page = GuidePage("solver");
  const size_t heading = page.find("\n## The nets\n");
  ASSERT_NE(heading, std::string::npos);
  EXPECT_LT(heading, page.find("**`net`**"));
  EXPECT_LT(page.find("\n## The learning rate\n"), page.find("**`base_lr`**"));
}

TEST(WrapTest, BreaksAtBlanksButNotBetweenBackticks) {
  const std::string word(30, 'w'), quoted = "`" + std::string(30, 'a') + " b`";
  EXPECT_EQ(Wrapped(word + " " + word + " " + quoted, "- ", "  "),
            "- " + word + " " + word + "\n  " + quoted + "\n");
}

TEST(WrapTest, AWordLongerThanALineStandsAlone) {
  const std::string word(100, 'w');
  EXPECT_EQ(Wrapped("a " + word + " b", "", "  "),
            "a\n  " + word + "\n  b\n");
}

}  // namespace
}  // namespace caffe
