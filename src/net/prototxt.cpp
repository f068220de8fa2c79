// The readers of prototxt.hpp: file -> text -> message -> live form, with the
// place of each layer stamped on it. Parsing and its messages are
// prototxt_parser.cpp's, the older forms upgrade_v1.cpp's and
// upgrade_proto.cpp's.

#include "net/prototxt.hpp"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/proto/caffe_v1.pb.h"
#include "caffe/util/io.hpp"
#include "caffe/util/upgrade_proto.hpp"
#include "net/prototxt_parser.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;
using Locations = pb::TextFormat::ParseInfoTree;
using Location = pb::TextFormat::ParseLocation;

constexpr int64_t kMostText = int64_t{64} << 20;

std::string PlaceOf(const std::string& display, int line_from_0) {
  return line_from_0 < 0 ? display
                         : display + ":" + std::to_string(line_from_0 + 1);
}

// Refuses what is no text; drops the mark that some editors put in front.
std::string CheckedText(const std::string& text, const std::string& display) {
  size_t control = 0;
  bool content = false;
  for (unsigned char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    control += (c < ' ' && !space) || c == 127;
    content = content || !space;
    if (c == 0) INPUT_FAIL() << display << ": is a binary file, not a prototxt";
  }
  INPUT_CHECK(control * 32 <= text.size())
      << display << ": is a binary file, not a prototxt";
  INPUT_CHECK(content) << display << ": the file is empty";
  const bool marked = text.compare(0, 3, "\xEF\xBB\xBF") == 0;
  return marked ? "   " + text.substr(3) : text;
}

const pb::FieldDescriptor* Field(const pb::Message& message,
                                 const std::string& name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

int LineOf(const Locations& locations, const pb::Message& message,
           const std::string& name) {
  const pb::FieldDescriptor* field = Field(message, name);
  return locations.GetLocation(field, field->is_repeated() ? 0 : -1).line;
}

// Stamps `file:line` on each layer of a net of either form, and gives each
// unknown field to the layer that it stands in.
template <typename Layers>
void Stamp(const std::string& display, const Locations& locations,
           const pb::FieldDescriptor* field, Layers* layers,
           std::vector<std::pair<int, int>>* starts) {
  for (int i = 0; i < layers->size(); ++i) {
    const Location at = locations.GetLocation(field, i);
    layers->Mutable(i)->set_source_location(PlaceOf(display, at.line));
    layers->Mutable(i)->clear_unknown_field();
    if (starts) starts->emplace_back(at.line, at.column);
  }
}

template <typename Layers>
void KeepUnknown(const std::vector<UnknownField>& unknown,
                 const std::vector<std::pair<int, int>>& starts,
                 Layers* layers) {
  for (const UnknownField& field : unknown) {
    const auto after = std::upper_bound(
        starts.begin(), starts.end(), std::make_pair(field.line, field.column));
    if (!field.in_layer || after == starts.begin()) INPUT_FAIL() << field.what;
    auto* layer = layers->Mutable(static_cast<int>(after - starts.begin()) - 1);
    if (!layer->has_unknown_field()) layer->set_unknown_field(field.what);
  }
}

// A live net whose text has been parsed: the older input header, which stood
// at `input_line`, and BatchNorm's rates.
void Upgrade(const std::string& display, int input_line, NetParameter* param) {
  UpgradeNetInput(PlaceOf(display, input_line), param);
  UpgradeBatchNorm(param);
}

void ParseV1(const std::string& text, const std::string& display,
             NetParameter* param) {
  v1::NetParameter old;
  Locations locations;
  std::vector<UnknownField> unknown;
  std::vector<std::pair<int, int>> starts;
  ParsePrototxt(text, display, &old, &locations, &unknown);
  Stamp(display, locations, Field(old, "layers"), old.mutable_layers(),
        &starts);
  KeepUnknown(unknown, starts, old.mutable_layers());
  UpgradeV1Net(old, param);
  Upgrade(display, LineOf(locations, old, "input"), param);
}

void ParseLive(const std::string& text, const std::string& display,
               NetParameter* param) {
  Locations locations;
  std::vector<UnknownField> unknown;
  std::vector<std::pair<int, int>> starts;
  ParsePrototxt(text, display, param, &locations, &unknown);
  Stamp(display, locations, Field(*param, "layer"), param->mutable_layer(),
        &starts);
  KeepUnknown(unknown, starts, param->mutable_layer());
  Upgrade(display, LineOf(locations, *param, "input"), param);
}

// A net written inside a solver.
void FinishInline(const std::string& display, Locations* locations,
                  const std::string& name, int index,
                  const SolverParameter& solver, NetParameter* net) {
  Locations* nested = locations->GetTreeForNested(Field(solver, name), index);
  if (nested == nullptr) return;
  Stamp(display, *nested, Field(*net, "layer"), net->mutable_layer(),
        static_cast<std::vector<std::pair<int, int>>*>(nullptr));
  Upgrade(display, LineOf(*nested, *net, "input"), net);
}

// The line, from 1, of each field of the message itself; Lines is a map.
template <typename Lines>
void RememberLines(const Locations& locations, const pb::Message& message,
                   Lines* lines) {
  const pb::Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const std::string name(type->field(i)->name());
    const int line = LineOf(locations, message, name);
    if (line >= 0) (*lines)[name] = line + 1;
  }
}

}  // namespace

