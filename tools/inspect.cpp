// Shows a net: its layers with their blobs, shapes, parameters and
// multiply-adds. --layers shows the layer types there are, --device the GPUs.
#include <google/protobuf/descriptor.pb.h>

#include <cmath>
#include <cstdio>

#include "caffe/net.hpp"
#include "convolution/cudnn_choice.hpp"
#include "core/device.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt)");
TERCET_FLAG(string, phase, "TEST", "TRAIN or TEST");
TERCET_FLAG(bool, layers, false,
            "list the registered layer types, their options and the defaults");
TERCET_FLAG(bool, device, false,
            "list the GPUs, and what this build wants of them");
TERCET_FLAG(string, load, "",
            "shared libraries with further layers, between commas");

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

string DefaultText(const FieldDescriptor& field) {
  if (!field.has_default_value()) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(field.default_value_int32());
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(field.default_value_uint32());
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

string TypeText(const FieldDescriptor& field) {
  string text = field.type_name();
  if (field.message_type() != nullptr) text = field.message_type()->name();
  if (field.enum_type() != nullptr) {
    text.clear();
    for (int i = 0; i < field.enum_type()->value_count(); ++i) {
      text += (i > 0 ? " | " : "") + field.enum_type()->value(i)->name();
    }
  }
  return field.is_repeated() ? text + " ..." : text;
}

// "IdentityData" -> "identitydata"; field names lose their underscores too.
string Plain(const string& name) {
  string plain;
  for (char c : name) {
    if (c != '_') plain += static_cast<char>(std::tolower(c));
  }
  return plain;
}

// The field of LayerParameter with a type's options: its own x_param, or that
// of the type it ends like (SoftmaxWithLoss has softmax_param).
const FieldDescriptor* OptionsOf(const string& type) {
  const Descriptor* layer = LayerParameter::descriptor();
  const FieldDescriptor* best = nullptr;
  size_t longest = 0;
  for (int i = 0; i < layer->field_count(); ++i) {
    const string field = Plain(layer->field(i)->name());
    if (field.size() < 6 || field.substr(field.size() - 5) != "param") continue;
    const string stem = field.substr(0, field.size() - 5);
    if (Plain(type).compare(0, stem.size(), stem) == 0 &&
        stem.size() > longest) {
      longest = stem.size();
      best = layer->field(i);
    }
  }
  return best;
}

void ListLayers() {
  for (const string& type : LayerRegistry<float>::LayerTypeList()) {
    const FieldDescriptor* options = OptionsOf(type);
    std::printf("%s%s%s\n", type.c_str(), options != nullptr ? "  " : "",
                options != nullptr ? options->name().c_str() : "");
    if (options == nullptr) continue;
    const Descriptor* message = options->message_type();
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (field.options().deprecated()) continue;  // read to be refused
      const string fallback = DefaultText(field);
      std::printf("    %-24s %s%s\n", field.name().c_str(),
                  TypeText(field).c_str(),
                  fallback.empty() ? "" : ("  [" + fallback + "]").c_str());
    }
  }
}

string Grouped(int64_t value) {
  string text = std::to_string(value);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(at, ",");
  }
  return text;
}

string BlobList(const Net<float>& net, const vector<int>& ids) {
  string text;
  for (int id : ids) {
    if (!text.empty()) text += "; ";
    text += net.blob_names()[id] + " " + net.blobs()[id]->shape_string();
  }
  return text;
}

void ShowNet() {
  Phase phase;
  USAGE_CHECK(Phase_Parse(FLAGS_phase, &phase))
      << "--phase=" << FLAGS_phase << ": wanted TRAIN or TEST";
  Net<float> net(FLAGS_model, phase);
  ReleaseLog();
  int64_t parameters = 0, operations = 0;
  size_t param_id = 0;
  std::printf("%-24s %-16s %12s %16s  %s\n", "layer", "type", "parameters",
              "multiply-adds", "tops");
  for (size_t i = 0; i < net.layers().size(); ++i) {
    int64_t own = 0;
    string shapes;
    for (const auto& blob : net.layers()[i]->blobs()) {
      const bool shared = net.param_owners()[param_id++] >= 0;
      if (!shared) own += blob->count();
      shapes += (shapes.empty() ? "  <- " : ", ") + blob->shape_string() +
                (shared ? " shared" : "");
    }
    const int64_t work = net.layers()[i]->MultiplyAdds(net.bottom_vecs()[i],
                                                       net.top_vecs()[i]);
    parameters += own;
    operations += work;
    std::printf("%-24s %-16s %12s %16s  %s%s\n", net.layer_names()[i].c_str(),
                net.layers()[i]->type(), Grouped(own).c_str(),
                Grouped(work).c_str(),
                BlobList(net, net.top_ids(static_cast<int>(i))).c_str(),
                shapes.c_str());
  }
  std::printf("%zu layers, %s parameters, %s multiply-adds a forward pass\n",
              net.layers().size(), Grouped(parameters).c_str(),
              Grouped(operations).c_str());
}

void ListGpus() {
  const string problem = DeviceProblem();
  if (!problem.empty()) throw Error(Error::kDevice, problem);
  const string cudnn = CudnnVersion();
  std::printf("%s, %s\n", CudaVersions().c_str(),
              cudnn.empty() ? "without cuDNN" : cudnn.c_str());
  for (const DeviceInfo& gpu : ListDevices()) {
    std::printf("%d  %s, compute capability %d.%d, %d multiprocessors, "
                "%.1f of %.1f GiB free, memory at %.0f GB/s\n",
                gpu.number, gpu.name.c_str(), gpu.major, gpu.minor,
                gpu.processors, std::ldexp(gpu.free_bytes, -30),
                std::ldexp(gpu.total_bytes, -30), gpu.bytes_per_second * 1e-9);
  }
}

int Run() {
  LoadLayerLibraries(FLAGS_load);
  if (FLAGS_device) {
    ListGpus();
  } else if (FLAGS_layers) {
    ListLayers();
  } else {
    RequireFlag("model");
    ShowNet();
  }
  return 0;
}

const Command command(
    "inspect", "shows a net, the layer types or the GPUs",
    "tercet inspect --model=F [--phase=TEST]\n"
    "       tercet inspect --layers | --device\n\n"
    "Shows the layers of a net with shapes, parameters and multiply-adds, or "
    "all\n"
    "layer types and their options, or the GPUs.",
    Run, {&flags});

}  // namespace
}  // namespace caffe
