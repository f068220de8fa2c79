// Reading a picture by its content, and gray against colour. The formats
// themselves are in image_pnm.cpp, image_png.cpp and so on, resizing is in
// image_resize.cpp, writing in image_write.cpp.

#include "data/image.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "data/exif.hpp"
#include "data/image_formats.hpp"

namespace caffe {

namespace image_internal {

void TakeSize(const Input& input, const char* format, uint64_t width,
              uint64_t height, int channels, ImageInfo* info,
              uint64_t pixels_of_byte) {
  // What is smaller costs nothing that is worth a rule.
  constexpr uint64_t kSmall = uint64_t{1} << 20;
  INPUT_CHECK(width > 0 && height > 0)
      << format << " header asks for " << width << " x " << height
      << " pixels; wanted at least 1 x 1";
  INPUT_CHECK(width <= static_cast<uint64_t>(input.max_pixels) / height)
      << format << " header asks for " << width << " x " << height
      << " pixels; at most " << input.max_pixels << " are read (max_pixels)";
  const uint64_t pixels = width * height;
  INPUT_CHECK(pixels <= kSmall || pixels / pixels_of_byte <= input.file_size)
      << format << " header asks for " << width << " x " << height
      << " pixels, which a file of " << input.file_size
      << " bytes cannot hold";
  info->format = format;
  info->width = static_cast<int>(width);
  info->height = static_cast<int>(height);
  info->channels = channels;
}

void RefuseFormat(const char* format, const char* package) {
  INPUT_FAIL() << "is a " << format
               << ", which this build does not read: install " << package
               << " and build again, or save the picture as PNG";
}

}  // namespace image_internal

namespace {

using image_internal::Input;

constexpr const char* kWanted = "a PGM, PPM, PNG, JPEG, BMP, WebP or TIFF";

bool StartsWith(const uint8_t* bytes, size_t size, const char* magic,
                size_t length) {
  return size >= length && std::memcmp(bytes, magic, length) == 0;
}

// What the first bytes of a foreign file look like, for its error.
std::string Describe(const uint8_t* bytes, size_t size) {
  if (StartsWith(bytes, size, "GIF8", 4)) return "is a GIF";
  if (StartsWith(bytes, size, "RIFF", 4)) return "is a RIFF file, but no WebP";
  if (size >= 12 && std::memcmp(bytes + 4, "ftyp", 4) == 0) {
    return "is a HEIC, AVIF or a film";
  }
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

// As the file has its rows.
Image DecodeStored(const Input& input, ImageInfo* info) {
  const uint8_t* bytes = input.bytes;
  const size_t size = input.size;
  INPUT_CHECK(size > 0) << "file is empty; wanted " << kWanted;
  if (StartsWith(bytes, size, "\xff\xd8\xff", 3)) {
    return image_internal::DecodeJpeg(input, info);
  }
  if (StartsWith(bytes, size, "\x89PNG", 4)) {
    return image_internal::DecodePng(input, info);
  }
  if (size >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7') {
    return image_internal::DecodePnm(input, info);
  }
  if (StartsWith(bytes, size, "BM", 2)) {
    return image_internal::DecodeBmp(input, info);
  }
  if (StartsWith(bytes, size, "RIFF", 4) && size >= 12 &&
      std::memcmp(bytes + 8, "WEBP", 4) == 0) {
    return image_internal::DecodeWebp(input, info);
  }
  for (const char* magic : {"II*\0", "MM\0*", "II+\0", "MM\0+"}) {
    if (StartsWith(bytes, size, magic, 4)) {
      return image_internal::DecodeTiff(input, info);
    }
  }
  INPUT_FAIL() << Describe(bytes, size) << "; wanted " << kWanted;
}

// As the picture is seen.
Image Decode(const Input& input, ImageInfo* info) {
  Image image = DecodeStored(input, info);
  if (ChangesSides(info->orientation)) std::swap(info->height, info->width);
  if (info->orientation == 1 || !input.pixels) return image;
  return TurnUpright(image, info->orientation);
}

const uint8_t* BytesOf(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

Image DecodeImage(const uint8_t* bytes, size_t size, const std::string& name,
                  int64_t max_pixels, ImageInfo* info) {
  ImageInfo unasked;
  try {
    return Decode(Input{bytes, size, size, max_pixels, true},
                  info == nullptr ? &unasked : info);
  } catch (const Error& error) {
    throw error.At(name);
  }
}

Image ReadImage(const std::string& path, int64_t max_pixels,
                ImageInfo* info) {
  const std::string bytes = ReadFile(path, kMaxImageFileBytes);
  return DecodeImage(BytesOf(bytes), bytes.size(), path, max_pixels, info);
}

ImageInfo ReadImageInfo(const std::string& path, int64_t max_pixels) {
  constexpr int64_t kBeginning = 64 << 10;
  std::string bytes;
  uint64_t file_size = 0;
  {
    const InputFile file(path);
    file_size = static_cast<uint64_t>(file.size());
    bytes.resize(std::min(file.size(), kBeginning));
    file.Read(&bytes[0], static_cast<int64_t>(bytes.size()));
  }
  ImageInfo info;
  if (bytes.size() < file_size) {
    try {
      Decode(Input{BytesOf(bytes), bytes.size(), file_size, max_pixels, false},
             &info);
      return info;
    } catch (const Error&) {
      // The header may go on behind the beginning, or the file be no picture.
    }
    bytes = ReadFile(path, kMaxImageFileBytes);
  }
  try {
    Decode(Input{BytesOf(bytes), bytes.size(), bytes.size(), max_pixels, false},
           &info);
  } catch (const Error& error) {
    throw error.At(path);
  }
  return info;
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

namespace {

std::vector<std::string> Endings() {
  std::vector<std::string> endings = {".pgm", ".ppm",  ".pnm", ".png",
                                      ".jpg", ".jpeg", ".jfif", ".bmp"};
  if (image_internal::kReadsWebp) endings.push_back(".webp");
  if (image_internal::kReadsTiff) {
    endings.insert(endings.end(), {".tif", ".tiff"});
  }
  return endings;
}

}  // namespace

bool HasImageName(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return false;
  std::string ending = path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::vector<std::string> known = Endings();
  return std::find(known.begin(), known.end(), ending) != known.end();
}

std::string ImageEndings() {
  const std::vector<std::string> known = Endings();
  std::string text = known[0];
  for (size_t i = 1; i < known.size(); ++i) {
    text += (i + 1 < known.size() ? ", " : " or ") + known[i];
  }
  return text;
}

}  // namespace caffe