void ParseNetPrototxt(const std::string& text, const std::string& display,
                      NetParameter* param) {
  param->Clear();
  const std::string clean = CheckedText(text, display);
  const bool old = HasTopLevelField(clean, "layers");
  if (old && HasTopLevelField(clean, "layer")) {
    INPUT_FAIL() << display << ": has both 'layers' (the form of 2014) and "
                 << "'layer' blocks: write all of them as 'layer'";
  }
  if (old) {
    ParseV1(clean, display, param);
  } else {
    ParseLive(clean, display, param);
  }
  INPUT_CHECK(param->layer_size() > 0) << display << ": the net has no layers";
}

void ParseSolverPrototxt(const std::string& text, const std::string& display,
                         SolverParameter* param) {
  param->Clear();
  const std::string clean = CheckedText(text, display);
  Locations locations;
  ParsePrototxt(clean, display, param, &locations, nullptr);
  param->set_source_file(display);
  param->clear_field_line();
  RememberLines(locations, *param, param->mutable_field_line());
  if (param->has_net_param()) {
    FinishInline(display, &locations, "net_param", -1, *param,
                 param->mutable_net_param());
  }
  if (param->has_train_net_param()) {
    FinishInline(display, &locations, "train_net_param", -1, *param,
                 param->mutable_train_net_param());
  }
  for (int i = 0; i < param->test_net_param_size(); ++i) {
    FinishInline(display, &locations, "test_net_param", i, *param,
                 param->mutable_test_net_param(i));
  }
  UpgradeSolverType(FieldPlace(*param, "solver_type"), param);
}

void ReadNetFromPrototxt(const std::string& path, NetParameter* param) {
  ParseNetPrototxt(ReadFile(path, kMostText), path, param);
}

void ReadSolverFromPrototxt(const std::string& path, SolverParameter* param) {
  ParseSolverPrototxt(ReadFile(path, kMostText), path, param);
}

void ReadPrototxt(const std::string& path, pb::Message* message,
                  std::map<std::string, int>* lines) {
  message->Clear();
  Locations locations;
  ParsePrototxt(CheckedText(ReadFile(path, kMostText), path), path, message,
                &locations, nullptr);
  lines->clear();
  RememberLines(locations, *message, lines);
}

void CheckUnknownFields(const LayerParameter& layer) {
  INPUT_CHECK(!layer.has_unknown_field()) << layer.unknown_field();
}

std::string FieldPlace(const SolverParameter& solver,
                       const std::string& field) {
  const auto line = solver.field_line().find(field);
  if (line == solver.field_line().end()) return solver.source_file();
  return solver.source_file() + ":" + std::to_string(line->second);
}

}  // namespace caffe
