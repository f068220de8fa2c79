// A solver's text.
#include "net/prototxt.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  caffe::SolverParameter solver;
  caffe::MayRefuse(
      [&] { caffe::ParseSolverPrototxt(text, "solver", &solver); });
  return 0;
}
