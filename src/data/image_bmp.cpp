// BMP, of Windows 2 and OS/2 1 (a header of 12 bytes) and of Windows 3 and
// later: 1, 4, 8, 16, 24 and 32 bits a pixel, run lengths, bit fields, rows
// from the bottom or the top. A palette of grays alone gives a gray picture.
// There is no well-kept library for it, and the format is small.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "caffe/check.hpp"
#include "data/image_formats.hpp"

namespace caffe {
namespace image_internal {

namespace {

constexpr size_t kFileHeader = 14;
enum Compression { kNone = 0, kRle8 = 1, kRle4 = 2, kFields = 3, kAlpha = 6 };

// Where the bits of one colour are in a pixel, and its largest value.
struct Field {
  uint32_t mask = 0;
  uint8_t Of(uint32_t pixel) const {
    if (mask == 0) return 0;
    const uint32_t low = mask & (~mask + 1);
    const uint64_t most = mask / low, value = (pixel & mask) / low;
    return static_cast<uint8_t>((value * 255 + most / 2) / most);
  }
};

class Reader {
 public:
  explicit Reader(const Input& input) : input_(input) {}

  void ReadHeader(ImageInfo* info);
  Image ReadPixels();

 private:
  uint32_t Two(size_t at) const {
    return input_.bytes[at] | input_.bytes[at + 1] << 8;
  }
  uint32_t Four(size_t at) const { return Two(at) | Two(at + 2) << 16; }
  // Refuses a file that ends before `end`.
  void Want(uint64_t end, const char* what) const {
    INPUT_CHECK(end <= input_.size)
        << "broken BMP: " << what << " ends at byte " << end
        << ", the file at " << input_.size;
  }
  void ReadSize();
  void ReadFields(uint32_t header);
  void ReadPalette(uint32_t header);
  void CheckDepth() const;
  void SetIndex(uint32_t index, int row, int column, Image* image) const;
  void ReadRow(const uint8_t* in, int row, Image* image) const;
  void ReadRuns(Image* image) const;

