// Reading a picture by its content, and gray against colour. The formats
// themselves are in image_pnm.cpp, image_png.cpp and image_jpeg.cpp, resizing
// in image_resize.cpp, writing in image_write.cpp.

#include "data/image.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "data/image_formats.hpp"

namespace caffe {

namespace image_internal {

void CheckSize(const char* format, uint64_t width, uint64_t height) {
  INPUT_CHECK(width > 0 && height > 0)
      << format << " header asks for " << width << " x " << height
      << " pixels; wanted at least 1 x 1";
  INPUT_CHECK(width <= static_cast<uint64_t>(kMaxImagePixels) / height)
      << format << " header asks for " << width << " x " << height
      << " pixels; at most " << kMaxImagePixels << " are read";
}

}  // namespace image_internal

namespace {

bool StartsWith(const uint8_t* bytes, size_t size, const char* magic,
                size_t length) {
  return size >= length && std::memcmp(bytes, magic, length) == 0;
}

// What the first bytes of a foreign file look like, for its error.
std::string Describe(const uint8_t* bytes, size_t size) {
  if (StartsWith(bytes, size, "GIF8", 4)) return "is a GIF";
  if (StartsWith(bytes, size, "BM", 2)) return "is a BMP";
  if (StartsWith(bytes, size, "RIFF", 4)) return "is a WebP or other RIFF file";
  if (StartsWith(bytes, size, "II*\0", 4)) return "is a TIFF";
  if (StartsWith(bytes, size, "MM\0*", 4)) return "is a TIFF";
  std::ostringstream text;
  text << "is no picture (it begins with the bytes";
  for (size_t i = 0; i < std::min<size_t>(size, 4); ++i) {
    char hex[4];
    std::snprintf(hex, sizeof(hex), " %02x", bytes[i]);
    text << hex;
  }
  text << ")";
  return text.str();
}

Image DecodeByContent(const uint8_t* bytes, size_t size) {
  INPUT_CHECK(size > 0) << "file is empty; wanted a PGM, PPM, PNG or JPEG";
  if (StartsWith(bytes, size, "\xff\xd8\xff", 3)) {
    return image_internal::DecodeJpeg(bytes, size);
  }
  if (StartsWith(bytes, size, "\x89PNG", 4)) {
    return image_internal::DecodePng(bytes, size);
  }
  if (size >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7') {
    return image_internal::DecodePnm(bytes, size);
  }
  INPUT_FAIL() << Describe(bytes, size)
               << "; wanted a PGM, PPM, PNG or JPEG";
}

}  // namespace

Image DecodeImage(const uint8_t* bytes, size_t size, const std::string& name) {
  try {
    return DecodeByContent(bytes, size);
  } catch (const Error& error) {
    throw error.At(name);
  }
}

Image ReadImage(const std::string& path) {
  const std::string bytes = ReadFile(path, kMaxImageFileBytes);
  return DecodeImage(reinterpret_cast<const uint8_t*>(bytes.data()),
                     bytes.size(), path);
}

Image ConvertChannels(const Image& image, int channels) {
  CHECK(channels == 1 || channels == 3) << "an image has 1 or 3 channels";
  if (image.channels == channels) return image;
  Image result(image.height, image.width, channels);
  const size_t count = static_cast<size_t>(image.height) * image.width;
  if (channels == 3) {
    for (size_t i = 0; i < count; ++i) {
      std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
    }
    return result;
  }
  // Weights of 2^16 in all, so that white stays white.
  constexpr uint32_t kBlue = 7471, kGreen = 38470, kRed = 19595;
  static_assert(kBlue + kGreen + kRed == 1u << 16, "gray weights sum to one");
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* bgr = &image.pixels[3 * i];
    const uint32_t sum = kBlue * bgr[0] + kGreen * bgr[1] + kRed * bgr[2];
    result.pixels[i] = static_cast<uint8_t>((sum + (1u << 15)) >> 16);
  }
  return result;
}

bool HasImageName(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return false;
  std::string ending = path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (const char* known :
       {".pgm", ".ppm", ".pnm", ".png", ".jpg", ".jpeg"}) {
    if (ending == known) return true;
  }
  return false;
}

}  // namespace caffe
