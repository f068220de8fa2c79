#ifndef TERCET_TEST_FUZZ_INPUT_HPP_
#define TERCET_TEST_FUZZ_INPUT_HPP_

// What the fuzz targets share: an input as a file, and the rule that a reader
// may refuse it in one way alone. Each target is one function that libFuzzer
// calls with bytes; what it makes of them is the reader's business.

#include <cstddef>
#include <cstdint>
#include <string>

#include "caffe/check.hpp"

namespace caffe {

// The bytes as a file in memory, gone with the object.
class InputInMemory {
 public:
  InputInMemory(const uint8_t* bytes, size_t size);
  ~InputInMemory();
  InputInMemory(const InputInMemory&) = delete;
  InputInMemory& operator=(const InputInMemory&) = delete;

  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

// Calls the reader. Error(kInput) with a message is an answer; any other
// exception ends the program, which libFuzzer takes for a find.
template <typename Reader>
void MayRefuse(const Reader& read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.kind() != Error::kInput || *error.what() == '\0') throw;
  }
}

}  // namespace caffe

#endif  // TERCET_TEST_FUZZ_INPUT_HPP_
