// A net's text, in the form of today or an older one.
#include "net/prototxt.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  caffe::NetParameter net;
  caffe::MayRefuse([&] { caffe::ParseNetPrototxt(text, "net", &net); });
  return 0;
}
