// Runs protobuf's text parser and rewords what it reports; see the header.
// protobuf gives an error the place of the token that it looks at, which is
// often one too far; the Outline finds the token that is meant.

#include "net/prototxt_parser.hpp"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "caffe/check.hpp"
#include "caffe/layer_factory.hpp"
#include "caffe/proto/caffe.pb.h"
#include "caffe/proto/caffe_v1.pb.h"
#include "core/decimal_comma.hpp"
#include "core/foreign_names.hpp"
#include "core/suggest.hpp"
#include "net/prototxt_outline.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;

constexpr int kMaxDepth = 64;
// The most unknown fields of a file that are kept: a net of a fork has some
// hundred.
constexpr size_t kMostUnknown = 10000;

struct Report {
  int line;
  int column;
  std::string text;
  bool warning;
};

class Collector : public pb::io::ErrorCollector {
 public:
  void AddError(int line, pb::io::ColumnNumber column,
                const std::string& text) override {
    reports.push_back({line, column, text, false});
  }
  void AddWarning(int line, pb::io::ColumnNumber column,
                  const std::string& text) override {
    // Of a file that is nothing but unknown fields the first ones tell enough.
    if (reports.size() > kMostUnknown) return;
    reports.push_back({line, column, text, true});
  }
  std::vector<Report> reports;
};

bool StartsWith(const std::string& text, const std::string& head) {
  return text.compare(0, head.size(), head) == 0;
}

// What stands between the first `left` and the `right` after it.
std::string Between(const std::string& text, const std::string& left,
                    const std::string& right) {
  const size_t begin = text.find(left);
  if (begin == std::string::npos) return "";
  const size_t from = begin + left.size();
  const size_t end = text.find(right, from);
  return text.substr(from, end == std::string::npos ? end : end - from);
}

std::string Printable(const std::string& text) {
  std::string out;
  for (char c : text.substr(0, 60)) {
    out += (c >= ' ' && c != 127) || (c & 0x80) ? c : '?';
  }
  return out;
}

std::vector<std::string> FieldNames(const pb::Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) {
    names.push_back(type->field(i)->name());
  }
  return names;
}

// Whether a message has the field, as its own and not as that of a fork.
bool HasField(const pb::Descriptor* type, const std::string& field) {
  const pb::FieldDescriptor* found = type->FindFieldByName(field);
  return found != nullptr && !found->options().deprecated();
}

// Whether some layer that there is takes this part of LayerParameter: all do,
// or it is named after the layer's type.
bool IsUsed(const pb::FieldDescriptor& part) {
  const std::string name(part.name());
  if (name == "param" || name == "transform_param" || name == "loss_param") {
    return true;
  }
  static const std::string kEnd = "Parameter";
  std::string type(part.message_type()->name());
  if (type.size() <= kEnd.size()) return false;
  type.resize(type.size() - kEnd.size());
  return LayerRegistry<float>::Registry().count(type) > 0;
}

// "; batch_triplet_loss_param has it" for a field of other parts of a layer;
// "" where none has it.
std::string WhereItBelongs(const std::string& field,
                           const pb::Descriptor* type) {
  const pb::Descriptor* layer = LayerParameter::descriptor();
  if (type == NetParameter::descriptor() ||
      type == SolverParameter::descriptor()) {
    return "";
  }
  std::vector<std::string> parts;
  if (type != layer && HasField(layer, field)) parts.push_back("the layer");
  for (int i = 0; i < layer->field_count(); ++i) {
    const pb::Descriptor* part = layer->field(i)->message_type();
    if (part != nullptr && part != type && HasField(part, field) &&
        IsUsed(*layer->field(i))) {
      std::string name(layer->field(i)->name());
      if (layer->field(i)->is_repeated()) name += " { }";
      parts.push_back(name);
    }
  }
  if (parts.empty()) return "";
  return "; " + ListNames(parts, 4) +
         (parts.size() > 1 ? " have it" : " has it");
}