  const Input& input_;
  int64_t width_ = 0, height_ = 0;
  bool from_top_ = false, gray_ = false;
  uint32_t depth_ = 0, compression_ = kNone, offset_ = 0;
  Field fields_[3];               // blue, green, red
  std::vector<uint8_t> palette_;  // blue, green, red of each
};

void Reader::ReadSize() {
  const uint32_t header = Four(kFileHeader);
  if (header == 12) {
    width_ = Two(18);
    height_ = Two(20);
    depth_ = Two(24);
    return;
  }
  width_ = static_cast<int32_t>(Four(18));
  height_ = static_cast<int32_t>(Four(22));
  from_top_ = height_ < 0;
  height_ = std::abs(height_);
  depth_ = Two(28);
  compression_ = Four(30);
}

void Reader::CheckDepth() const {
  const bool plain = depth_ == 1 || depth_ == 4 || depth_ == 8 ||
                     depth_ == 16 || depth_ == 24 || depth_ == 32;
  const bool runs = (compression_ == kRle8 && depth_ == 8) ||
                    (compression_ == kRle4 && depth_ == 4);
  const bool fields = (compression_ == kFields || compression_ == kAlpha) &&
                      (depth_ == 16 || depth_ == 32);
  INPUT_CHECK((compression_ == kNone && plain) || runs || fields)
      << "BMP has " << depth_ << " bits a pixel in compression "
      << compression_ << ", which is not read; save it as PNG";
  INPUT_CHECK(!runs || !from_top_)
      << "broken BMP: run lengths in rows from the top";
}

void Reader::ReadFields(uint32_t header) {
  fields_[0].mask = depth_ == 16 ? 0x1f : 0xff;
  fields_[1].mask = depth_ == 16 ? 0x3e0 : 0xff00;
  fields_[2].mask = depth_ == 16 ? 0x7c00 : 0xff0000;
  if (compression_ != kFields && compression_ != kAlpha) return;
  // Red comes first, right behind the first 40 bytes, whether the header is
  // longer or not.
  Want(kFileHeader + 52, "its header");
  for (int c = 0; c < 3; ++c) {
    fields_[2 - c].mask = Four(kFileHeader + 40 + 4 * c);
  }
  const uint64_t end = kFileHeader + std::max<uint64_t>(header, 52);
  Want(end, "its header");
}

void Reader::ReadPalette(uint32_t header) {
  const size_t entry = header == 12 ? 3 : 4;
  size_t count = size_t{1} << depth_;
  if (header > 12 && Four(kFileHeader + 32) != 0) {
    count = std::min<size_t>(count, Four(kFileHeader + 32));
  }
  const size_t begin = kFileHeader + header;
  Want(begin + count * entry, "its palette");
  gray_ = true;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* color = input_.bytes + begin + i * entry;
    palette_.insert(palette_.end(), color, color + 3);
    gray_ = gray_ && color[0] == color[1] && color[1] == color[2];
  }
}

void Reader::ReadHeader(ImageInfo* info) {
  Want(kFileHeader + 4, "its header");
  offset_ = Four(10);
  const uint32_t header = Four(kFileHeader);
  INPUT_CHECK(header == 12 || (header >= 40 && header <= 124))
      << "BMP has a header of " << header
      << " bytes, which is not read; save it as PNG";
  Want(kFileHeader + uint64_t{header}, "its header");
  ReadSize();
  INPUT_CHECK(width_ >= 0) << "broken BMP: its width is " << width_;
  CheckDepth();
  if (depth_ <= 8) {
    ReadPalette(header);
  } else if (depth_ != 24) {
    ReadFields(header);
  }
  TakeSize(input_, "BMP", width_, height_, gray_ ? 1 : 3, info);
}

void Reader::SetIndex(uint32_t index, int row, int column,
                      Image* image) const {
  INPUT_CHECK(index < palette_.size() / 3)
      << "broken BMP: a pixel is colour " << index << " of a palette of "
      << palette_.size() / 3;
  for (int c = 0; c < image->channels; ++c) {
    image->at(row, column, c) = palette_[3 * index + c];
  }
}

void Reader::ReadRow(const uint8_t* in, int row, Image* image) const {
  for (int w = 0; w < width_; ++w) {
    if (depth_ <= 8) {
      const uint32_t bit = static_cast<uint32_t>(w) * depth_;
      const uint32_t index =
          in[bit / 8] >> (8 - depth_ - bit % 8) & ((1u << depth_) - 1);
      SetIndex(index, row, w, image);
      continue;
    }
    const uint8_t* pixel = in + static_cast<size_t>(w) * (depth_ / 8);
    uint32_t value = 0;
    for (uint32_t b = 0; b < depth_ / 8; ++b) {
      value |= static_cast<uint32_t>(pixel[b]) << 8 * b;
    }
    for (int c = 0; c < 3; ++c) {
      image->at(row, w, c) = depth_ == 24 ? pixel[c] : fields_[c].Of(value);
    }
  }
}

// Pixels that no run reaches are colour 0.
void Reader::ReadRuns(Image* image) const {
  for (int h = 0; h < height_; ++h) {
    for (int w = 0; w < width_; ++w) SetIndex(0, h, w, image);
  }
  const uint32_t in_byte = 8 / depth_;
  int64_t row = height_ - 1, column = 0;
  const auto put = [&](uint32_t index) {
    INPUT_CHECK(row >= 0 && column < width_)
        << "broken BMP: a run leaves the picture";
    SetIndex(index, static_cast<int>(row), static_cast<int>(column++), image);
  };
  const auto part = [&](uint32_t byte, uint32_t i) {
    return depth_ == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15;
  };
  for (size_t at = offset_;; ) {
    Want(at + 2, "a run");
    const uint32_t count = input_.bytes[at], value = input_.bytes[at + 1];
    at += 2;
    if (count > 0) {
      for (uint32_t i = 0; i < count; ++i) put(part(value, i));
    } else if (value == 0) {
      --row;
      column = 0;
    } else if (value == 1) {
      return;
    } else if (value == 2) {
      Want(at + 2, "a run");
      column += input_.bytes[at];
      row -= input_.bytes[at + 1];
      at += 2;
    } else {
      const size_t bytes = (value + in_byte - 1) / in_byte;
      Want(at + bytes, "a run");
      for (uint32_t i = 0; i < value; ++i) {
        put(part(input_.bytes[at + i / in_byte], i));
      }
      at += bytes + bytes % 2;
    }
  }
}

Image Reader::ReadPixels() {
  Image image(static_cast<int>(height_), static_cast<int>(width_),
              gray_ ? 1 : 3);
  if (compression_ == kRle8 || compression_ == kRle4) {
    ReadRuns(&image);
    return image;
  }
  const uint64_t stride =
      (static_cast<uint64_t>(width_) * depth_ + 31) / 32 * 4;
  Want(offset_ + stride * static_cast<uint64_t>(height_), "its last row");
  for (int h = 0; h < height_; ++h) {
    const int row = from_top_ ? h : static_cast<int>(height_) - 1 - h;
    ReadRow(input_.bytes + offset_ + stride * h, row, &image);
  }
  return image;
}

}  // namespace

Image DecodeBmp(const Input& input, ImageInfo* info) {
  Reader reader(input);
  reader.ReadHeader(info);
  return input.pixels ? reader.ReadPixels() : Image();
}

}  // namespace image_internal
}  // namespace caffe
