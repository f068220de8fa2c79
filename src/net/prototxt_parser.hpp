#ifndef TERCET_NET_PROTOTXT_PARSER_HPP_
#define TERCET_NET_PROTOTXT_PARSER_HPP_

// Text into one message, with protobuf's TextFormat; what protobuf finds wrong
// becomes one line that a user can act on. Knows nothing of nets but that a
// `layer` block has a name.

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

namespace caffe {

// A field that its message lacks.
struct UnknownField {
  int line;  // from 0
  int column;
  bool in_layer;     // in a `layer` at the top level of the file
  std::string what;  // the whole message, place included
};

// Parses into `message` and `locations`. Throws Error(kInput) at the first
// mistake; unknown fields are collected in file order, or thrown too where
// `unknown` is null.
void ParsePrototxt(const std::string& text, const std::string& display,
                   google::protobuf::Message* message,
                   google::protobuf::TextFormat::ParseInfoTree* locations,
                   std::vector<UnknownField>* unknown);

}  // namespace caffe

#endif  // TERCET_NET_PROTOTXT_PARSER_HPP_
