// How many threads a loop gets, and in how many pieces it is cut.
#include "core/parallel.hpp"

#include "caffe/common.hpp"

namespace caffe {
namespace internal {
namespace {

// Pieces a thread: where one thread loses its core, the others have something
// left to take.
constexpr int kPieces = 8;
// The same for items that are handed out one by one, which may differ in size.
constexpr int kItemPieces = 64;
// Operations that a piece has at least, unless there are fewer pieces than
// threads else.
constexpr int64_t kPieceGrain = kParallelGrain / 16;
// From so many on a piece takes longer than to wake a thread, on any machine.
constexpr int64_t kLongPiece = 4 * kParallelGrain;

LoopCut Cut(int64_t n, int64_t work, int pieces_a_thread) {
  LoopCut cut;
  if (work < kParallelGrain || ThreadPool::InLoop()) return cut;
  cut.threads = static_cast<int>(std::min<int64_t>(
      {n, work / (kParallelGrain / 2), Caffe::threads()}));
  const int64_t most = std::min<int64_t>(
      int64_t{pieces_a_thread} * cut.threads, ThreadPool::kMostPieces);
  cut.pieces = static_cast<int>(std::min(
      {n, most, std::max<int64_t>(cut.threads, work / kPieceGrain)}));
  cut.long_pieces = work / cut.pieces >= kLongPiece;
  return cut;
}

}  // namespace

LoopCut CutRange(int64_t n, int64_t work_per_item) {
  return Cut(n, n * std::max<int64_t>(work_per_item, 1), kPieces);
}

LoopCut CutItems(int64_t n, int64_t work) { return Cut(n, work, kItemPieces); }

}  // namespace internal
}  // namespace caffe
