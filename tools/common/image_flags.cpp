// From the flags for images to ImageOptions. What a value means is said by
// embed/image_settings.hpp, whether it fits a net by the embedder.
#include "tools/common/image_flags.hpp"

#include "embed/image_settings.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {

FlagGroup image_flags, broken_flag;
string FLAGS_broken = broken_flag.Add<string>(
    "broken", "STOP",
    "an image that cannot be read: STOP, or SKIP: all are read before, and "
    "such left out",
    &FLAGS_broken);

namespace {

FlagGroup& flags = image_flags;
TERCET_FLAG(string, mean_value, "",
            "subtracted from each value of an image: one number, or one a "
            "channel between commas, in the net's order, such as 104,117,123 "
            "(default: the net's)");
TERCET_FLAG(string, scale, "",
            "what comes out is multiplied by this, such as 0.0078125 (default: "
            "the net's)");
TERCET_FLAG(string, channels, "bgr", "the net's order of channels: bgr or rgb");
TERCET_FLAG(string, resize, "",
            "the size of an image before the crop, HEIGHTxWIDTH or one number, "
            "such as 120x104 (default: the net's)");
TERCET_FLAG(string, crop, "",
            "the middle of an image that is kept, HEIGHTxWIDTH or one number, "
            "such as 112x96 (default: the net's)");
TERCET_FLAG(string, flip, "false",
            "an embedding is the mean of the image's and its mirror image's; "
            "--flip=concat: the one after the other");

}  // namespace

ImageOptions ImageOptionsFromFlags() {
  VerificationThreshold settings;
  if (FlagGiven("mean_value")) settings.set_mean_value(FLAGS_mean_value);
  if (FlagGiven("scale")) settings.set_scale(FLAGS_scale);
  settings.set_channels(FLAGS_channels);
  if (FlagGiven("resize")) settings.set_resize(FLAGS_resize);
  if (FlagGiven("crop")) settings.set_crop(FLAGS_crop);
  USAGE_CHECK(FLAGS_flip == "false" || FLAGS_flip == "true" ||
              FLAGS_flip == "mean" || FLAGS_flip == "concat")
      << "--flip=" << FLAGS_flip << ": wanted mean (as --flip alone), concat "
      << "or false";
  settings.set_flip(FLAGS_flip != "false");
  settings.set_flip_concat(FLAGS_flip == "concat");
  try {
    return ParseImageOptions(settings);
  } catch (const Error& error) {
    throw error.As(Error::kUsage);
  }
}

bool SkipBroken() {
  USAGE_CHECK(FLAGS_broken == "STOP" || FLAGS_broken == "SKIP")
      << "--broken=" << FLAGS_broken << ": wanted STOP or SKIP";
  return FLAGS_broken == "SKIP";
}

EmbedderOptions ToolEmbedder(const std::string& blob,
                             const ImageOptions& image) {
  EmbedderOptions options;
  options.blob = blob;
  options.image = image;
  options.use_threshold_file = false;
  options.broken_hint = "; --broken=SKIP leaves them out";
  options.status_line = true;
  return options;
}

void RefuseImageFlags(const std::string& reason) {
  for (const char* name :
       {"mean_value", "scale", "channels", "resize", "crop", "flip"}) {
    USAGE_CHECK(!FlagGiven(name)) << "--" << name << ": " << reason;
  }
}

}  // namespace caffe
