// OpenBLAS's choice of kernels, and its correction, as said in the header.
#include "blas_core.hpp"

#include <cstdlib>
#include <cstring>

#include "caffe/util/math_functions.hpp"

// The two ends of OpenBLAS's own set-up; libraries that are built for one kind
// of processor do not have them.
extern "C" {
__attribute__((weak)) void gotoblas_dynamic_quit();
__attribute__((weak)) void gotoblas_dynamic_init();
}

namespace caffe {

namespace {

constexpr char kVariable[] = "OPENBLAS_CORETYPE";

// What OpenBLAS calls the best kernels for this processor, or null where that
// is none of the new ones.
const char* NewestCore() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return "Haswell";
  }
#endif
  return nullptr;
}

bool ChooseAgain() {
  const char* const newest = NewestCore();
  if (newest == nullptr || BlasCoreIsForced() ||
      std::strcmp(openblas_get_corename(), "Prescott") != 0 ||
      gotoblas_dynamic_quit == nullptr || gotoblas_dynamic_init == nullptr) {
    return false;
  }
  setenv(kVariable, newest, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(kVariable);
  return true;
}

}  // namespace

void PrepareBlas() {
  static const bool chosen_again = ChooseAgain();
  static_cast<void>(chosen_again);
}

string BlasCoreName() {
  PrepareBlas();
  return openblas_get_corename();
}

bool BlasCoreIsForced() { return std::getenv(kVariable) != nullptr; }

}  // namespace caffe
