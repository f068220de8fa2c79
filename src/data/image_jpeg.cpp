// JPEG through libjpeg-turbo. Gray files stay gray; CMYK becomes the colour
// that its inks have on paper. What libjpeg only warns of although pixels are
// lost (a cut or corrupt stream) is an error here; its other warnings are
// ignored, and nothing is printed.
//
// libjpeg leaves a failure by longjmp. Each function that calls setjmp holds
// nothing with a destructor and allocates nothing, so no jump can skip one;
// what must be freed belongs to Reader, whose destructor runs as usual.

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>
// libjpeg's list of messages; it needs jpeglib.h.
#include <jerror.h>

#include "caffe/check.hpp"
#include "data/exif.hpp"
#include "data/image_formats.hpp"

namespace caffe {
namespace image_internal {

namespace {

// In Huffman codes each 8 x 8 block takes a bit at least.
constexpr uint64_t kPixelsOfHuffmanByte = 8 * 64;

// A progressive file may repeat its scans; more than this is an attack.
constexpr int kMaxScans = 500;

struct Reader {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "out of memory";
  bool created = false;

  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (created) jpeg_destroy_decompress(&jpeg);
  }
};

[[noreturn]] void OnError(j_common_ptr jpeg) {
  Reader* reader = static_cast<Reader*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, reader->message);
  std::longjmp(reader->jump, 1);
}

void OnMessage(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      OnError(jpeg);
    default:
      break;
  }
}

void OnOutput(j_common_ptr) {}

void OnProgress(j_common_ptr jpeg) {
  Reader* reader = static_cast<Reader*>(jpeg->client_data);
  if (reader->jpeg.input_scan_number > kMaxScans) {
    std::strcpy(reader->message, "too many progressive scans");
    std::longjmp(reader->jump, 1);
  }
}

bool ReadHeader(Reader* reader, const uint8_t* bytes, size_t size) {
  if (setjmp(reader->jump)) return false;
  jpeg_decompress_struct* jpeg = &reader->jpeg;
  jpeg->err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = OnError;
  reader->errors.emit_message = OnMessage;
  reader->errors.output_message = OnOutput;
  jpeg->client_data = reader;
  jpeg_create_decompress(jpeg);
  reader->created = true;
  jpeg->client_data = reader;
  reader->progress.progress_monitor = OnProgress;
  jpeg->progress = &reader->progress;
  jpeg_mem_src(jpeg, bytes, size);
  constexpr unsigned kWhole = 0xffff;
  jpeg_save_markers(jpeg, JPEG_APP0 + 1, kWhole);
  jpeg_read_header(jpeg, TRUE);
  return true;
}

bool StartPixels(Reader* reader) {
  if (setjmp(reader->jump)) return false;
  jpeg_start_decompress(&reader->jpeg);
  return true;
}

bool ReadPixels(Reader* reader, uint8_t* pixels) {
  if (setjmp(reader->jump)) return false;
  jpeg_decompress_struct* jpeg = &reader->jpeg;
  const size_t stride =
      static_cast<size_t>(jpeg->output_width) * jpeg->output_components;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels + jpeg->output_scanline * stride;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return true;
}

// What the first Exif block says.
int OrientationOf(const jpeg_decompress_struct& jpeg) {
  constexpr unsigned kMark = 6;
  for (jpeg_saved_marker_ptr marker = jpeg.marker_list; marker != nullptr;
       marker = marker->next) {
    if (marker->marker == JPEG_APP0 + 1 && marker->data_length > kMark &&
        std::memcmp(marker->data, "Exif\0\0", kMark) == 0) {
      return ExifOrientation(marker->data + kMark,
                             marker->data_length - kMark);
    }
  }
  return 1;
}

bool IsCmyk(J_COLOR_SPACE space) {
  return space == JCS_CMYK || space == JCS_YCCK;
}

// Ink takes its colour's share of the light, and black takes of what is left.
// Programs that write Adobe's marker store the light in place of the ink.
Image ColoursOfInks(const Image& inks, bool light) {
  Image image(inks.height, inks.width, 3);
  const size_t count = static_cast<size_t>(inks.height) * inks.width;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* cmyk = &inks.pixels[4 * i];
    const uint8_t turn = light ? 0 : 255;
    const uint32_t black = cmyk[3] ^ turn;
    for (int c = 0; c < 3; ++c) {
      const uint32_t color = cmyk[2 - c] ^ turn;
      image.pixels[3 * i + c] =
          static_cast<uint8_t>((color * black + 127) / 255);
    }
  }
  return image;
}

J_COLOR_SPACE SpaceOf(int channels, bool cmyk) {
  if (cmyk) return JCS_CMYK;
  return channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
}

}  // namespace

Image DecodeJpeg(const Input& input, ImageInfo* info) {
  Reader reader;
  INPUT_CHECK(ReadHeader(&reader, input.bytes, input.size))
      << "broken JPEG: " << reader.message;
  const J_COLOR_SPACE space = reader.jpeg.jpeg_color_space;
  const bool cmyk = IsCmyk(space);
  INPUT_CHECK(space == JCS_GRAYSCALE || space == JCS_YCbCr ||
              space == JCS_RGB || cmyk)
      << "JPEG has an unknown colour space (" << reader.jpeg.num_components
      << " components); wanted gray, colour or CMYK";
  const int channels = space == JCS_GRAYSCALE ? 1 : 3;
  TakeSize(input, "JPEG", reader.jpeg.image_width, reader.jpeg.image_height,
           channels, info,
           reader.jpeg.arith_code ? kPixelsOfByte : kPixelsOfHuffmanByte);
  info->orientation = OrientationOf(reader.jpeg);
  if (!input.pixels) return Image();
  reader.jpeg.out_color_space = SpaceOf(channels, cmyk);
  INPUT_CHECK(StartPixels(&reader)) << "broken JPEG: " << reader.message;
  const int stored = cmyk ? 4 : channels;
  CHECK_EQ(reader.jpeg.output_components, stored);
  Image image(reader.jpeg.output_height, reader.jpeg.output_width, stored);
  INPUT_CHECK(ReadPixels(&reader, image.pixels.data()))
      << "broken JPEG: " << reader.message;
  return cmyk ? ColoursOfInks(image, reader.jpeg.saw_Adobe_marker) : image;
}

}  // namespace image_internal
}  // namespace caffe
