// Images: PNM, which the decoder is given only with its first two bytes.
#include "data/image_formats.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2 || bytes[0] != 'P') return -1;
  caffe::MayRefuse([&] { caffe::image_internal::DecodePnm(bytes, size); });
  return 0;
}
