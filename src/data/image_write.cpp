// Writing pictures: PGM, PPM, PNG and JPEG.

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <png.h>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "data/image.hpp"

namespace caffe {

namespace {

void CheckImage(const Image& image) {
  CHECK(image.channels == 1 || image.channels == 3);
  CHECK(image.height > 0 && image.width > 0);
  CHECK_EQ(image.pixels.size(), static_cast<size_t>(image.height) *
                                    image.width * image.channels);
}

struct JpegWriter {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  std::jmp_buf jump;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(runtime/int): libjpeg's own type
  bool created = false;

  JpegWriter() = default;
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
  ~JpegWriter() {
    if (created) jpeg_destroy_compress(&jpeg);
    std::free(bytes);
  }
};

[[noreturn]] void OnError(j_common_ptr jpeg) {
  std::longjmp(static_cast<JpegWriter*>(jpeg->client_data)->jump, 1);
}

// Holds nothing with a destructor: libjpeg leaves it by longjmp.
bool Compress(JpegWriter* writer, const Image& image, int quality) {
  if (setjmp(writer->jump)) return false;
  jpeg_compress_struct* jpeg = &writer->jpeg;
  jpeg->err = jpeg_std_error(&writer->errors);
  writer->errors.error_exit = OnError;
  jpeg->client_data = writer;
  jpeg_create_compress(jpeg);
  writer->created = true;
  jpeg_mem_dest(jpeg, &writer->bytes, &writer->size);
  jpeg->image_width = image.width;
  jpeg->image_height = image.height;
  jpeg->input_components = image.channels;
  jpeg->in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg_start_compress(jpeg, TRUE);
  const size_t stride = static_cast<size_t>(image.width) * image.channels;
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW row =
        const_cast<JSAMPROW>(&image.pixels[jpeg->next_scanline * stride]);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
  return true;
}

bool EndsWith(const std::string& text, const char* ending) {
  const size_t length = std::strlen(ending);
  return text.size() >= length &&
         text.compare(text.size() - length, length, ending) == 0;
}

}  // namespace

std::vector<uint8_t> EncodePnm(const Image& image) {
  CheckImage(image);
  const std::string header = std::string(image.channels == 1 ? "P5" : "P6") +
                             "\n" + std::to_string(image.width) + " " +
                             std::to_string(image.height) + "\n255\n";
  std::vector<uint8_t> bytes(header.begin(), header.end());
  const size_t begin = bytes.size();
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  if (image.channels == 3) {
    for (size_t i = begin; i < bytes.size(); i += 3) {
      std::swap(bytes[i], bytes[i + 2]);
    }
  }
  return bytes;
}

std::vector<uint8_t> EncodePng(const Image& image) {
  CheckImage(image);
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = image.width;
  png.height = image.height;
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_BGR;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<uint8_t> bytes(size);
  const bool done =
      png_image_write_to_memory(&png, bytes.data(), &size, 0,
                                image.pixels.data(), 0, nullptr) != 0;
  const std::string message = png.message;
  png_image_free(&png);
  CHECK(done) << "libpng: " << message;
  bytes.resize(size);
  return bytes;
}

std::vector<uint8_t> EncodeJpeg(const Image& image, int quality) {
  CheckImage(image);
  JpegWriter writer;
  CHECK(Compress(&writer, image, quality)) << "libjpeg could not write";
  return std::vector<uint8_t>(writer.bytes, writer.bytes + writer.size);
}

void WriteImage(const std::string& path, const Image& image) {
  std::vector<uint8_t> bytes;
  if (EndsWith(path, ".png")) {
    bytes = EncodePng(image);
  } else if (EndsWith(path, ".jpg") || EndsWith(path, ".jpeg")) {
    constexpr int kQuality = 95;
    bytes = EncodeJpeg(image, kQuality);
  } else {
    INPUT_CHECK(EndsWith(path, ".pgm") || EndsWith(path, ".ppm") ||
                EndsWith(path, ".pnm"))
        << path << ": image names end in .pgm, .ppm, .pnm, .png, .jpg or .jpeg";
    bytes = EncodePnm(image);
  }
  WriteFileAtomically(path, [&bytes](int fd) {
    return WriteAll(fd, bytes.data(), static_cast<int64_t>(bytes.size()));
  });
}

}  // namespace caffe
