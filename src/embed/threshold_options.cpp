// Options from a threshold's file, and the refusal of those that differ.
#include "embed/threshold_options.hpp"

#include <cmath>
#include <fstream>

#include "embed/image_settings.hpp"

namespace caffe {
namespace {

// Error kInput where an option is given, and another was the file's.
void Check(const std::string& option, const std::string& path, bool fits) {
  INPUT_CHECK(fits) << "--" << option << ": the threshold of " << path
                    << " was found with another value, or without it; give "
                    << "another threshold";
}

void CheckSize(const char* option, const std::string& path,
               const ImageSize& given, const ImageSize& found) {
  const bool open = given.height == 0 && given.width == 0;
  Check(option, path, open || (given.height == found.height &&
                               given.width == found.width));
}

void CheckImage(const ImageOptions& given, const ImageOptions& found,
                const std::string& path) {
  Check("mean_value", path, given.mean_values.empty() ||
                                given.mean_values == found.mean_values);
  Check("scale", path, !given.scale || given.scale == found.scale);
  Check("channels", path, !given.rgb || found.rgb);
  CheckSize("resize", path, given.resize, found.resize);
  CheckSize("crop", path, given.crop, found.crop);
  Check("flip", path,
        !given.flip ||
            (found.flip && given.flip_concat == found.flip_concat));
}

}  // namespace

EmbedderOptions WithThreshold(const std::string& weights,
                              EmbedderOptions options,
                              VerificationThreshold* found) {
  INPUT_CHECK(!options.threshold || std::isfinite(*options.threshold))
      << "--threshold=" << *options.threshold << ": wanted a finite number";
  if (options.threshold || !options.use_threshold_file) return options;
  const bool named = !options.threshold_file.empty();
  if (!named) options.threshold_file = ThresholdPath(weights);
  const std::string& path = options.threshold_file;
  if (!named && !std::ifstream(path).good()) return options;
  *found = ReadThreshold(path);
  const metric::Distance distance = DistanceByName(found->distance());
  ImageOptions image;
  try {
    image = ParseImageOptions(*found);
  } catch (const Error& error) {
    throw error.At(path);
  }
  Check("distance", path, !options.distance || *options.distance == distance);
  Check("blob", path, options.blob.empty() || options.blob == found->blob());
  CheckImage(options.image, image, path);
  options.threshold = found->threshold();
  options.distance = distance;
  options.blob = found->blob();
  options.image = image;
  return options;
}

}  // namespace caffe
