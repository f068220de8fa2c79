// Which of the sets of inner loops this processor runs: the one list of
// processor features. Each kind of loop has its sets beside it
// (*_kernels.hpp), and CMake compiles them for these features.
#ifndef TERCET_CORE_CPU_HPP_
#define TERCET_CORE_CPU_HPP_

#include <string>
#include <vector>

namespace caffe {

// Ascending: who runs one runs those before it.
enum class Isa {
  kPlain,   // what the library itself is compiled for: vectors of 16 bytes
  kAvx2,    // AVX2 and FMA
  kAvx512,  // AVX-512 F, DQ, BW and VL, and FMA
};

// The best that this processor runs, lowered by TERCET_ISA in the environment
// (plain, avx2 or avx512; read once) and by an IsaLimit. Error kInput where
// the variable names none of them. Any thread may call it.
Isa BestIsa();

// All that may be used now: the first is kPlain, the last BestIsa().
std::vector<Isa> RunnableIsas();

// The lower of `isa` and the one that is called `name`; Error kInput where none
// is.
Isa LoweredIsa(Isa isa, const std::string& name);

// For tests: no more than `most`, for the whole process, while it lives.
// Begins and ends where no loop is at work; what was made under one limit, such
// as a layer with its packed weights, is of no use under another.
class IsaLimit {
 public:
  explicit IsaLimit(Isa most);
  ~IsaLimit();
  IsaLimit(const IsaLimit&) = delete;
  IsaLimit& operator=(const IsaLimit&) = delete;

 private:
  const Isa before_;
};

}  // namespace caffe

#endif  // TERCET_CORE_CPU_HPP_
