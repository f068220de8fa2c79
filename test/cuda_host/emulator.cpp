// Runs kernels on the host: block after block, each thread of a block as a
// fiber on this one system thread. A fiber runs thread after thread of the
// block as plain calls; when one must wait, at a barrier or for the other
// lanes of a shuffle, it stays where it is and another fiber goes on. So a
// kernel that never waits costs a call a thread. The order of the threads is
// fixed. A block whose threads all wait is an error: some thread never reached
// what the others wait at.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "cuda_runtime.h"
#include "device_memory.hpp"
#include "fiber.hpp"

dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace cuda_host {

namespace {

constexpr int kWarp = 32;
constexpr int kMostThreads = 1024;

// What the lanes of a warp show each other. Two sets of values: a lane may be
// at the next shuffle while others still read this one's.
struct Warp {
  uint64_t values[2][kWarp];
  int turn = 0;
  uint32_t arrived = 0;
  std::vector<Fiber*> waiting;
};

struct Block {
  const std::function<void()>* body = nullptr;
  int threads = 0;
  int started = 0;
  int running = 0;  // started or not, but not ended
  int at_barrier = 0;
  std::vector<Fiber*> waiting;  // at the barrier
  std::deque<Fiber*> ready;
  std::vector<Warp> warps;
};

Block block;
Fiber* current = nullptr;
std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber*> idle;
bool in_kernel = false;

void Release(std::vector<Fiber*>* waiting) {
  block.ready.insert(block.ready.end(), waiting->begin(), waiting->end());
  waiting->clear();
}

void ReleaseBarrier() {
  block.at_barrier = 0;
  Release(&block.waiting);
}

void RunThreads() {
  while (block.started < block.threads) {
    current->thread = block.started++;
    threadIdx.x = current->thread;
    (*block.body)();
    --block.running;
    if (block.running > 0 && block.at_barrier == block.running) {
      ReleaseBarrier();
    }
  }
}

void FiberMain() {
  Fiber* const self = current;
  self->Started();
  for (;;) {
    RunThreads();
    idle.push_back(self);
    self->Leave();
  }
}

Fiber* NewFiber() {
  fibers.emplace_back(new Fiber(FiberMain));
  return fibers.back().get();
}

// A thread that may go on, or a fiber for those not yet started.
Fiber* NextFiber() {
  if (block.started < block.threads) {
    if (idle.empty()) { return NewFiber(); }
    Fiber* const fiber = idle.back();
    idle.pop_back();
    return fiber;
  }
  if (block.ready.empty()) {
    Fail("a barrier or a shuffle that not all of its threads reach");
  }
  Fiber* const fiber = block.ready.front();
  block.ready.pop_front();
  return fiber;
}

void RunBlock(int threads, const std::function<void()>& body) {
  block = Block();
  block.body = &body;
  block.threads = block.running = threads;
  block.warps.resize((threads + kWarp - 1) / kWarp);
  while (block.running > 0) {
    current = NextFiber();
    threadIdx.x = current->thread;
    current->Enter();
  }
}

void Wait(std::vector<Fiber*>* waiting) {
  Fiber* const self = current;
  waiting->push_back(self);
  self->Leave();
  threadIdx.x = self->thread;
}

}  // namespace

int Lane() { return static_cast<int>(threadIdx.x) % kWarp; }

uint64_t Shuffle(unsigned mask, uint64_t value, int source) {
  Warp& warp = block.warps[threadIdx.x / kWarp];
  const int first = static_cast<int>(threadIdx.x) / kWarp * kWarp;
  const int lanes = std::min(kWarp, block.threads - first);
  if (lanes < kWarp) { mask &= (1u << lanes) - 1; }
  const int turn = warp.turn;
  warp.values[turn][Lane()] = value;
  warp.arrived |= 1u << Lane();
  if (warp.arrived == mask) {
    warp.arrived = 0;
    warp.turn = 1 - turn;
    Release(&warp.waiting);
  } else {
    Wait(&warp.waiting);
  }
  if ((mask >> source & 1) == 0) {
    Fail("a shuffle from a lane that is not there");
  }
  return warp.values[turn][source];
}

void Launch(int blocks, int threads, const std::function<void()>& thread) {
  if (in_kernel) { Fail("a kernel starts a kernel"); }
  if (blocks < 1 || threads < 1 || threads > kMostThreads) {
    Fail("a kernel is started with sizes that no GPU has");
  }
  in_kernel = true;
  const OpenDevice open;
  gridDim.x = blocks;
  blockDim.x = threads;
  for (int b = 0; b < blocks; ++b) {
    blockIdx.x = b;
    RunBlock(threads, thread);
  }
  in_kernel = false;
}

void CheckWords(const void* words, size_t size) {
  // Where Linux has the program, its heap and its mappings; a double of this
  // pattern is smaller than 1e-300, and a pair of floats or of integers hardly
  // ever meets it.
  constexpr uint64_t kLeast = uint64_t{0x5500} << 32;
  constexpr uint64_t kMost = uint64_t{0x8000} << 32;
  const char* const bytes = static_cast<const char*>(words);
  for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes + i, sizeof(word));
    if (word >= kLeast && word < kMost &&
        !IsDevice(reinterpret_cast<const void*>(word))) {
      Fail("a kernel is given a pointer into the host's memory");
    }
  }
}

}  // namespace cuda_host

void __syncthreads() {
  using cuda_host::block;
  if (++block.at_barrier == block.running) {
    cuda_host::ReleaseBarrier();
  } else {
    cuda_host::Wait(&block.waiting);
  }
}
