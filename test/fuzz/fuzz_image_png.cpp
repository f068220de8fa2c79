// Images: PNG.
#include "data/image_formats.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  caffe::MayRefuse([&] { caffe::image_internal::DecodePng(bytes, size); });
  return 0;
}
