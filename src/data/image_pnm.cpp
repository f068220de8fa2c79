// PGM and PPM, as text (P2, P3) and raw (P5, P6), with samples of one or two
// bytes. Bitmaps (P1, P4) and PAM (P7) are named and refused.

#include <cstring>
#include <string>

#include "caffe/check.hpp"
#include "data/image_formats.hpp"

namespace caffe {
namespace image_internal {

namespace {

// Walks over the bytes of a PNM file; `at` never passes `size`.
struct Cursor {
  const uint8_t* bytes;
  size_t size;
  size_t at;

  static bool IsSpace(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  // Skips white space and, up to the line's end, comments.
  void SkipSpace() {
    while (at < size) {
      if (bytes[at] == '#') {
        while (at < size && bytes[at] != '\n' && bytes[at] != '\r') ++at;
      } else if (IsSpace(bytes[at])) {
        ++at;
      } else {
        return;
      }
    }
  }

  // The next decimal number, at most 9 digits; `what` it stands for.
  uint32_t Number(const char* what) {
    SkipSpace();
    INPUT_CHECK(at < size) << "PNM ends before its " << what;
    const size_t begin = at;
    uint32_t value = 0;
    while (at < size && bytes[at] >= '0' && bytes[at] <= '9') {
      INPUT_CHECK(at - begin < 9)
          << "PNM " << what << " at byte " << begin << " has over 9 digits";
      value = value * 10 + (bytes[at++] - '0');
    }
    INPUT_CHECK(at > begin) << "PNM " << what << " at byte " << begin
                            << " is no number";
    return value;
  }
};

struct Header {
  bool text;
  int channels;
  uint32_t width, height, maximum;
};

Header ReadHeader(Cursor* cursor) {
  const char kind = static_cast<char>(cursor->bytes[1]);
  INPUT_CHECK(kind != '1' && kind != '4')
      << "is a PBM bitmap (P" << kind << "); save it as PNG";
  INPUT_CHECK(kind != '7')
      << "is a PAM (P7); save it as PNG";
  Header header;
  header.text = kind == '2' || kind == '3';
  header.channels = kind == '3' || kind == '6' ? 3 : 1;
  cursor->at = 2;
  header.width = cursor->Number("width");
  header.height = cursor->Number("height");
  header.maximum = cursor->Number("largest value");
  return header;
}

uint8_t Scale(uint32_t value, const Header& header, size_t index) {
  INPUT_CHECK(value <= header.maximum)
      << "PNM sample " << index << " is " << value
      << ", above the header's largest value " << header.maximum;
  if (header.maximum == 255) return static_cast<uint8_t>(value);
  return static_cast<uint8_t>((value * 255 + header.maximum / 2) /
                              header.maximum);
}

// Where sample i of the file (R, G, B) lies in the picture (B, G, R).
size_t Place(size_t index, int channels) {
  if (channels == 1) return index;
  return index - index % 3 + (2 - index % 3);
}

void ReadText(Cursor* cursor, const Header& header, Image* image) {
  for (size_t i = 0; i < image->pixels.size(); ++i) {
    image->pixels[Place(i, header.channels)] =
        Scale(cursor->Number("next sample"), header, i);
  }
}

void ReadRaw(const Cursor& cursor, const Header& header, Image* image) {
  const uint8_t* in = cursor.bytes + cursor.at;
  for (size_t i = 0; i < image->pixels.size(); ++i) {
    const uint32_t value = header.maximum < 256
                               ? in[i]
                               : (uint32_t{in[2 * i]} << 8 | in[2 * i + 1]);
    image->pixels[Place(i, header.channels)] = Scale(value, header, i);
  }
}

}  // namespace

Image DecodePnm(const Input& input, ImageInfo* info) {
  const uint8_t* bytes = input.bytes;
  const size_t size = input.size;
  Cursor cursor = {bytes, size, 0};
  const Header header = ReadHeader(&cursor);
  // What the pixels take at least is known below.
  TakeSize(input, "PNM", header.width, header.height, header.channels, info,
           UINT64_MAX);
  INPUT_CHECK(header.maximum >= 1 && header.maximum <= 65535)
      << "PNM largest value is " << header.maximum
      << "; wanted 1 to 65535";
  if (!input.pixels) return Image();
  const uint64_t samples =
      uint64_t{header.width} * header.height * header.channels;
  // A raw file has one white space after the header; a text sample takes a
  // digit and, but for the last, a white space.
  if (!header.text) {
    INPUT_CHECK(cursor.at < size) << "PNM ends with its header";
    INPUT_CHECK(Cursor::IsSpace(bytes[cursor.at]))
        << "PNM header is not followed by white space";
    ++cursor.at;
  }
  const uint64_t need =
      header.text ? 2 * samples - 1 : samples * (header.maximum < 256 ? 1 : 2);
  INPUT_CHECK(size - cursor.at >= need)
      << "PNM is truncated: " << header.width << " x " << header.height
      << " pixels take " << (header.text ? "at least " : "") << need
      << " bytes, found " << size - cursor.at;
  Image image(header.height, header.width, header.channels);
  if (header.text) {
    ReadText(&cursor, header, &image);
  } else {
    ReadRaw(cursor, header, &image);
  }
  return image;
}

}  // namespace image_internal
}  // namespace caffe
