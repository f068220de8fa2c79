// How many threads a loop gets, and in how many pieces it is cut.
#include "core/parallel.hpp"

#include "caffe/common.hpp"

namespace caffe {
namespace internal {
namespace {

// Pieces a thread, at most, where one thread that loses its core leaves
// something for the others to take; and the operations that a piece has at
// least, unless there are fewer pieces than threads else.
struct PieceRule {
  int a_thread;
  int64_t grain;
};
constexpr PieceRule kOfRange = {8, kParallelGrain / 2};
// Items are handed out one by one, and may differ in size.
constexpr PieceRule kOfItems = {64, kParallelGrain / 16};
// From so many on a piece takes longer than to wake a thread, on any machine.
constexpr int64_t kLongPiece = 4 * kParallelGrain;

LoopCut Cut(int64_t n, int64_t work, const PieceRule& rule) {
  LoopCut cut;
  if (work < kParallelGrain || ThreadPool::InLoop()) return cut;
  cut.threads = static_cast<int>(std::min<int64_t>(
      {n, work / (kParallelGrain / 2), Caffe::threads()}));
  const int64_t most = std::min<int64_t>(
      int64_t{rule.a_thread} * cut.threads, ThreadPool::kMostPieces);
  cut.pieces = static_cast<int>(std::min(
      {n, most, std::max<int64_t>(cut.threads, work / rule.grain)}));
  cut.long_pieces = work / cut.pieces >= kLongPiece;
  return cut;
}

}  // namespace

LoopCut CutRange(int64_t n, int64_t work_per_item) {
  return Cut(n, n * std::max<int64_t>(work_per_item, 1), kOfRange);
}

LoopCut CutItems(int64_t n, int64_t work) { return Cut(n, work, kOfItems); }

}  // namespace internal
}  // namespace caffe
