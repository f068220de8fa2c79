// WebP through libwebp, where the build has it. Transparency is dropped. A
// file's Exif block is looked for chunk by chunk.

#include "caffe/check.hpp"
#include "data/image_formats.hpp"

#ifdef TERCET_WEBP

#include <cstring>

#include <webp/decode.h>

#include "data/exif.hpp"

namespace caffe {
namespace image_internal {

const bool kReadsWebp = true;

namespace {

int OrientationOf(const Input& input) {
  constexpr size_t kFileHeader = 12, kChunkHeader = 8;
  size_t at = kFileHeader;
  // Only a file that begins with this chunk has the block, and a bit says so.
  constexpr uint8_t kHasExif = 8;
  if (input.size <= at + kChunkHeader ||
      std::memcmp(input.bytes + at, "VP8X", 4) != 0 ||
      (input.bytes[at + kChunkHeader] & kHasExif) == 0) {
    return 1;
  }
  while (at + kChunkHeader <= input.size) {
    const uint8_t* chunk = input.bytes + at;
    const size_t size = chunk[4] | chunk[5] << 8 | chunk[6] << 16 |
                        static_cast<size_t>(chunk[7]) << 24;
    at += kChunkHeader;
    // The block may come behind the pixels, where only the beginning is here.
    if (size > input.size - at) break;
    if (std::memcmp(chunk, "EXIF", 4) == 0) {
      const uint8_t* exif = chunk + kChunkHeader;
      // Some writers keep the mark that a JPEG has in front of the block.
      const size_t mark =
          size >= 6 && std::memcmp(exif, "Exif\0\0", 6) == 0 ? 6 : 0;
      return ExifOrientation(exif + mark, size - mark);
    }
    at += size + size % 2;
  }
  INPUT_CHECK(input.size == input.file_size) << "WebP goes on";
  return 1;
}

}  // namespace

Image DecodeWebp(const Input& input, ImageInfo* info) {
  WebPBitstreamFeatures features;
  INPUT_CHECK(WebPGetFeatures(input.bytes, input.size, &features) ==
              VP8_STATUS_OK)
      << "broken WebP: its header cannot be read";
  INPUT_CHECK(!features.has_animation)
      << "is an animated WebP; wanted one picture";
  TakeSize(input, "WebP", features.width, features.height, 3, info);
  info->orientation = OrientationOf(input);
  if (!input.pixels) return Image();
  Image image(features.height, features.width, 3);
  INPUT_CHECK(WebPDecodeBGRInto(input.bytes, input.size, image.pixels.data(),
                                image.pixels.size(),
                                3 * features.width) != nullptr)
      << "broken WebP: the file is truncated or damaged";
  return image;
}

}  // namespace image_internal
}  // namespace caffe

#else

namespace caffe {
namespace image_internal {

const bool kReadsWebp = false;

Image DecodeWebp(const Input&, ImageInfo*) {
  RefuseFormat("WebP", "libwebp-dev");
}

}  // namespace image_internal
}  // namespace caffe

#endif  // TERCET_WEBP
