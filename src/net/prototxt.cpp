// The readers of prototxt.hpp: file -> text -> message -> live form, with the
// place of each layer stamped on it. Parsing and its messages are
// prototxt_parser.cpp's, the older forms upgrade_v1.cpp's and
// upgrade_proto.cpp's.

#include "net/prototxt.hpp"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <climits>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/proto/caffe_v1.pb.h"
#include "caffe/util/io.hpp"
#include "caffe/util/upgrade_proto.hpp"
#include "core/text.hpp"
#include "net/prototxt_outline.hpp"
#include "net/prototxt_parser.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;
using Locations = pb::TextFormat::ParseInfoTree;

constexpr int64_t kMostText = int64_t{64} << 20;

std::string PlaceOf(const std::string& display, int line_from_0) {
  return line_from_0 < 0 ? display
                         : display + ":" + std::to_string(line_from_0 + 1);
}

// Refuses what is no text; drops the mark that some editors put in front, and
// reads the UTF-16 of others.
std::string CheckedText(const std::string& given, const std::string& display) {
  const std::string text = PlainText(given);
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
  return text;
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

typedef std::vector<Outline::Start> Starts;

// Stamps `file:line` on each layer of a net of either form; what the file says
// of them itself is not heard.
template <typename Layers>
void Stamp(const std::string& display, const Starts& starts, Layers* layers) {
  for (int i = 0; i < layers->size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    const int line = at < starts.size() ? starts[at].line : -1;
    layers->Mutable(i)->set_source_location(PlaceOf(display, line));
    layers->Mutable(i)->clear_unknown_field();
  }
}

// The places of `layers` and their numbers, in the order of the file; those of
// the other form, `others`, are numbered behind them.
typedef std::vector<std::pair<std::pair<int, int>, int>> LayerOrder;
LayerOrder OrderOf(const Starts& starts, const Starts& others) {
  LayerOrder order;
  for (const Starts* of : {&starts, &others}) {
    for (const Outline::Start& start : *of) {
      order.emplace_back(std::make_pair(start.line, start.column),
                         static_cast<int>(order.size()));
    }
  }
  std::sort(order.begin(), order.end());
  return order;
}

// `set(number, what)` tells a layer of an unknown field in it.
template <typename SetUnknown>
void KeepUnknown(const std::vector<UnknownField>& unknown,
                 const LayerOrder& order, const SetUnknown& set) {
  for (const UnknownField& field : unknown) {
    const auto after = std::upper_bound(
        order.begin(), order.end(),
        std::make_pair(std::make_pair(field.line, field.column), INT_MAX));
    if (!field.in_layer || after == order.begin()) INPUT_FAIL() << field.what;
    set((after - 1)->second, field.what);
  }
}

template <typename Layer>
void SetUnknown(const std::string& what, Layer* layer) {
  if (!layer->has_unknown_field()) layer->set_unknown_field(what);
}

// A live net whose text has been parsed: the older input header, which stood
// at `input_line`, and BatchNorm's rates.
void Upgrade(const std::string& display, int input_line, NetParameter* param) {
  UpgradeNetInput(PlaceOf(display, input_line), param);
  UpgradeBatchNorm(param);
}

void ParseV1(const std::string& text, const std::string& display,
             const Starts& starts, const Starts& live_starts,
             NetParameter* param) {
  v1::NetParameter old;
  Locations locations;
  std::vector<UnknownField> unknown;
  ParsePrototxt(text, display, &old, &locations, &unknown);
  Stamp(display, starts, old.mutable_layers());
  Stamp(display, live_starts, old.mutable_layer());
  const LayerOrder order = OrderOf(starts, live_starts);
  const int count = old.layers_size();
  CHECK_EQ(count + old.layer_size(), static_cast<int>(order.size()));
  KeepUnknown(unknown, order, [&](int number, const std::string& what) {
    if (number < count) {
      SetUnknown(what, old.mutable_layers(number));
    } else {
      SetUnknown(what, old.mutable_layer(number - count));
    }
  });
  UpgradeV1Net(old, param);
  NetParameter ordered;
  for (const auto& entry : order) {
    ordered.add_layer()->Swap(param->mutable_layer(entry.second));
  }
  param->mutable_layer()->Swap(ordered.mutable_layer());
  Upgrade(display, LineOf(locations, old, "input"), param);
}

void ParseLive(const std::string& text, const std::string& display,
               const Starts& starts, NetParameter* param) {
  Locations locations;
  std::vector<UnknownField> unknown;
  ParsePrototxt(text, display, param, &locations, &unknown);
  CHECK_EQ(param->layer_size(), static_cast<int>(starts.size()));
  Stamp(display, starts, param->mutable_layer());
  KeepUnknown(unknown, OrderOf(starts, {}),
              [&](int number, const std::string& what) {
                SetUnknown(what, param->mutable_layer(number));
              });
  Upgrade(display, LineOf(locations, *param, "input"), param);
}

// A net written inside a solver, as its `index`th field of that name.
void FinishInline(const std::string& display, const Outline& outline,
                  Locations* locations, const std::string& name, int index,
                  const SolverParameter& solver, NetParameter* net) {
  const bool repeated = Field(solver, name)->is_repeated();
  Locations* nested = locations->GetTreeForNested(Field(solver, name),
                                                  repeated ? index : -1);
  const Starts nets = outline.Starts(name, 0);
  const size_t at = static_cast<size_t>(index);
  if (nested == nullptr || at >= nets.size()) return;
  Stamp(display, outline.Starts("layer", nets[at].block),
        net->mutable_layer());
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
  Starts old, live;
  bool v1 = false;
  {
    const Outline outline(clean);
    old = outline.Starts("layers", 0);
    live = outline.Starts("layer", 0);
    v1 = outline.HasTopLevelField("layers");
  }
  if (v1) {
    ParseV1(clean, display, old, live, param);
  } else {
    ParseLive(clean, display, live, param);
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
  const int tests = param->test_net_param_size();
  const Outline outline(param->has_net_param() ||
                                param->has_train_net_param() || tests > 0
                            ? clean
                            : "");
  if (param->has_net_param()) {
    FinishInline(display, outline, &locations, "net_param", 0, *param,
                 param->mutable_net_param());
  }
  if (param->has_train_net_param()) {
    FinishInline(display, outline, &locations, "train_net_param", 0, *param,
                 param->mutable_train_net_param());
  }
  for (int i = 0; i < tests; ++i) {
    FinishInline(display, outline, &locations, "test_net_param", i, *param,
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
