// Pages and lists of options. What is said of each is proto/'s; the pages'
// first words are here.
#include "tools/inspect/guide.hpp"

#include <cctype>

#include "tools/common/image_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/inspect/option_text.hpp"
#include "tools/inspect/wrap.hpp"

namespace caffe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::string Quoted(const std::string& text) { return "`" + text + "`"; }

std::string Joined(const std::vector<std::string>& names,
                   const std::string& between) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : between) + name;
  }
  return text;
}

// ------------------------------------------------------------------ Markdown

std::string Kind(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "whole number";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "whole number from 0";
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_ENUM:
      return Joined(ValueNames(*field.enum_type()), " or ");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "block";
    default:
      return "number";
  }
}

// "default `false`", "must be given", "default: the list's own folder".
std::string Fallback(const OptionText& option) {
  if (option.fallback.empty()) return "default: none";
  if (option.fallback_is_value) return "default " + Quoted(option.fallback);
  if (option.fallback.compare(0, 4, "must") == 0) return option.fallback;
  return "default: " + option.fallback;
}

std::string Item(const FieldDescriptor& field) {
  const OptionText option = TextOf(field);
  std::string text = "**" + Quoted(field.name()) + "** (" + Kind(field) +
                     (field.is_repeated() ? ", may be repeated" : "") +
                     "; " + Fallback(option) + "): " + option.text;
  std::vector<std::string> values;
  for (const auto& value : option.values) {
    values.push_back(Quoted(value.first) + ": " + value.second);
  }
  if (!values.empty()) text += " " + Joined(values, "; ") + ".";
  std::string item = Wrapped(text, "- ", "  ");
  if (!option.table.empty()) {
    item += "\n";
    for (const std::string& line : option.table) item += "      " + line + "\n";
    item += "\n";
  }
  if (option.example.empty()) return item;
  return item + Wrapped("Example: " + option.example, "  ", "  ");
}

// All fields of a message, under headings of their own where it has some.
std::string Items(const Descriptor& message) {
  std::string text;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (!IsShown(field)) continue;
    const OptionText option = TextOf(field);
    if (!option.heading.empty()) {
      text += "\n## " + option.heading + "\n\n";
      if (!option.heading_text.empty()) {
        text += Wrapped(option.heading_text, "", "") + "\n";
      }
    }
    text += Item(field);
  }
  return text;
}

std::string Section(const std::string& title, const std::string& name) {
  const Descriptor& message = *DescribedMessage(name);
  return "\n## " + title + "\n\n" + Wrapped(MessageText(message), "", "") +
         "\n" + Items(message);
}

std::string Head(const std::string& title, const std::string& name) {
  return "# " + title +
         "\n\n<!-- Made by `tercet inspect --guide=" + name +
         "` from the comments in proto/;\nCONTRIBUTING.md says how. -->\n\n";
}

// The flags for images, and the subcommands that take them.
std::string FlagSection() {
  std::vector<std::string> names;
  for (const Command* command : Commands()) {
    if (command->Takes(image_flags)) names.push_back(Quoted(command->name()));
  }
  std::string text = "\n## Flags of the tools\n\n" +
                     Wrapped(Joined(names, ", ") +
                                 ": all take these. They replace what the net's "
                                 "`Input` layer says, for nets from elsewhere, "
                                 "which often come without a word on their "
                                 "images.",
                             "", "") +
                     "\n";
  for (const FlagGroup::Flag& flag : image_flags.flags()) {
    text += Wrapped("**`--" + std::string(flag.name) + "`**" +
                        (flag.standard.empty()
                             ? ""
                             : " (default `" + flag.standard + "`)") +
                        ": " + flag.help,
                    "- ", "  ");
  }
  return text + "\n" +
         Wrapped("A net that was trained on RGB faces between -1 and 1 wants "
                 "`--channels=rgb --mean_value=127.5 --scale=0.0078125`.",
                 "", "");
}

std::string AbsentSection() {
  std::string text = "\n## Layers of Caffe that are not here\n\n";
  for (const char* name : {"DataParameter", "HDF5DataParameter",
                           "ImageDataParameter", "MemoryDataParameter",
                           "WindowDataParameter"}) {
    text += Wrapped(MessageText(*DescribedMessage(name)), "- ", "  ");
  }
  return text;
}

constexpr char kImages[] =
    "Every option that has to do with images: those of `transform_param`, of "
    "the layers that bring images into a net, and the flags of the tools. "
    "`tercet inspect --layers IdentityData transform_param` prints them, too.";

constexpr char kImageExample[] = R"(
```protobuf
layer {
  name: "data" type: "IdentityData" top: "data" top: "label"
  transform_param { crop_size: 64 mirror: true mean_value: 127.5 scale: 0.0078 }
  identity_data_param {
    source: "faces" new_height: 70 new_width: 70 is_color: false
    identities_per_batch: 24 images_per_identity: 4
  }
}
```

