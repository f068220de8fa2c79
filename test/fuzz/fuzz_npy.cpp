// Arrays of numpy.
#include "data/npy.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  caffe::MayRefuse([&] { caffe::ReadNpy<float>(file.path()); });
  caffe::MayRefuse([&] { caffe::ReadNpy<double>(file.path()); });
  return 0;
}