// Most fields of a layer end in _param: that much likeness means nothing.
std::string NearestField(const std::string& field, const pb::Descriptor* type) {
  static const std::string kEnd = "_param";
  const auto ends = [](const std::string& name) {
    return name.size() > kEnd.size() &&
           name.compare(name.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
  };
  if (!ends(field)) return DidYouMean(field, FieldNames(type));
  std::vector<std::string> stems;
  for (const std::string& name : FieldNames(type)) {
    if (ends(name)) stems.push_back(name.substr(0, name.size() - kEnd.size()));
  }
  const auto near =
      NearestNames(field.substr(0, field.size() - kEnd.size()), stems);
  return near.empty() ? "" : "; did you mean '" + near[0] + kEnd + "'?";
}

bool IsUnknownField(const Report& report) {
  return StartsWith(report.text, "Message type \"") &&
         report.text.find("has no field named") != std::string::npos;
}

class Rewriter {
 public:
  Rewriter(const std::string& text, const std::string& display,
           const pb::Descriptor* root)
      : outline_(text), display_(display), root_(root) {}

  // The whole line for one report; `in_layer` tells whether it lies in a layer.
  std::string Line(const Report& report, bool* in_layer, bool* fatal) {
    token_ = outline_.TokenAt(report.line, report.column);
    line_ = report.line;
    Settle(report.text);
    const std::string comma = DecimalComma(report);
    const std::string what = !comma.empty() ? comma
                             : IsUnknownField(report)
                                 ? Unknown(report.text, fatal)
                                 : Mistake(report.text);
    const int block = Block();
    const int top = outline_.TopOf(block);
    const std::string& top_name = outline_.block(top).name;
    *in_layer = top > 0 && (top_name == "layer" || top_name == "layers");
    std::ostringstream out;
    out << display_ << ":" << line_ + 1 << ": ";
    const std::string layer = outline_.LayerName(block);
    if (!layer.empty()) out << "layer '" << Printable(layer) << "': ";
    out << what;
    return out.str();
  }

 private:
  // Moves from the token that protobuf looked at to the one that is meant.
  void Settle(const std::string& text) {
    std::string meant;
    if (text.find("has no field named") != std::string::npos) {
      meant = Between(text, "has no field named \"", "\"");
    } else if (StartsWith(text, "Unknown enumeration value")) {
      meant = Between(text, "value of \"", "\"");
    } else if (StartsWith(text, "Invalid value for boolean")) {
      meant = Between(text, "Value: \"", "\"");
    } else if (StartsWith(text, "Non-repeated field")) {
      meant = Between(text, "field \"", "\"");
    }
    if (meant.empty()) return;
    const int t = outline_.Back(token_, meant, 4);
    if (t < 0) return;
    token_ = t;
    line_ = outline_.tokens()[t].line;
  }

  int Block() const {
    return token_ < Count() ? outline_.tokens()[token_].block
                            : outline_.OpenAtEnd();
  }
  int Count() const { return static_cast<int>(outline_.tokens().size()); }

  std::string Unknown(const std::string& text, bool* fatal) {
    const std::string type_name = Between(text, "Message type \"", "\"");
    const std::string field = Between(text, "has no field named \"", "\"");
    const pb::Descriptor* type =
        pb::DescriptorPool::generated_pool()->FindMessageTypeByName(type_name);
    if (type == nullptr) return Printable(text);
    const bool is_layer = field == "layer" || field == "layers";
    if (is_layer && Block() > 0) {
      *fatal = true;
      const Outline::Block& open = outline_.block(Block());
      if (open.name == "layers" && field == "layer") {
        return "'layer' inside 'layers' is Caffe's form of 2013, which is not "
               "read";
      }
      return "'" + field + "' inside '" + open.name + "', opened at line " +
             std::to_string(open.line + 1) + ": a '}' is missing before it";
    }
    std::string out = type->name() + " has no field '" + Printable(field) + "'";
    if (type == NetParameter::descriptor() &&
        SolverParameter::descriptor()->FindFieldByName(field)) {
      return out + "; SolverParameter has it: is this a solver, not a net?";
    }
    if (type == SolverParameter::descriptor() &&
        NetParameter::descriptor()->FindFieldByName(field)) {
      return out + "; is this a net, not a solver?";
    }
    return out + Advice(field, type);
  }

  // What to say of the 01 of `base_lr: 0,01`; "" where it is no such thing.
  // protobuf looks at that token, or, of one with digits after a zero, into it.
  std::string DecimalComma(const Report& report) {
    if (!IsUnknownField(report) &&
        !StartsWith(report.text, "Expected identifier") &&
        !StartsWith(report.text, "Numbers starting with leading zero")) {
      return "";
    }
    for (const int t : {token_, token_ - 1}) {
      const std::string found = NumberWithComma(t);
      if (found.empty()) continue;
      token_ = t;
      line_ = outline_.tokens()[t].line;
      std::string point = found;
      point[point.find(',')] = '.';
      return "found '" + found + "'; a number has a point in it, not a "
             "comma: " + point;
    }
    return "";
  }

  // "-0,5" where token t is the 5 of it, a field's value and not in a list.
  std::string NumberWithComma(int t) const {
    if (t < 3 || t >= Count()) return "";
    const auto text = [&](int i) { return outline_.tokens()[i].text; };
    if (text(t).size() > 40 || text(t - 2).size() > 40 || text(t - 1) != "," ||
        !IsDigits(text(t - 2)) || !IsFraction(text(t))) {
      return "";
    }
    const bool minus = text(t - 3) == "-";
    const int colon = minus ? t - 4 : t - 3;
    if (colon < 0 || text(colon) != ":") return "";
    return (minus ? "-" : "") + text(t - 2) + "," + text(t);
  }

  // What to write in place of a field that its message lacks.
  static std::string Advice(const std::string& field,
                            const pb::Descriptor* type) {
    const std::string instead = InsteadOfField(type->name(), field);
    if (!instead.empty()) return "; " + instead;
    const std::string near = NearestField(field, type);
    if (field.size() > 1 && near.empty()) return WhereItBelongs(field, type);
    return near;
  }

  std::string Mistake(const std::string& text) {
    const std::string found = Found(text);
    const std::string foreign = Foreign();
    if (!foreign.empty()) return foreign;
    if (StartsWith(text, "Unknown enumeration value")) return BadEnum(text);
    if (StartsWith(text, "Invalid value for boolean")) {
      return Named() + " wants true or false, found '" + found + "'";
    }
    if (StartsWith(text, "Non-repeated field")) {
      return "'" + Between(text, "field \"", "\"") + "' is given twice";
    }
    if (StartsWith(text, "Integer out of range")) {
      return Named() + " is out of range: " + Between(text, "(", ")");
    }
    if (StartsWith(text, "Message is too deep")) {
      return "blocks are nested deeper than " + std::to_string(kMaxDepth);
    }
    if (StartsWith(text, "Expected ")) return Expected(text, found);
    if (StartsWith(text, "Invalid escape sequence")) {
      return "a backslash in quotes begins a special character; the folders of "
             "a path are parted by /";
    }
    if (StartsWith(text, "String literals cannot cross")) {
      return "a quote is opened here and not closed on this line";
    }
    if (StartsWith(text, "Interpreting non ascii") ||
        StartsWith(text, "Invalid control char")) {
      return "a character that is no plain text, outside quotes";
    }
    return Printable(text);
  }

  // Of a field that is there only to be refused, as a fork's, no value is to be
  // mended; "" for any other field.
  std::string Foreign() const {
    const pb::Descriptor* type = outline_.TypeOf(Block(), root_);
    const std::string name = outline_.FieldOf(token_);
    const pb::FieldDescriptor* field =
        type ? type->FindFieldByName(name) : nullptr;
    if (field == nullptr || !field->options().deprecated()) return "";
    return type->name() + " has no field '" + name + "'; " +
           InsteadOfField(type->name(), name);
  }

  std::string Found(const std::string& text) const {
    std::string found = Between(text, ", got: ", "\n");
    if (found.empty()) found = Between(text, ", found \"", "\n");
    if (found.empty()) found = Between(text, "Value: \"", "\"");
    if (StartsWith(text, "Expected \"") && !found.empty()) {
      found = found.substr(0, found.rfind('"'));
    }
    return Printable(found);
  }

  // "PoolingParameter.pool", the field that the token is a value of.
  std::string Named() const {
    const std::string field = outline_.FieldOf(token_);
    const pb::Descriptor* type = outline_.TypeOf(Block(), root_);
    if (field.empty()) return "the value";
    return type ? type->name() + "." + field : "'" + field + "'";
  }

  std::string Expected(const std::string& text, const std::string& found) {
    if (token_ >= Count() || found.empty()) return AtEnd();
    if (StartsWith(text, "Expected identifier")) {
      if (found == "}" && Block() == 0) {
        return "'}' closes nothing: there is one too many above or here";
      }
      return "expected a field's name, found '" + found + "'";
    }
    if (StartsWith(text, "Expected integer or identifier")) {
      if (outline_.TypeOf(Block(), root_) ==
              v1::LayerParameter::descriptor() &&
          outline_.FieldOf(token_) == "type") {
        return "in 'layers', the form of 2014, a type is a name without "
               "quotes, found '" + found + "'; write this one as 'layer', "
               "which may stand among them";
      }
      return Named() + " wants a name without quotes, found '" + found + "'";
    }
    if (StartsWith(text, "Expected integer")) {
      const bool minus = found == "-";
      return Named() + (minus ? " wants an integer of 0 or more, found '-'"
                              : " wants an integer, found '" + found + "'");
    }
    if (StartsWith(text, "Expected double")) {
      return Named() + " wants a number, found '" + found + "'";
    }
    if (StartsWith(text, "Expected string")) {
      return Named() + " wants text in quotes, found '" + found + "'";
    }
    return "expected '" + Between(text, "Expected \"", "\"") + "', found '" +
           found + "'";
  }

  std::string AtEnd() {
    const int b = outline_.OpenAtEnd();
    if (b == 0) return "the file ends in the middle of a field";
    token_ = Count();
    const Outline::Block& open = outline_.block(b);
    return "the file ends inside '" + open.name + "', opened at line " +
           std::to_string(open.line + 1) + ": a '}' is missing";
  }

  std::string BadEnum(const std::string& text) const {
    const std::string value = Between(text, "value of \"", "\"");
    const std::string name = Between(text, "for field \"", "\"");
    const pb::Descriptor* type = outline_.TypeOf(Block(), root_);
    const pb::FieldDescriptor* field =
        type ? type->FindFieldByName(name) : nullptr;
    std::string out = (type ? type->name() + "." : std::string()) + name +
                      " has no value '" + Printable(value) + "'";
    if (field == nullptr || field->enum_type() == nullptr) return out;
    if (type == v1::LayerParameter::descriptor() && name == "type") {
      const std::string instead = InsteadOfType(value);
      if (!instead.empty()) return out + "; " + instead;
    }
    std::vector<std::string> values;
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      values.push_back(field->enum_type()->value(i)->name());
    }
    if (values.size() > 8) return out + DidYouMean(value, values, 2);
    return out + "; it takes " + ListNames(values);
  }

  Outline outline_;
  std::string display_;
  const pb::Descriptor* root_;
  int token_ = 0;
  int line_ = 0;
};

}  // namespace