The net that is used afterwards reads its images in the same way, with
`new_height` and `new_width` in `input_param` and the same `transform_param`.
What becomes of people, and how batches are drawn, is told in
[sampling.md](sampling.md); lists, folders and image formats are in
[file_formats.md](file_formats.md).
)";

constexpr char kSolver[] =
    "Every field of a solver's file, `tercet train --solver=F`. What a run "
    "tells of itself, and how it is stopped and resumed, is in "
    "[training.md](training.md).";

constexpr char kSolverExample[] = R"(
```protobuf
net: "net.prototxt"
type: "Adam"  base_lr: 0.001  lr_policy: "cosine"  max_iter: 2000
display: 100  snapshot: 500  snapshot_prefix: "small"  random_seed: 1
```
)";

std::string ImagePage() {
  return Head("Image options", "image_options") + Wrapped(kImages, "", "") +
         kImageExample +
         Section("`transform_param`", "TransformationParameter") +
         Section("`identity_data_param`", "IdentityDataParameter") +
         Section("`hard_identities`, in `identity_data_param`",
                 "HardIdentitiesParameter") +
         Section("`triplet_data_param`", "TripletDataParameter") +
         Section("`split`, in both", "SplitParameter") +
         Section("`input_param`", "InputParameter") + FlagSection() +
         AbsentSection();
}

std::string SolverPage() {
  return Head("The solver's file", "solver") + Wrapped(kSolver, "", "") +
         kSolverExample + Items(*DescribedMessage("SolverParameter"));
}

// ---------------------------------------------------------------- plain text

std::string TypeText(const FieldDescriptor& field) {
  std::string text = field.type_name();
  if (field.message_type() != nullptr) text = field.message_type()->name();
  if (field.enum_type() != nullptr) {
    text = Joined(ValueNames(*field.enum_type()), " | ");
  }
  return field.is_repeated() ? text + " ..." : text;
}

// "IdentityData" -> "identitydata"; field names lose their underscores too.
std::string Plain(const std::string& name) {
  std::string plain;
  for (char c : name) {
    if (c != '_') plain += static_cast<char>(std::tolower(c));
  }
  return plain;
}

// The field of LayerParameter with a type's options: its own x_param, or that
// of the type it ends like (SoftmaxWithLoss has softmax_param).
const FieldDescriptor* OptionsOf(const std::string& type) {
  const Descriptor* layer = DescribedMessage("LayerParameter");
  const FieldDescriptor* best = nullptr;
  size_t longest = 0;
  for (int i = 0; i < layer->field_count(); ++i) {
    const std::string field = Plain(layer->field(i)->name());
    if (field.size() < 6 || field.substr(field.size() - 5) != "param") continue;
    const std::string stem = field.substr(0, field.size() - 5);
    if (Plain(type).compare(0, stem.size(), stem) == 0 &&
        stem.size() > longest) {
      longest = stem.size();
      best = layer->field(i);
    }
  }
  return best;
}

// An option in a line, and below it what it does.
std::string Line(const FieldDescriptor& field) {
  const OptionText option = TextOf(field);
  std::string name = field.name();
  if (name.size() < 24) name.resize(24, ' ');
  std::string text = "    " + name + " " + TypeText(field);
  if (option.fallback_is_value) text += "  [" + option.fallback + "]";
  text += "\n";
  const std::string in(8, ' ');
  if (!option.text.empty()) text += Wrapped(option.text, in, in);
  for (const auto& value : option.values) {
    text += Wrapped(value.first + ": " + value.second, in + "  ", in + "    ");
  }
  for (const std::string& line : option.table) text += in + "  " + line + "\n";
  if (!option.fallback.empty() && !option.fallback_is_value) {
    text += Wrapped("Default: " + option.fallback, in, in);
  }
  if (!option.example.empty()) {
    text += Wrapped("Example: " + option.example, in, in);
  }
  return text;
}

}  // namespace

std::vector<std::string> GuideNames() { return {"image_options", "solver"}; }

std::string GuidePage(const std::string& name) {
  if (name == "image_options") return ImagePage();
  USAGE_CHECK(name == "solver")
      << "--guide=" << name << ": wanted " << Joined(GuideNames(), " or ");
  return SolverPage();
}

std::vector<std::string> SharedBlocks() {
  return {"transform_param", "loss_param"};
}

std::string LayerOptions(const std::string& type) {
  const FieldDescriptor* options =
      DescribedMessage("LayerParameter")->FindFieldByName(type);
  const bool shared = options != nullptr;
  if (!shared) options = OptionsOf(type);
  std::string text = type;
  if (options == nullptr) return text + "\n";
  text += (shared ? "" : "  " + options->name()) + "\n";
  const Descriptor& message = *options->message_type();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (!IsShown(field)) continue;
    text += Line(field);
  }
  return text;
}

}  // namespace caffe
