// Weights, a .caffemodel of either form.
#include "net/weights.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  caffe::NetParameter weights;
  caffe::MayRefuse([&] { caffe::ReadWeights(file.path(), &weights); });
  return 0;
}
