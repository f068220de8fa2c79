// Loops on several threads whose results do not depend on their number.
//
// ParallelFor splits a range among the threads: for work in which each index
// writes only its own output. ParallelItems hands out items, and numbers the
// threads for scratch memory. ParallelSum cuts a range in blocks of a fixed
// size and adds the blocks' sums in order. Small work stays on one thread, and
// so does a loop inside another parallel loop. The threads are those of
// core/thread_pool.hpp; any thread may call these.
#ifndef TERCET_CORE_PARALLEL_HPP_
#define TERCET_CORE_PARALLEL_HPP_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/thread_pool.hpp"

namespace caffe {

// Under this many elementary operations a second thread costs more than it
// brings (about 1 MB of floats).
constexpr int64_t kParallelGrain = 256 * 1024;

namespace internal {

struct LoopCut {
  int threads = 1;
  int pieces = 1;
  bool long_pieces = false;  // each takes longer than to wake a thread
};
LoopCut CutRange(int64_t n, int64_t work_per_item);
LoopCut CutItems(int64_t n, int64_t work);

// Calls body(begin, end, slot) for each piece of 0 ... n-1.
template <typename Body>
void RunPieces(int64_t n, const LoopCut& cut, const Body& body) {
  struct Context {
    const Body* body;
    int64_t n;
    int pieces;
  } context = {&body, n, cut.pieces};
  ThreadPool::OfProcess().Run(
      cut.pieces, cut.threads, cut.long_pieces,
      [](void* raw, int piece, int slot) {
        const Context& c = *static_cast<Context*>(raw);
        (*c.body)(c.n * piece / c.pieces, c.n * (piece + 1) / c.pieces, slot);
      },
      &context);
}

}  // namespace internal

// Calls body(begin, end) on disjoint ranges that cover 0 ... n-1.
// work_per_item: elementary operations an index costs.
template <typename Body>
void ParallelFor(int64_t n, int64_t work_per_item, const Body& body) {
  if (n <= 0) return;
  const internal::LoopCut cut = internal::CutRange(n, work_per_item);
  if (cut.threads == 1) {
    body(static_cast<int64_t>(0), n);
    return;
  }
  internal::RunPieces(
      n, cut, [&body](int64_t begin, int64_t end, int) { body(begin, end); });
}

// Calls body(i, slot) for i = 0 ... n-1; slot is below Caffe::threads(), and no
// two calls at one time have the same. work: elementary operations of all.
template <typename Body>
void ParallelItems(int64_t n, int64_t work, const Body& body) {
  if (n <= 0) return;
  const internal::LoopCut cut = internal::CutItems(n, work);
  const auto run = [&body](int64_t begin, int64_t end, int slot) {
    for (int64_t i = begin; i < end; ++i) body(i, slot);
  };
  if (cut.threads == 1) {
    run(0, n, 0);
    return;
  }
  internal::RunPieces(n, cut, run);
}

// The sum of body(begin, end) over blocks of 4096 indices, added in order.
template <typename T, typename Body>
T ParallelSum(int64_t n, const Body& body) {
  constexpr int64_t kBlock = 4096;
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  if (blocks <= 1) return n > 0 ? body(static_cast<int64_t>(0), n) : T(0);
  std::vector<T> partial(blocks);
  ParallelFor(blocks, kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      partial[b] = body(b * kBlock, std::min(n, (b + 1) * kBlock));
    }
  });
  T sum = 0;
  for (const T& part : partial) sum += part;
  return sum;
}

// The sum of f(i) for i of begin ... end-1 in eight lanes, so that it can be
// vectorised without changing its order from machine to machine.
template <typename F>
double LaneSum(int64_t begin, int64_t end, const F& f) {
  constexpr int kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += f(i + lane);
  }
  for (; i < end; ++i) lanes[0] += f(i);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
         ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

}  // namespace caffe

#endif  // TERCET_CORE_PARALLEL_HPP_
