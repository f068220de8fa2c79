// A mean image, as a data layer reads it.
#include "data/transformer.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  caffe::TransformationParameter options;
  options.set_mean_file(file.path());
  caffe::MayRefuse([&] {
    caffe::DataTransformer<float> transformer(options, caffe::TEST);
    transformer.OutputShape(3, 4, 4);
  });
  return 0;
}
