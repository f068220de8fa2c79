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

Image DecodePnm(const uint8_t* bytes, size_t size);
Image DecodePng(const uint8_t* bytes, size_t size);
Image DecodeJpeg(const uint8_t* bytes, size_t size);

// Refuses what no picture has (no pixel) and what nobody should ask for (more
// than kMaxImagePixels). `format` is how the message calls the file.
void CheckSize(const char* format, uint64_t width, uint64_t height);

}  // namespace image_internal
}  // namespace caffe

#endif  // TERCET_SRC_DATA_IMAGE_FORMATS_HPP_
