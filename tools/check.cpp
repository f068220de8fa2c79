// Checks a set of images before a run: reads each once, and says all that is
// wrong with it (data/image_check.hpp).
#include <cstdio>

#include "caffe/net.hpp"
#include "data/image_check.hpp"
#include "data/image_survey.hpp"
#include "net/prototxt.hpp"
#include "tools/check/report_text.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, images, "",
            "a folder of images or of people, or a list; it may be given "
            "several times");
TERCET_FLAG(string, root, "", "the folder that lists' paths are relative to");
TERCET_FLAG(string, model, "",
            "the net (prototxt) that the images are for: of its TRAIN layers "
            "that read images the first, or else its Input layer");
TERCET_FLAG(string, format, "table", "table, or json");

// What layers that read images have in common.
template <typename Param>
ImageNeeds NeedsOf(const LayerParameter& layer, const Param& param) {
  ImageNeeds needs;
  needs.layer = "layer '" + layer.name() + "' (" + layer.type() + ")";
  needs.to_height = static_cast<int>(param.new_height());
  needs.to_width = static_cast<int>(param.new_width());
  needs.crop = static_cast<int>(layer.transform_param().crop_size());
  needs.max_pixels = CheckedMaxPixels(param.max_pixels());
  return needs;
}

template <typename Param>
ImageNeeds NeedsOfData(const LayerParameter& layer, const Param& param) {
  ImageNeeds needs = NeedsOf(layer, param);
  needs.one_size = needs.to_height == 0 && needs.crop == 0;
  needs.skip_broken = param.broken() == BrokenImages::SKIP;
  return needs;
}

ImageNeeds NeedsOfIdentities(const LayerParameter& layer) {
  const IdentityDataParameter& param = layer.identity_data_param();
  ImageNeeds needs = NeedsOfData(layer, param);
  needs.labels = true;
  needs.least_images =
      param.too_few() == IdentityDataParameter::REPEAT
          ? 1
          : static_cast<int>(param.images_per_identity());
  needs.least_people = static_cast<int>(param.identities_per_batch());
  return needs;
}

ImageNeeds NeedsOfInput(const LayerParameter& layer) {
  ImageNeeds needs = NeedsOf(layer, layer.input_param());
  needs.person_folders = false;
  const InputParameter& param = layer.input_param();
  constexpr int kAxes = 4;
  const bool images =
      param.shape_size() > 0 && param.shape(0).dim_size() == kAxes;
  if (needs.to_height == 0 && needs.crop == 0 && images) {
    needs.to_height = static_cast<int>(param.shape(0).dim(2));
    needs.to_width = static_cast<int>(param.shape(0).dim(3));
  }
  return needs;
}

// The layer's needs, of the phase's layers that read images the first's.
bool FindNeeds(const NetParameter& file, Phase phase, ImageNeeds* needs) {
  NetParameter net = file, kept;
  net.mutable_state()->set_phase(phase);
  FilterNet(net, &kept);
  for (const LayerParameter& layer : kept.layer()) {
    if (layer.type() == "IdentityData") {
      *needs = NeedsOfIdentities(layer);
    } else if (layer.type() == "TripletData") {
      *needs = NeedsOfData(layer, layer.triplet_data_param());
    } else if (layer.type() == "Input" && phase == TEST) {
      *needs = NeedsOfInput(layer);
    } else {
      continue;
    }
    return true;
  }
  return false;
}

ImageNeeds NeedsOfModel() {
  ImageNeeds needs;
  if (FLAGS_model.empty()) return needs;
  NetParameter file;
  ReadNetFromPrototxt(FLAGS_model, &file);
  INPUT_CHECK(FindNeeds(file, TRAIN, &needs) || FindNeeds(file, TEST, &needs))
      << FLAGS_model << ": has no layer that reads images (IdentityData, "
      << "TripletData or Input)";
  return needs;
}

int Run() {
  RequireFlag("images");
  USAGE_CHECK(FLAGS_format == "table" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted table or json";
  UseThreads(FLAGS_threads);
  const ImageNeeds needs = NeedsOfModel();
  const ImageCheckReport report =
      CheckImages(FlagValues("images"), FLAGS_root, needs);
  const string text = FLAGS_format == "json" ? JsonOf(report, needs)
                                             : TableOf(report, needs);
  std::fputs(text.c_str(), stdout);
  return report.stops.empty() ? 0 : 1;
}

const Command command(
    "check", "checks a set of images before a run",
    "tercet check --images=DIR|LIST [--images=...] [--model=F]\n\n"
    "Reads every image once and lists what is broken, what is there twice, "
    "and who\nhas too few images. Exit code 1: something would stop a run.",
    Run, {&flags, &threads_flag});

}  // namespace
}  // namespace caffe
