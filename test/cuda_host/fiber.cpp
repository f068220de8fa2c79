// The stacks of fibers and the switch between them; for the address sanitizer,
// the news that the stack changes.
#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdint>

#include "device_memory.hpp"

// GCC says it with a macro of its own, clang with a feature.
#ifdef __has_feature
#define CUDA_HOST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define CUDA_HOST_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CUDA_HOST_HAS_FEATURE(address_sanitizer)
#define CUDA_HOST_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif

#ifdef __x86_64__
// Saves the registers that a function must keep on the stack that is left, its
// pointer in *from, and takes those that the other stack holds.
extern "C" void cuda_host_switch(void** from, void* to);
asm(R"(
.text
.globl cuda_host_switch
.hidden cuda_host_switch
.type cuda_host_switch, @function
cuda_host_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_host_switch, . - cuda_host_switch
)");
#endif

namespace cuda_host {

namespace {

constexpr size_t kStack = 128 << 10;

#ifdef __x86_64__
struct Context {
  void* stack_pointer = nullptr;
  void Prepare(char* stack, void (*main)()) {
    constexpr int kSaved = 6;  // the registers above, below the return address
    auto* top = reinterpret_cast<uintptr_t*>(stack + kStack) - 2;
    *top = reinterpret_cast<uintptr_t>(main);
    for (int i = 1; i <= kSaved; ++i) { top[-i] = 0; }
    stack_pointer = top - kSaved;
  }
};
void Switch(Context* from, Context* to) {
  cuda_host_switch(&from->stack_pointer, to->stack_pointer);
}
#else
struct Context {
  ucontext_t context;
  void Prepare(char* stack, void (*main)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = kStack;
    context.uc_link = nullptr;
    makecontext(&context, main, 0);
  }
};
void Switch(Context* from, Context* to) {
  swapcontext(&from->context, &to->context);
}
#endif

}  // namespace

struct Fiber::State {
  char* stack = nullptr;
  Context outside;
  Context inside;
  const void* outside_stack = nullptr;  // as the address sanitizer told us
  size_t outside_size = 0;
};

Fiber::Fiber(void (*main)()) : state_(new State) {
  void* const stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) { Fail("no memory for a fiber"); }
  state_->stack = static_cast<char*>(stack);
  state_->inside.Prepare(state_->stack, main);
}

Fiber::~Fiber() { munmap(state_->stack, kStack); }

void Fiber::Enter() {
#ifdef CUDA_HOST_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, state_->stack, kStack);
#endif
  Switch(&state_->outside, &state_->inside);
#ifdef CUDA_HOST_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Fiber::Started() {
#ifdef CUDA_HOST_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &state_->outside_stack,
                                  &state_->outside_size);
#endif
}

void Fiber::Leave() {
#ifdef CUDA_HOST_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, state_->outside_stack,
                                 state_->outside_size);
#endif
  Switch(&state_->inside, &state_->outside);
#ifdef CUDA_HOST_ASAN
  __sanitizer_finish_switch_fiber(fake, &state_->outside_stack,
                                  &state_->outside_size);
#endif
}

}  // namespace cuda_host
