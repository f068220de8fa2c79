// Shows a net: its layers with their blobs, shapes, parameters and
// multiply-adds. --layers shows the layer types there are and their options,
// --guide a page of docs/ on such, --device the GPUs.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "caffe/net.hpp"
#include "convolution/cudnn_choice.hpp"
#include "core/device.hpp"
#include "core/suggest.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/inspect/guide.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt)");
TERCET_FLAG(string, phase, "TEST", "TRAIN or TEST");
TERCET_FLAG(bool, layers, false,
            "list the layer types, or those that are named, with their options "
            "and the defaults");
TERCET_FLAG(string, guide, "",
            "print a page of docs/, as Markdown: image_options or solver");
TERCET_FLAG(bool, device, false,
            "list the GPUs, and what this build wants of them");
TERCET_FLAG(string, load, "",
            "shared libraries with further layers, between commas");

// What --layers lists: all layer types and the blocks that several have, or
// those that are named.
void ListLayers() {
  std::vector<string> known = LayerRegistry<float>::LayerTypeList();
  for (const string& block : SharedBlocks()) known.push_back(block);
  const std::vector<string>& named = Arguments();
  for (const string& type : named) {
    USAGE_CHECK(std::find(known.begin(), known.end(), type) != known.end())
        << "unknown layer type '" << type << "'" << DidYouMean(type, known)
        << " (tercet inspect --layers lists all)";
  }
  for (const string& type : named.empty() ? known : named) {
    std::fputs(LayerOptions(type).c_str(), stdout);
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
  USAGE_CHECK(FLAGS_layers || Arguments().empty())
      << "stray argument '" << Arguments()[0]
      << "' (layer types stand behind --layers; flags are --name=value)";
  if (!FLAGS_guide.empty()) {
    std::fputs(GuidePage(FLAGS_guide).c_str(), stdout);
  } else if (FLAGS_device) {
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
    "       tercet inspect --layers [TYPE ...] | --guide=PAGE | --device\n\n"
    "Shows the layers of a net with shapes, parameters and multiply-adds, or "
    "layer\n"
    "types and their options, or a page on images or on solvers, or the GPUs.",
    Run, {&flags}, 64);

}  // namespace
}  // namespace caffe
