// From the flags for images to ImageOptions. Whether these fit a net is the
// embedder's to say.
#include "tools/common/image_flags.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "tools/common/tool_main.hpp"

namespace caffe {

FlagGroup image_flags;

namespace {

FlagGroup& flags = image_flags;
TERCET_FLAG(string, mean_value, "",
            "subtracted from each value of an image: one number, or one a "
            "channel between commas, in the net's order (default: the net's)");
TERCET_FLAG(string, scale, "",
            "what comes out is multiplied by this (default: the net's)");
TERCET_FLAG(string, channels, "bgr", "the net's order of channels: bgr or rgb");
TERCET_FLAG(string, resize, "",
            "the size of an image before the crop, HEIGHTxWIDTH or one number "
            "(default: the net's)");
TERCET_FLAG(string, crop, "",
            "the middle of an image that is kept, HEIGHTxWIDTH or one number "
            "(default: the net's)");
TERCET_FLAG(bool, flip, false,
            "an embedding is the mean of the image's and its mirror image's");

// The largest side; an area is bounded like that of an image from a file.
constexpr int kMostSide = 65536;

// Digits alone, at most kMostSide; 0 for anything else.
int Side(const string& text) {
  const bool digits =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(),
                  [](unsigned char c) { return std::isdigit(c); });
  const int side = digits ? std::atoi(text.c_str()) : 0;
  return side <= kMostSide ? side : 0;
}

// A number and nothing else; NaN for anything else.
float Number(const string& text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0]))) {
    return NAN;
  }
  char* end = nullptr;
  const float number = std::strtof(text.c_str(), &end);
  return *end == '\0' ? number : NAN;
}

vector<float> NumbersOfFlag(const string& flag, const string& value) {
  vector<float> numbers;
  size_t begin = 0, comma;
  do {
    comma = value.find(',', begin);
    const size_t length =
        comma == string::npos ? string::npos : comma - begin;
    numbers.push_back(Number(value.substr(begin, length)));
    USAGE_CHECK(std::isfinite(numbers.back()))
        << "--" << flag << "=" << value
        << ": wanted numbers with a comma between two of them";
    begin = comma + 1;
  } while (comma != string::npos);
  return numbers;
}

ImageSize SizeOfFlag(const string& flag, const string& value) {
  const size_t x = value.find('x');
  const int height = Side(value.substr(0, x));
  const int width = x == string::npos ? height : Side(value.substr(x + 1));
  USAGE_CHECK(height > 0 && width > 0 &&
              int64_t{height} * width <= kMaxImagePixels)
      << "--" << flag << "=" << value
      << ": wanted HEIGHTxWIDTH, or one number for a square";
  return {height, width};
}

}  // namespace

ImageOptions ImageOptionsFromFlags() {
  ImageOptions options;
  if (FlagGiven("mean_value")) {
    options.mean_values = NumbersOfFlag("mean_value", FLAGS_mean_value);
    USAGE_CHECK(options.mean_values.size() == 1 ||
                options.mean_values.size() == 3)
        << "--mean_value=" << FLAGS_mean_value
        << ": wanted one number, or three";
  }
  if (FlagGiven("scale")) {
    options.scale = Number(FLAGS_scale);
    USAGE_CHECK(std::isfinite(*options.scale) && *options.scale != 0)
        << "--scale=" << FLAGS_scale << ": wanted a number that is not 0";
  }
  USAGE_CHECK(FLAGS_channels == "bgr" || FLAGS_channels == "rgb")
      << "--channels=" << FLAGS_channels << ": wanted bgr or rgb";
  options.rgb = FLAGS_channels == "rgb";
  if (FlagGiven("resize")) options.resize = SizeOfFlag("resize", FLAGS_resize);
  if (FlagGiven("crop")) options.crop = SizeOfFlag("crop", FLAGS_crop);
  const bool cut = options.resize.height == 0 || options.crop.height == 0 ||
                   (options.crop.height <= options.resize.height &&
                    options.crop.width <= options.resize.width);
  USAGE_CHECK(cut) << "--crop=" << FLAGS_crop << ": is larger than --resize="
                   << FLAGS_resize;
  options.flip = FLAGS_flip;
  return options;
}

void RefuseImageFlags(const string& reason) {
  for (const char* name :
       {"mean_value", "scale", "channels", "resize", "crop", "flip"}) {
    USAGE_CHECK(!FlagGiven(name)) << "--" << name << ": " << reason;
  }
}

}  // namespace caffe
