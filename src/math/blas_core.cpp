// Which of its sets of kernels OpenBLAS works with. OpenBLAS before 0.3.25,
// such as Debian 12's, takes Intel's processors that are newer than itself for a
// Prescott of 2004, and is then much slower than it could be. Where it does, and
// OPENBLAS_CORETYPE does not say that it should, it is made to choose again with
// what the processor really has: when this library is loaded, since no product
// may be under way then.
#include <cstdlib>
#include <cstring>

#include "caffe/util/math_functions.hpp"
#include "core/cpu.hpp"

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

struct ChosenAgain {
  ChosenAgain() {
    const char* const newest = NewestCore();
    if (newest == nullptr || BlasCoreIsForced() ||
        BlasCoreName() != "Prescott" || gotoblas_dynamic_quit == nullptr ||
        gotoblas_dynamic_init == nullptr) {
      return;
    }
    setenv(kVariable, newest, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv(kVariable);
  }
};

const ChosenAgain at_load;

}  // namespace

string BlasCoreName() { return openblas_get_corename(); }

bool BlasCoreIsForced() { return std::getenv(kVariable) != nullptr; }

}  // namespace caffe
