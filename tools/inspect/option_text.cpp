// The comments of proto/, read from the descriptors that the build embeds.
#include "tools/inspect/option_text.hpp"

#include <google/protobuf/descriptor.pb.h>

#include <cstdio>
#include <sstream>

#include "caffe/check.hpp"

namespace caffe {

// Written by cmake/EmbedFile.cmake.
extern const unsigned char kDescribedProtos[];
extern const unsigned long kDescribedProtosSize;

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::SourceLocation;

const DescriptorPool& Pool() {
  static const DescriptorPool* pool = [] {
    auto* made = new DescriptorPool;
    google::protobuf::FileDescriptorSet files;
    CHECK(files.ParseFromArray(kDescribedProtos,
                               static_cast<int>(kDescribedProtosSize)));
    for (const auto& file : files.file()) {
      CHECK(made->BuildFile(file) != nullptr) << file.name();
    }
    return made;
  }();
  return *pool;
}

void AddWords(const std::string& line, std::string* text) {
  if (!text->empty() && !line.empty()) *text += ' ';
  *text += line;
}

bool TakeStart(const std::string& start, std::string* line) {
  if (line->compare(0, start.size(), start) != 0) return false;
  *line = line->substr(start.size());
  return true;
}

// Splits a comment as the header has it.
OptionText Split(const std::string& comment) {
  OptionText parts;
  std::string* part = &parts.text;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, 3, "   ") == 0) {
      parts.table.push_back(line.substr(3));
      continue;
    }
    TakeStart(" ", &line);
    if (TakeStart("Default: ", &line)) {
      part = &parts.fallback;
    } else if (TakeStart("Example: ", &line)) {
      part = &parts.example;
    }
    AddWords(line, part);
  }
  return parts;
}

// A default as a file has it; empty where the field declares none.
std::string DeclaredDefault(const FieldDescriptor& field) {
  if (!field.has_default_value()) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(field.default_value_int32());
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(field.default_value_int64());
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(field.default_value_uint32());
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(field.default_value_uint64());
    case FieldDescriptor::CPPTYPE_STRING:
      return "\"" + field.default_value_string() + "\"";
    case FieldDescriptor::CPPTYPE_ENUM:
      return field.default_value_enum()->name();
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      char text[32];
      std::snprintf(text, sizeof(text), "%g",
                    field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT
                        ? field.default_value_float()
                        : field.default_value_double());
      return text;
    }
    default:
      return "";
  }
}

// The heading among the comments that stand alone above the field.
void FindHeading(const SourceLocation& location, OptionText* option) {
  for (std::string comment : location.leading_detached_comments) {
    if (!TakeStart(" ---- ", &comment)) continue;
    const size_t end = comment.find('\n');
    option->heading = comment.substr(0, end);
    option->heading_text =
        end == std::string::npos ? "" : Split(comment.substr(end)).text;
  }
}

}  // namespace

const Descriptor* DescribedMessage(const std::string& name) {
  const Descriptor* message = Pool().FindMessageTypeByName("caffe." + name);
  CHECK(message != nullptr) << name;
  return message;
}

std::string MessageText(const Descriptor& message) {
  SourceLocation location;
  message.GetSourceLocation(&location);
  return Split(location.leading_comments).text;
}

OptionText TextOf(const FieldDescriptor& field) {
  SourceLocation location;
  field.GetSourceLocation(&location);
  OptionText option = Split(location.leading_comments);
  if (option.text.empty() && !location.trailing_comments.empty()) {
    option.text = Split(location.trailing_comments).text;
  }
  const std::string declared = DeclaredDefault(field);
  option.fallback_is_value = option.fallback.empty() && !declared.empty();
  if (option.fallback.empty()) option.fallback = declared;
  FindHeading(location, &option);
  if (field.enum_type() == nullptr) return option;
  // An enum of the field's own may stand in front of it, with the comment.
  SourceLocation place;
  field.enum_type()->GetSourceLocation(&place);
  if (option.text.empty()) option.text = Split(place.leading_comments).text;
  if (option.heading.empty()) FindHeading(place, &option);
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const EnumValueDescriptor& value = *field.enum_type()->value(i);
    value.GetSourceLocation(&place);
    const std::string text = Split(place.trailing_comments).text;
    if (!text.empty()) option.values.emplace_back(value.name(), text);
  }
  return option;
}

bool IsShown(const FieldDescriptor& field) {
  return !field.options().deprecated() &&
         TextOf(field).text.compare(0, 8, "Internal") != 0;
}

std::vector<std::string> ValueNames(
    const google::protobuf::EnumDescriptor& values) {
  std::vector<std::string> names;
  for (int i = 0; i < values.value_count(); ++i) {
    names.push_back(values.value(i)->name());
  }
  return names;
}

}  // namespace caffe
