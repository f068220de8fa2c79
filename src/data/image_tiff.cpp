// TIFF through libtiff, where the build has it (4.5 or later, whose error
// handlers belong to one file and not to the process): the first page, of what
// libtiff makes 8-bit RGBA of. One sample of gray gives a gray picture;
// transparency is dropped; the orientation is the tag's.

#include "caffe/check.hpp"
#include "data/image_formats.hpp"

#ifdef TERCET_TIFF

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <tiffio.h>

namespace caffe {
namespace image_internal {

const bool kReadsTiff = true;

namespace {

// libtiff's own buffers beside the picture: strips, tiles, directories.
constexpr tmsize_t kMostBytesAtOnce = tmsize_t{1} << 28;

// A file in memory, and the first thing that went wrong with it.
struct Source {
  const Input& input;
  toff_t at = 0;
  char message[160] = "";

  explicit Source(const Input& in) : input(in) {}
};

tmsize_t Read(thandle_t handle, void* out, tmsize_t bytes) {
  Source* source = static_cast<Source*>(handle);
  if (bytes < 0 || source->at >= source->input.size) return 0;
  const size_t count = std::min<size_t>(bytes, source->input.size - source->at);
  std::memcpy(out, source->input.bytes + source->at, count);
  source->at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t Write(thandle_t, void*, tmsize_t) { return -1; }

toff_t Seek(thandle_t handle, toff_t offset, int whence) {
  Source* source = static_cast<Source*>(handle);
  if (whence == SEEK_CUR) offset += source->at;
  if (whence == SEEK_END) offset += source->input.size;
  return source->at = offset;
}

int Close(thandle_t) { return 0; }

toff_t Size(thandle_t handle) {
  return static_cast<Source*>(handle)->input.size;
}

int OnError(TIFF*, void* user, const char*, const char* format,
            va_list values) {
  Source* source = static_cast<Source*>(user);
  if (source->message[0] == '\0') {
    std::vsnprintf(source->message, sizeof(source->message), format, values);
  }
  return 1;
}

int OnWarning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

typedef std::unique_ptr<TIFF, void (*)(TIFF*)> File;

File Open(Source* source) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), OnError, source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), OnWarning, source);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMostBytesAtOnce);
  return File(TIFFClientOpenExt("", "rm", source, Read, Write, Seek, Close,
                                Size, nullptr, nullptr, options.get()),
              TIFFClose);
}

bool IsGray(TIFF* tiff) {
  uint16_t photometric = PHOTOMETRIC_RGB;
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  return photometric == PHOTOMETRIC_MINISBLACK ||
         photometric == PHOTOMETRIC_MINISWHITE;
}

// libtiff multiplies colours with an alpha that is called unassociated; by its
// other name it is left alone.
void KeepColours(TIFF* tiff) {
  uint16_t count = 0, *kinds = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds)) return;
  std::vector<uint16_t> changed(kinds, kinds + count);
  std::replace(changed.begin(), changed.end(),
               uint16_t{EXTRASAMPLE_UNASSALPHA},
               uint16_t{EXTRASAMPLE_ASSOCALPHA});
  if (count > 0) {
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, count, changed.data());
  }
}

Image ReadPixels(TIFF* tiff, const ImageInfo& info, const Source& source) {
  KeepColours(tiff);
  const size_t count = static_cast<size_t>(info.height) * info.width;
  std::vector<uint32_t> rgba(count);
  const bool read =
      TIFFReadRGBAImageOriented(tiff, info.width, info.height, rgba.data(),
                                info.orientation, 1) != 0;
  INPUT_CHECK(read && source.message[0] == '\0')
      << "broken TIFF: "
      << (source.message[0] != '\0' ? source.message : "its pixels are lost");
  Image image(info.height, info.width, info.channels);
  uint8_t* out = image.pixels.data();
  for (const uint32_t pixel : rgba) {
    if (info.channels == 3) {
      *out++ = TIFFGetB(pixel);
      *out++ = TIFFGetG(pixel);
    }
    *out++ = TIFFGetR(pixel);
  }
  return image;
}

}  // namespace

Image DecodeTiff(const Input& input, ImageInfo* info) {
  Source source(input);
  const File tiff = Open(&source);
  INPUT_CHECK(tiff != nullptr) << "broken TIFF: " << source.message;
  uint32_t width = 0, height = 0;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TakeSize(input, "TIFF", width, height, IsGray(tiff.get()) ? 1 : 3, info);
  char reason[1024] = "";
  INPUT_CHECK(TIFFRGBAImageOK(tiff.get(), reason))
      << "is a TIFF of a kind that is not read (" << reason
      << "); save it as PNG";
  uint16_t orientation = 1;
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  info->orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
  return input.pixels ? ReadPixels(tiff.get(), *info, source) : Image();
}

}  // namespace image_internal
}  // namespace caffe

#else

namespace caffe {
namespace image_internal {

const bool kReadsTiff = false;

Image DecodeTiff(const Input&, ImageInfo*) {
  RefuseFormat("TIFF", "libtiff-dev, 4.5 or later");
}

}  // namespace image_internal
}  // namespace caffe

#endif  // TERCET_TIFF
