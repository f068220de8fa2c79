// PNG through libpng: palettes are expanded, samples of 16 bits scaled to 8,
// transparency dropped, gamma left alone. An Exif block in front of the pixels
// tells the orientation.
//
// libpng leaves a failure by longjmp. Each function that calls setjmp holds
// nothing with a destructor and allocates nothing, so no jump can skip one;
// what must be freed belongs to Reader, whose destructor runs as usual.

#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include <png.h>

#include "caffe/check.hpp"
#include "data/exif.hpp"
#include "data/image_formats.hpp"

namespace caffe {
namespace image_internal {

namespace {

constexpr size_t kMessageBytes = 160;

struct Reader {
  const uint8_t* bytes;
  size_t size;
  size_t at = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[kMessageBytes] = "out of memory";

  Reader(const uint8_t* b, size_t s) : bytes(b), size(s) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void OnError(png_structp png, png_const_charp text) {
  Reader* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->message, text, kMessageBytes - 1);
  reader->message[kMessageBytes - 1] = '\0';
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep out, png_size_t count) {
  Reader* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->size - reader->at) png_error(png, "file is truncated");
  std::memcpy(out, reader->bytes + reader->at, count);
  reader->at += count;
}

// Reads up to the pixels and asks for 8-bit gray or BGR.
bool ReadHeader(Reader* reader) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_structp png = reader->png;
  png_infop info = reader->info;
  png_set_read_fn(png, reader, OnRead);
  png_read_info(png, info);
  png_set_scale_16(png);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_alpha(png);
  png_set_bgr(png);
  png_set_interlace_handling(png);
  return true;
}

bool StartPixels(Reader* reader) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_read_update_info(reader->png, reader->info);
  return true;
}

bool ReadPixels(Reader* reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_read_image(reader->png, rows);
  png_read_end(reader->png, nullptr);
  return true;
}

int OrientationOf(Reader* reader) {
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(reader->png, reader->info, &size, &exif) != 0) {
    return ExifOrientation(exif, size);
  }
#endif
  return 1;
}

}  // namespace

Image DecodePng(const Input& input, ImageInfo* info) {
  Reader reader(input.bytes, input.size);
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, OnError,
                                      OnWarning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  INPUT_CHECK(reader.info != nullptr) << "libpng could not be started";
  INPUT_CHECK(ReadHeader(&reader)) << "broken PNG: " << reader.message;
  const uint32_t width = png_get_image_width(reader.png, reader.info);
  const uint32_t height = png_get_image_height(reader.png, reader.info);
  const int kind = png_get_color_type(reader.png, reader.info);
  TakeSize(input, "PNG", width, height,
           (kind & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1, info);
  info->orientation = OrientationOf(&reader);
  if (!input.pixels) return Image();
  INPUT_CHECK(StartPixels(&reader)) << "broken PNG: " << reader.message;
  const int channels = png_get_channels(reader.png, reader.info);
  CHECK(channels == 1 || channels == 3);
  CHECK_EQ(png_get_bit_depth(reader.png, reader.info), 8);
  Image image(height, width, channels);
  CHECK_EQ(png_get_rowbytes(reader.png, reader.info),
           static_cast<size_t>(width) * channels);
  std::vector<png_bytep> rows(height);
  for (uint32_t h = 0; h < height; ++h) {
    rows[h] = &image.pixels[static_cast<size_t>(h) * width * channels];
  }
  INPUT_CHECK(ReadPixels(&reader, rows.data()))
      << "broken PNG: " << reader.message;
  return image;
}

}  // namespace image_internal
}  // namespace caffe
