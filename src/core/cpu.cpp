// Asks the processor and the environment what cpu.hpp tells.
#include "core/cpu.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "caffe/check.hpp"

namespace caffe {
namespace {

constexpr char kVariable[] = "TERCET_ISA";

std::atomic<Isa> limit{Isa::kAvx512};

Isa IsaOfProcessor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    return Isa::kPlain;
  }
  const bool avx512 = __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  return avx512 ? Isa::kAvx512 : Isa::kAvx2;
#else
  return Isa::kPlain;
#endif
}

Isa IsaOfProcess() {
  const char* const name = std::getenv(kVariable);
  const Isa isa = IsaOfProcessor();
  return name == nullptr || *name == '\0' ? isa : LoweredIsa(isa, name);
}

}  // namespace

Isa LoweredIsa(Isa isa, const std::string& name) {
  const bool avx2 = name == "avx2", avx512 = name == "avx512";
  INPUT_CHECK(avx2 || avx512 || name == "plain")
      << kVariable << " is '" << name
      << "' in the environment; wanted plain, avx2 or avx512";
  return std::min(isa, avx512 ? Isa::kAvx512 : avx2 ? Isa::kAvx2 : Isa::kPlain);
}

Isa BestIsa() {
  static const Isa of_process = IsaOfProcess();
  return std::min(of_process, limit.load(std::memory_order_relaxed));
}

std::vector<Isa> RunnableIsas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kPlain, Isa::kAvx2, Isa::kAvx512}) {
    if (isa <= BestIsa()) isas.push_back(isa);
  }
  return isas;
}

IsaLimit::IsaLimit(Isa most) : before_(limit) {
  limit = std::min(before_, most);
}

IsaLimit::~IsaLimit() { limit = before_; }

}  // namespace caffe
