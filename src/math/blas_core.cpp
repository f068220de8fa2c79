// Which of its sets of kernels OpenBLAS works with. OpenBLAS before 0.3.25,
// such as Debian 12's, takes Intel's processors that are newer than itself for a
// Prescott of 2004, and is then much slower than it could be. Where it does, and
// OPENBLAS_CORETYPE does not say that it should, it can be made to choose again
// with what the processor really has. It is not done when the library is
// loaded, for nobody knows then what the process has under way.
#include <cstdlib>
#include <cstring>

#include "caffe/util/math_functions.hpp"
#include "core/cpu.hpp"
#include "math/blas_call.hpp"

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
  const Isa isa = BestIsa();
  return isa == Isa::kAvx512  ? "SkylakeX"
         : isa == Isa::kAvx2 ? "Haswell"
                             : nullptr;
}

// What it should choose in place of what it did; null where it chose well, was
// told what to take, or has but one set.
const char* BetterCore() {
  if (BlasCoreIsForced() || BlasCoreName() != "Prescott" ||
      gotoblas_dynamic_quit == nullptr || gotoblas_dynamic_init == nullptr) {
    return nullptr;
  }
  return NewestCore();
}

}  // namespace

void UseBestBlasCore() {
  const char* const better = BetterCore();
  if (better == nullptr) return;
  setenv(kVariable, better, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(kVariable);
}

void WarnOfBlasCore() {
  const char* const better = BetterCore();
  if (better == nullptr) return;
  LOG(WARNING) << "OpenBLAS takes this processor for a " << BlasCoreName()
               << " and is slow; UseBestBlasCore() or OPENBLAS_CORETYPE="
               << better << " mends it";
}

string BlasCoreName() { return openblas_get_corename(); }

bool BlasCoreIsForced() { return std::getenv(kVariable) != nullptr; }

}  // namespace caffe