void ParsePrototxt(const std::string& text, const std::string& display,
                   pb::Message* message,
                   pb::TextFormat::ParseInfoTree* locations,
                   std::vector<UnknownField>* unknown) {
  Collector collector;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(locations);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMaxDepth);
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  const bool parsed = parser.Parse(&stream, message);
  std::vector<Report> reports;
  for (const Report& report : collector.reports) {
    if (!report.warning || IsUnknownField(report)) reports.push_back(report);
  }
  if (reports.empty()) {
    if (!parsed) INPUT_FAIL() << display << ": is not a prototxt";
    return;
  }
  const bool too_many = reports.size() > kMostUnknown;
  Rewriter rewriter(text, display, message->GetDescriptor());
  for (const Report& report : reports) {
    bool in_layer = false;
    bool fatal = !IsUnknownField(report);
    const std::string what = rewriter.Line(report, &in_layer, &fatal);
    // A mistake on the line of an unknown field comes from skipping that field.
    const bool follows = fatal && unknown && !unknown->empty() &&
                         unknown->back().line == report.line;
    if (follows) INPUT_FAIL() << unknown->back().what;
    if (fatal || unknown == nullptr) INPUT_FAIL() << what;
    if (too_many) {
      INPUT_FAIL() << what << " (first of more than " << kMostUnknown
                   << " unknown fields)";
    }
    unknown->push_back({report.line, report.column, in_layer, what});
  }
}

}  // namespace caffe
