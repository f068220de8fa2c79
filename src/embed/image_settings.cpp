// From text to ImageOptions, and which numbers are none.
#include "embed/image_settings.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/decimal_comma.hpp"
#include "data/image.hpp"

namespace caffe {
namespace {

// The largest side; an area is bounded like that of an image from a file.
constexpr int kMostSide = 65536;

// Digits alone, at most kMostSide; 0 for anything else.
int Side(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(),
                  [](unsigned char c) { return std::isdigit(c); });
  const int side = digits ? std::atoi(text.c_str()) : 0;
  return side <= kMostSide ? side : 0;
}

// A number and nothing else; NaN for anything else.
float Number(const std::string& text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0]))) {
    return NAN;
  }
  char* end = nullptr;
  const float number = std::strtof(text.c_str(), &end);
  return *end == '\0' ? number : NAN;
}

std::vector<float> ParseMeans(const std::string& value) {
  std::vector<float> numbers;
  size_t begin = 0, comma;
  do {
    comma = value.find(',', begin);
    const size_t length =
        comma == std::string::npos ? std::string::npos : comma - begin;
    numbers.push_back(Number(value.substr(begin, length)));
    INPUT_CHECK(std::isfinite(numbers.back()))
        << "--mean_value=" << value
        << ": wanted numbers with a comma between two of them";
    begin = comma + 1;
  } while (comma != std::string::npos);
  const bool fits = numbers.size() == 1 || numbers.size() == 3;
  // Two numbers, or one with a comma in it: only who wrote it knows.
  const std::string hint = fits ? "" : DecimalComma(value);
  INPUT_CHECK(fits) << "--mean_value=" << value
                    << ": wanted one number, or three"
                    << (hint.empty() ? "" : "; ") << hint;
  return numbers;
}

bool IsScale(float scale) { return std::isfinite(scale) && scale != 0; }

float ParseScale(const std::string& value) {
  const float scale = Number(value);
  const std::string with_comma = DecimalComma(value);
  INPUT_CHECK(with_comma.empty()) << "--scale=" << value << ": " << with_comma;
  INPUT_CHECK(IsScale(scale))
      << "--scale=" << value << ": wanted a number that is not 0";
  return scale;
}

bool IsGiven(const ImageSize& size) {
  return size.height != 0 || size.width != 0;
}

bool IsSize(const ImageSize& size) {
  return size.height > 0 && size.width > 0 &&
         int64_t{size.height} * size.width <= kMaxImagePixels;
}

void CheckSize(const std::string& flag, const std::string& value,
               const ImageSize& size) {
  INPUT_CHECK(IsSize(size))
      << "--" << flag << "=" << value
      << ": wanted HEIGHTxWIDTH, or one number for a square";
}

ImageSize ParseSize(const std::string& flag, const std::string& value) {
  const size_t x = value.find('x');
  const int height = Side(value.substr(0, x));
  const int width =
      x == std::string::npos ? height : Side(value.substr(x + 1));
  CheckSize(flag, value, {height, width});
  return {height, width};
}

std::string SizeText(const ImageSize& size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

}  // namespace

ImageOptions ParseImageOptions(const VerificationThreshold& settings) {
  ImageOptions options;
  if (settings.has_mean_value()) {
    options.mean_values = ParseMeans(settings.mean_value());
  }
  if (settings.has_scale()) options.scale = ParseScale(settings.scale());
  if (settings.has_channels()) {
    const std::string& channels = settings.channels();
    INPUT_CHECK(channels == "bgr" || channels == "rgb")
        << "--channels=" << channels << ": wanted bgr or rgb";
    options.rgb = channels == "rgb";
  }
  if (settings.has_resize()) {
    options.resize = ParseSize("resize", settings.resize());
  }
  if (settings.has_crop()) options.crop = ParseSize("crop", settings.crop());
  const bool cut = !IsGiven(options.resize) || !IsGiven(options.crop) ||
                   (options.crop.height <= options.resize.height &&
                    options.crop.width <= options.resize.width);
  INPUT_CHECK(cut) << "--crop=" << settings.crop()
                   << ": is larger than --resize=" << settings.resize();
  INPUT_CHECK(settings.flip() || !settings.flip_concat())
      << "flip_concat: wants flip: true";
  options.flip = settings.flip();
  options.flip_concat = settings.flip_concat();
  return options;
}

void CheckImageOptions(const ImageOptions& options) {
  for (const float mean : options.mean_values) {
    INPUT_CHECK(std::isfinite(mean))
        << "--mean_value=" << mean << ": wanted a finite number";
  }
  INPUT_CHECK(!options.scale || IsScale(*options.scale))
      << "--scale=" << *options.scale << ": wanted a number that is not 0";
  if (IsGiven(options.resize)) {
    CheckSize("resize", SizeText(options.resize), options.resize);
  }
  if (IsGiven(options.crop)) {
    CheckSize("crop", SizeText(options.crop), options.crop);
  }
}

}  // namespace caffe
