// Exif's orientation, as said in the header. Of the block only the first
// directory is looked at, entry by entry, and nothing in it is followed to
// elsewhere, so that the time is bounded by the block's size.

#include "data/exif.hpp"

#include <algorithm>
#include <cstring>

#include "caffe/check.hpp"

namespace caffe {

namespace {

// Numbers of a block in its byte order; the caller has checked the bounds.
struct Block {
  const uint8_t* bytes;
  size_t size;
  bool big;

  uint32_t Two(size_t at) const {
    return big ? bytes[at] << 8 | bytes[at + 1]
               : bytes[at + 1] << 8 | bytes[at];
  }
  uint32_t Four(size_t at) const {
    return big ? Two(at) << 16 | Two(at + 2) : Two(at + 2) << 16 | Two(at);
  }
};

}  // namespace

int ExifOrientation(const uint8_t* bytes, size_t size) {
  constexpr uint32_t kTag = 0x0112, kShort = 3;
  constexpr size_t kHeader = 8, kEntry = 12;
  if (size < kHeader) return 1;
  const bool big = std::memcmp(bytes, "MM\0*", 4) == 0;
  if (!big && std::memcmp(bytes, "II*\0", 4) != 0) return 1;
  const Block block = {bytes, size, big};
  const size_t directory = block.Four(4);
  if (directory < kHeader || directory > size - 2) return 1;
  const size_t fits = (size - directory - 2) / kEntry;
  const size_t entries = std::min<size_t>(block.Two(directory), fits);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntry;
    if (block.Two(entry) != kTag) continue;
    const uint32_t value = block.Two(entry + 8);
    const bool known = block.Two(entry + 2) == kShort &&
                       block.Four(entry + 4) == 1 && value >= 1 && value <= 8;
    return known ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image TurnUpright(const Image& stored, int orientation) {
  CHECK(orientation >= 1 && orientation <= 8);
  // Which of the stored sides the new rows begin at, after height and width
  // have changed places.
  const bool turned = ChangesSides(orientation);
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation >= 7;
  const bool from_right = orientation == 2 || orientation == 3 ||
                          orientation == 6 || orientation == 7;
  const int channels = stored.channels;
  Image upright(turned ? stored.width : stored.height,
                turned ? stored.height : stored.width, channels);
  uint8_t* out = upright.pixels.data();
  for (int h = 0; h < upright.height; ++h) {
    for (int w = 0; w < upright.width; ++w) {
      const int down = from_bottom ? upright.height - 1 - h : h;
      const int along = from_right ? upright.width - 1 - w : w;
      const size_t row = turned ? along : down, column = turned ? down : along;
      const uint8_t* in =
          &stored.pixels[(row * stored.width + column) * channels];
      out = std::copy_n(in, channels, out);
    }
  }
  return upright;
}

}  // namespace caffe
