// Tokens and blocks of a prototxt for messages; see the header. Reading the
// file proper is protobuf's TextFormat, called in prototxt_parser.cpp.

#include "net/prototxt_outline.hpp"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace caffe {

namespace {

namespace pb = google::protobuf;

class Ignore : public pb::io::ErrorCollector {
 public:
  void AddError(int, pb::io::ColumnNumber, const std::string&) override {}
};

bool Opens(const std::string& text) { return text == "{" || text == "<"; }
bool Closes(const std::string& text) { return text == "}" || text == ">"; }

bool IsIdentifier(const std::string& text) {
  return !text.empty() &&
         (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_');
}

bool IsQuoted(const std::string& text) {
  return text.size() >= 2 && (text[0] == '"' || text[0] == '\'') &&
         text.back() == text[0];
}

}  // namespace

Outline::Outline(const std::string& text) {
  blocks_.push_back({"", 0, -1, true, "", "", false});
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Ignore ignore;
  pb::io::Tokenizer tokenizer(&stream, &ignore);
  tokenizer.set_comment_style(pb::io::Tokenizer::SH_COMMENT_STYLE);
  tokenizer.set_require_space_after_number(false);
  tokenizer.set_allow_f_after_float(true);
  int block = 0;
  while (tokenizer.Next()) {
    const pb::io::Tokenizer::Token& token = tokenizer.current();
    if (Closes(token.text) && block != 0) {
      blocks_[block].closed = true;
      block = blocks_[block].parent;
    }
    Read(token.text, block);
    tokens_.push_back({token.text, token.line, token.column, block});
    if (Opens(token.text)) {
      blocks_.push_back(
          {blocks_[block].field, token.line, block, false, "", "", false});
      block = static_cast<int>(blocks_.size()) - 1;
    }
  }
  open_at_end_ = block;
}

// The elements of a list are all of the field in front of it.
void Outline::Read(const std::string& text, int b) {
  Block& block = blocks_[b];
  if (IsIdentifier(text)) {
    block.field = text;
    block.names = text == "name";
  } else if (block.names && IsQuoted(text)) {
    if (block.given.empty()) block.given = text.substr(1, text.size() - 2);
    block.names = false;
  } else if (text != ":" && text != "[" && text != "," && !Opens(text) &&
             !Closes(text)) {
    block.field.clear();
    block.names = false;
  }
}

std::vector<Outline::Start> Outline::Starts(const std::string& name,
                                            int parent) const {
  std::vector<Start> starts;
  int opened = 0;
  for (size_t t = 0; t < tokens_.size(); ++t) {
    if (!Opens(tokens_[t].text)) continue;
    ++opened;
    if (tokens_[t].block != parent || blocks_[opened].name != name) continue;
    size_t at = t;
    if (at > 0 && tokens_[at - 1].text == "[") --at;
    if (at > 0 && tokens_[at - 1].text == ":") --at;
    if (at == 0 || tokens_[--at].text != name) at = t;
    starts.push_back({tokens_[at].line, tokens_[at].column, opened});
  }
  return starts;
}

bool Outline::HasTopLevelField(const std::string& name) const {
  for (size_t t = 0; t + 1 < tokens_.size(); ++t) {
    const std::string& next = tokens_[t + 1].text;
    if (tokens_[t].block == 0 && tokens_[t].text == name &&
        (next == "{" || next == ":" || next == "<")) {
      return true;
    }
  }
  return false;
}

int Outline::TokenAt(int line, int column) const {
  const auto before = [](const Token& token, const std::pair<int, int>& at) {
    return std::make_pair(token.line, token.column) < at;
  };
  const auto found = std::lower_bound(tokens_.begin(), tokens_.end(),
                                      std::make_pair(line, column), before);
  return static_cast<int>(found - tokens_.begin());
}

int Outline::Back(int t, const std::string& text, int reach) const {
  for (int i = t - 1; i >= 0 && i >= t - reach; --i) {
    if (tokens_[i].text == text) return i;
  }
  return -1;
}

std::string Outline::FieldOf(int t) const {
  for (int i = t - 1; i > 0 && i >= t - 16; --i) {
    const std::string& text = tokens_[i].text;
    if (text == ":") return tokens_[i - 1].text;
    if (Opens(text) || Closes(text)) break;
  }
  return "";
}

int Outline::TopOf(int b) const {
  while (b > 0 && blocks_[b].parent > 0) b = blocks_[b].parent;
  return b;
}

std::string Outline::LayerName(int b) const {
  while (b > 0 && blocks_[b].name != "layer" && blocks_[b].name != "layers") {
    b = blocks_[b].parent;
  }
  return b <= 0 ? "" : blocks_[b].given;
}

const pb::Descriptor* Outline::TypeOf(int b, const pb::Descriptor* root) const {
  std::vector<std::string> path;
  for (; b > 0; b = blocks_[b].parent) path.push_back(blocks_[b].name);
  const pb::Descriptor* type = root;
  for (auto name = path.rbegin(); type && name != path.rend(); ++name) {
    const pb::FieldDescriptor* field = type->FindFieldByName(*name);
    type = field ? field->message_type() : nullptr;
  }
  return type;
}

}  // namespace caffe
