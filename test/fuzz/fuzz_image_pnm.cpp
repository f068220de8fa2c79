// Images: PNM, which the decoder is given only with its first two bytes.
#include "test/fuzz/image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2 || bytes[0] != 'P') return -1;
  caffe::MayRefuseImage(caffe::image_internal::DecodePnm, bytes, size);
  return 0;
}
