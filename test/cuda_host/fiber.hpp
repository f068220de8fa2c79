// A fiber: a stack of its own, and the switch between it and the stack that it
// was started from. On x86-64 the switch is a few instructions of our own, for
// a block of threads may switch a hundred thousand times; elsewhere it is
// swapcontext, which asks the kernel each time.
#ifndef TERCET_TEST_CUDA_HOST_FIBER_HPP_
#define TERCET_TEST_CUDA_HOST_FIBER_HPP_

#include <cstddef>
#include <memory>

namespace cuda_host {

class Fiber {
 public:
  // main must not return.
  explicit Fiber(void (*main)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // From the starting stack: goes on in the fiber, until it calls Leave().
  void Enter();
  // The first that main must call.
  void Started();
  // From within the fiber: goes on where Enter() was called.
  void Leave();

  int thread = 0;  // which thread of the block it runs

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cuda_host

#endif  // TERCET_TEST_CUDA_HOST_FIBER_HPP_
