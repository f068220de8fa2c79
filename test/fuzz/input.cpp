// An input as a file in memory. The log is silent: a warning for each input
// would take most of the time.
#include "test/fuzz/input.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <glog/logging.h>

#include "caffe/util/io.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  return 0;
}

namespace caffe {

InputInMemory::InputInMemory(const uint8_t* bytes, size_t size)
    : fd_(memfd_create("input", MFD_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(fd_)) {
  if (fd_ < 0 || !WriteAll(fd_, bytes, static_cast<int64_t>(size))) {
    std::perror("memfd_create");
    std::exit(1);
  }
}

InputInMemory::~InputInMemory() { close(fd_); }

}  // namespace caffe
