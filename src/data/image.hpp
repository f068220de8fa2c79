// Pictures in memory and on disk: reading PGM, PPM, PNG, JPEG and BMP, and
// where the build has their libraries WebP and TIFF; changing between gray and
// colour, resizing, writing. What becomes of the pixels
// afterwards (crop, mirror, mean, scale) is data/transformer.hpp's.
//
// Everything here is a pure function of its arguments, safe from any thread,
// and integer arithmetic throughout, so that the same file gives the same
// pixels on every machine. What a file does wrong is an Error of kind kInput
// that begins with the file's name.
#ifndef TERCET_DATA_IMAGE_HPP_
#define TERCET_DATA_IMAGE_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace caffe {

// pixels: height x width x channels bytes, row by row from the top, channels
// innermost. One channel is gray; three are blue, green, red in that order,
// as in Caffe's data blobs.
struct Image {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  Image(int h, int w, int c)
      : height(h), width(w), channels(c),
        pixels(static_cast<size_t>(h) * w * c) {}
  uint8_t at(int h, int w, int c) const {
    return pixels[(static_cast<size_t>(h) * width + w) * channels + c];
  }
  uint8_t& at(int h, int w, int c) {
    return pixels[(static_cast<size_t>(h) * width + w) * channels + c];
  }
};

// The largest picture that is read where nobody says otherwise: a header that
// asks for more is refused before any memory is asked for.
constexpr int64_t kMaxImagePixels = int64_t{64} << 20;
// The most that can be asked for.
constexpr int64_t kMostMaxPixels = int64_t{1} << 30;
// The largest file that is read as a picture.
constexpr int64_t kMaxImageFileBytes = int64_t{512} << 20;

// What a file's header tells.
struct ImageInfo {
  const char* format = "";      // such as "JPEG"
  int height = 0, width = 0;    // as the picture is seen, upright
  int channels = 0;
  // As Exif has it, or TIFF's tag; the pixels that are read are upright.
  int orientation = 1;
};

// The picture in `bytes`. The format is told by the content, never by the
// name; `name` only goes in front of an error. Gray files give one channel,
// all others three; transparency is dropped; 16-bit samples are scaled to 8;
// an orientation is followed. More than max_pixels are refused. `info` may be
// null.
Image DecodeImage(const uint8_t* bytes, size_t size, const std::string& name,
                  int64_t max_pixels = kMaxImagePixels,
                  ImageInfo* info = nullptr);

// DecodeImage of a whole file.
Image ReadImage(const std::string& path, int64_t max_pixels = kMaxImagePixels,
                ImageInfo* info = nullptr);

// The header alone, for which most often the first bytes of a file are enough.
ImageInfo ReadImageInfo(const std::string& path,
                        int64_t max_pixels = kMaxImagePixels);

// `image` with 1 or 3 channels. Gray is 0.299 R + 0.587 G + 0.114 B, rounded;
// colour from gray repeats the value.
Image ConvertChannels(const Image& image, int channels);

// `image` at height x width. Along an axis that shrinks each new pixel is the
// average of the area it covers; along one that grows it is interpolated
// between the two nearest pixel centres.
Image ResizeImage(const Image& image, int height, int width);

// The bytes of a file: PGM for gray and PPM for colour, PNG, JPEG.
std::vector<uint8_t> EncodePnm(const Image& image);
std::vector<uint8_t> EncodePng(const Image& image);
std::vector<uint8_t> EncodeJpeg(const Image& image, int quality);

// Writes `image`, whole or not at all, in the format that the name's ending
// asks for: .pgm, .ppm, .pnm, .png, .jpg or .jpeg (quality 95).
void WriteImage(const std::string& path, const Image& image);

// Whether a file's name ends like a picture's that this build reads, in small
// or capital letters.
bool HasImageName(const std::string& path);

// These endings, for a message: ".pgm, ... or .png".
std::string ImageEndings();

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_HPP_
