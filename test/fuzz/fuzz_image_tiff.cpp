// Images: TIFF.
#include "test/fuzz/image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  caffe::MayRefuseImage(caffe::image_internal::DecodeTiff, bytes, size);
  return 0;
}
