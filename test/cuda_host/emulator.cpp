// Runs kernels on the host: block after block, each thread of a block as a
// fiber on this one system thread. A fiber runs thread after thread of the
// block as plain calls; when one must wait, at a barrier or for the other
// lanes of a shuffle, it stays where it is and another fiber goes on. So a
// kernel that never waits costs a call a thread. The order of the threads is
// fixed. A block whose threads all wait is an error: some thread never reached
// what the others wait at.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "cuda_pipeline.h"
#include "cuda_runtime.h"
#include "device_memory.hpp"
#include "fiber.hpp"

dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace cuda_host {

namespace {

constexpr int kWarp = 32;
constexpr int kMostThreads = 1024;
// What a block may have without asking for more, and what lies behind it.
constexpr size_t kMostShared = 48 << 10;
constexpr size_t kSharedBorder = 256;
constexpr unsigned char kSharedBorderByte = 0xA5;

// What the lanes of a warp show each other. Two sets of values: a lane may be
// at the next shuffle while others still read this one's.
struct Warp {
  uint64_t values[2][kWarp];
  int turn = 0;
  uint32_t arrived = 0;
  std::vector<Fiber*> waiting;
};

// A copy into shared memory that a thread has started and not waited for.
struct Copy {
  void* to;
  const void* from;
  size_t size;
  int batch;
};
struct Copies {
  std::vector<Copy> started;
  int batch = 0;
};

// Used again by each block: most are small, and taking memory for their parts
// would take longer than to run them.
struct Block {
  const std::function<void()>* body = nullptr;
  int threads = 0;
  int started = 0;
  int running = 0;  // started or not, but not ended
  int at_barrier = 0;
  std::vector<Fiber*> waiting;  // at the barrier
  std::deque<Fiber*> ready;
  std::vector<Warp> warps;
  std::vector<Copies> copies;  // of each thread

  void Begin(int block_threads, const std::function<void()>& thread) {
    body = &thread;
    threads = running = block_threads;
    started = at_barrier = 0;
    const size_t warps_of_it = (threads + kWarp - 1) / kWarp;
    if (warps.size() < warps_of_it) { warps.resize(warps_of_it); }
    for (Warp& warp : warps) { warp.turn = 0; }
    copies.resize(kMostThreads);
    for (int i = 0; i < threads; ++i) { copies[i].batch = 0; }
  }
};

Block block;
Fiber* current = nullptr;
std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber*> idle;
bool in_kernel = false;
alignas(16) unsigned char shared[kMostShared + kSharedBorder];
size_t shared_size = 0;

// NaN in each float and double, and a border that must stay as it is.
void FillShared() {
  std::memset(shared, 0xFF, shared_size);
  std::memset(shared + shared_size, kSharedBorderByte, kSharedBorder);
}

void CheckShared() {
  for (size_t i = 0; i < kSharedBorder; ++i) {
    if (shared[shared_size + i] != kSharedBorderByte) {
      Fail("a kernel wrote behind the end of its shared memory");
    }
  }
}

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
    if (!block.copies[threadIdx.x].started.empty()) {
      Fail("a thread ends without waiting for its copies");
    }
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
  block.Begin(threads, body);
  FillShared();
  while (block.running > 0) {
    current = NextFiber();
    threadIdx.x = current->thread;
    current->Enter();
  }
  CheckShared();
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

void* DynamicShared() { return shared; }

void CheckAligned(const void* address, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(address) % bytes != 0) {
    Fail("an access of several values at an address that is no multiple of "
         "its size");
  }
}

void Launch(int blocks, int threads, size_t shared_bytes,
            const std::function<void()>& thread) {
  if (in_kernel) { Fail("a kernel starts a kernel"); }
  if (blocks < 1 || threads < 1 || threads > kMostThreads ||
      shared_bytes > kMostShared) {
    Fail("a kernel is started with sizes that no GPU has");
  }
  in_kernel = true;
  const OpenDevice open;
  gridDim.x = blocks;
  blockDim.x = threads;
  shared_size = shared_bytes;
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

// The copy is made when the thread waits for it, so that a kernel which does
// not wait reads what was there before.
void __pipeline_memcpy_async(void* to, const void* from, size_t size) {
  using cuda_host::CheckAligned;
  if (size != 4 && size != 8 && size != 16) {
    cuda_host::Fail("an asynchronous copy of a size that no GPU has");
  }
  CheckAligned(to, size);
  CheckAligned(from, size);
  auto& copies = cuda_host::block.copies[threadIdx.x];
  copies.started.push_back({to, from, size, copies.batch});
}

void __pipeline_commit() { ++cuda_host::block.copies[threadIdx.x].batch; }

void __pipeline_wait_prior(int batches) {
  auto& copies = cuda_host::block.copies[threadIdx.x];
  auto copy = copies.started.begin();
  for (; copy != copies.started.end(); ++copy) {
    if (copy->batch >= copies.batch - batches) { break; }
    std::memcpy(copy->to, copy->from, copy->size);
  }
  copies.started.erase(copies.started.begin(), copy);
}
