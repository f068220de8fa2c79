// The decoders behind DecodeImage, one a file. They throw Error(kInput)
// without the file's name; DecodeImage puts it in front.
#ifndef TERCET_SRC_DATA_IMAGE_FORMATS_HPP_
#define TERCET_SRC_DATA_IMAGE_FORMATS_HPP_

#include <cstddef>
#include <cstdint>
#include <string>

#include "data/image.hpp"

namespace caffe {
namespace image_internal {

// A file, or its beginning.
struct Input {
  const uint8_t* bytes;
  size_t size;
  uint64_t file_size;  // `size`, or more where only the beginning is here
  int64_t max_pixels;
  bool pixels;  // whether more than the header is wanted
};

// Each fills `info`, with height and width as they are stored; returns the
// picture as it is stored, or, where no pixels are wanted, an empty one.
Image DecodePnm(const Input& input, ImageInfo* info);
Image DecodePng(const Input& input, ImageInfo* info);
Image DecodeJpeg(const Input& input, ImageInfo* info);
Image DecodeBmp(const Input& input, ImageInfo* info);
Image DecodeWebp(const Input& input, ImageInfo* info);
Image DecodeTiff(const Input& input, ImageInfo* info);

// Whether this build has the libraries; the two decoders refuse without them.
extern const bool kReadsWebp, kReadsTiff;

// The most pixels that a byte of a file can stand for, where it is no more:
// a PNG's of one bit, shrunk as far as zlib does.
constexpr uint64_t kPixelsOfByte = 8192;

// Refuses what no picture has (no pixel), what was not asked for (more than
// max_pixels) and a large picture in a file that cannot hold it, of which a
// byte stands for `pixels_of_byte` pixels at most; then takes the size.
// `format` is how messages call the file.
void TakeSize(const Input& input, const char* format, uint64_t width,
              uint64_t height, int channels, ImageInfo* info,
              uint64_t pixels_of_byte = kPixelsOfByte);

// What files of a format that the build lacks are refused with.
[[noreturn]] void RefuseFormat(const char* format, const char* package);

}  // namespace image_internal
}  // namespace caffe

#endif  // TERCET_SRC_DATA_IMAGE_FORMATS_HPP_
