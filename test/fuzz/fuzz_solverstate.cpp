// A solver's state, with its hash, and as Caffe writes it, without one.
#include "solver/snapshot.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  caffe::SolverState state;
  caffe::MayRefuse([&] { caffe::ReadState(file.path(), &state); });
  return 0;
}
