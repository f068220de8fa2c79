// The flavours of OpenBLAS. OpenMP's takes its number of threads from the
// thread that calls it, which is changed for a call and put back. The pthread
// flavour has one number for the process, which is set to 1 once, at the first
// call.
// The serial flavour has no threads, and in Debian's build no locks either:
// two calls at one time give wrong sums, so it is refused.
#include "math/blas_call.hpp"

#include "caffe/util/math_functions.hpp"

// OpenBLAS's OpenMP flavour brings OpenMP's library with it; this one is built
// without.
extern "C" {
__attribute__((weak)) int omp_get_max_threads();
__attribute__((weak)) void omp_set_num_threads(int threads);
}

namespace caffe {
namespace {

// What openblas_get_parallel() answers.
enum Flavour { kSerial = 0, kPthread = 1, kOpenMp = 2 };

bool FirstCall() {
  switch (openblas_get_parallel()) {
    case kOpenMp:
      CHECK(omp_get_max_threads != nullptr && omp_set_num_threads != nullptr);
      break;
    case kPthread:
      openblas_set_num_threads(1);
      break;
    default:
      INPUT_FAIL() << "this OpenBLAS (" << openblas_get_config()
                   << ") is the serial flavour, which gives wrong sums where "
                      "several threads call it: install the OpenMP flavour "
                      "(Debian's libopenblas0-openmp)";
  }
  WarnOfBlasCore();
  return openblas_get_parallel() == kOpenMp;
}

// 0: not by OpenMP.
int OpenMpThreads() {
  static const bool by_openmp = FirstCall();
  return by_openmp ? omp_get_max_threads() : 0;
}

}  // namespace

BlasCall::BlasCall() : openmp_threads_(OpenMpThreads()) {
  if (openmp_threads_ > 1) omp_set_num_threads(1);
}

BlasCall::~BlasCall() {
  if (openmp_threads_ > 1) omp_set_num_threads(openmp_threads_);
}

}  // namespace caffe
