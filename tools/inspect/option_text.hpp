// What the comments in proto/ say of a message and its fields: the text, the
// default and an example. protoc keeps the comments in a set of descriptors,
// which the build puts into the program; the messages themselves have none.
// How it is shown is left to guide.hpp and `tercet inspect`.
//
// A field's comment is its text. Lines in it that begin with more than one
// blank are kept as they are, as a table. Two kinds of line end it, either of
// which may go on in further lines:
//
//   // Default: the list's own folder      where `[default = ...]` says nothing
//   // Example: `root_folder: "/data"`
//
// A comment that begins with `Internal` is of a field that nobody writes. A
// comment that stands alone between blank lines and begins with `----` heads
// the fields below it, and further lines of it are told of them all.
#ifndef TERCET_TOOLS_INSPECT_OPTION_TEXT_HPP_
#define TERCET_TOOLS_INSPECT_OPTION_TEXT_HPP_

#include <google/protobuf/descriptor.h>

#include <string>
#include <utility>
#include <vector>

namespace caffe {

struct OptionText {
  std::string text;
  std::vector<std::string> table;
  // Of an enum: those values that have a comment, with it.
  std::vector<std::pair<std::string, std::string>> values;
  std::string fallback;  // "false", "must be given"; empty: there is none
  bool fallback_is_value = false;  // `false`, and not "must be given"
  std::string example;
  // Where a heading stands in front of the field: it, and what it says.
  std::string heading, heading_text;
};

// The message of this name ("LayerParameter") with its comments.
const google::protobuf::Descriptor* DescribedMessage(const std::string& name);

// What stands in front of the message.
std::string MessageText(const google::protobuf::Descriptor& message);

// Both of a message that DescribedMessage gave.
OptionText TextOf(const google::protobuf::FieldDescriptor& field);
// Whether a user may write it: not where it is internal, or deprecated, that is
// read to be refused.
bool IsShown(const google::protobuf::FieldDescriptor& field);

// The names of an enum's values.
std::vector<std::string> ValueNames(
    const google::protobuf::EnumDescriptor& values);

}  // namespace caffe

#endif  // TERCET_TOOLS_INSPECT_OPTION_TEXT_HPP_
