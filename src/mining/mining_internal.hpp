// What the parts of mining share: row_set.cpp orders and centres the rows,
// row_measure.cpp computes distances, choose_triplets.cpp chooses the triplets
// row_measure.cpp computes distances, choose_triplets.cpp chooses the triplets
// of one anchor, hardest_triplets.cpp those of batch-hard for all at once,
#ifndef TERCET_MINING_MINING_INTERNAL_HPP_
#define TERCET_MINING_MINING_INTERNAL_HPP_

#include <algorithm>
#include <limits>

#include "caffe/mining/mining.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_kernels.hpp"

namespace caffe {
namespace metric {

// Blocks of rows are cut by the shape alone, so that the bits do not depend on
// the threads.
constexpr int64_t kBlockRows = 128;
inline int64_t MiningBlocks(int64_t B) {
  const int64_t blocks = (B + kBlockRows - 1) / kBlockRows;
  const int64_t even = B < kBlockRows / 2 ? 1 : B <= 2 * kBlockRows ? 2 : 4;
  return (blocks + even - 1) / even * even;
}

inline int64_t MiningBlockBegin(int64_t B, int64_t block) {
  return B * block / MiningBlocks(B);
}
inline int64_t MiningBlockOf(int64_t B, int64_t row) {
  return ((row + 1) * MiningBlocks(B) - 1) / B;
}

template <typename T>
int64_t AnchorCount(const MiningBatch<T>& batch) {
  return static_cast<int64_t>(batch.anchors.size());
}

// The slopes are kept in panels, one for the columns of each block: a panel
// has a row of kBlockRows for each anchor, so that a block of rows finds its
// columns, too, in one piece.
template <typename T>
T* MiningPanel(MiningBatch<T>* batch, int64_t panel) {
  return batch->slopes.data() + panel * AnchorCount(*batch) * kBlockRows;
}

// The slope of anchor a's pair with row j.
template <typename T>
T* MiningSlope(MiningBatch<T>* batch, int64_t a, int64_t j) {
  const int64_t panel = MiningBlockOf(batch->B, j);
  return MiningPanel(batch, panel) + a * kBlockRows + j -
         MiningBlockBegin(batch->B, panel);
}

// One anchor: number a of them, row i of the batch, and its distances to all
// rows.
template <typename T>
struct MiningAnchor {
  const MiningOptions* options;
  const MiningKernels<T>* kernels;
  MiningBatch<T>* batch;
  MiningSlot<T>* slot;
  int64_t a;
  int64_t i;
  MiningGroup group;
  const T* d;
  uint64_t draw;

  int64_t positives() const { return group.end - group.begin - 1; }
  int64_t negatives() const {
    return batch->B - (group.end - group.begin);
  }
};

// Calls body(begin, end) on the two ranges of negatives.
template <typename T, typename Body>
void ForNegatives(const MiningAnchor<T>& anchor, const Body& body) {
  if (anchor.group.begin > 0) body(int64_t{0}, int64_t{anchor.group.begin});
  if (anchor.group.end < anchor.batch->B) {
    body(int64_t{anchor.group.end}, anchor.batch->B);
  }
}

// Calls body(begin, end, to) for the parts of the anchor's row of slopes.
template <typename T, typename Body>
void ForPanels(const MiningAnchor<T>& anchor, const Body& body) {
  const int64_t B = anchor.batch->B;
  for (int64_t panel = 0; panel < MiningBlocks(B); ++panel) {
    body(MiningBlockBegin(B, panel), MiningBlockBegin(B, panel + 1),
         MiningPanel(anchor.batch, panel) + anchor.a * kBlockRows);
  }
}

// Error kInput: the label of a row is not finite.
template <typename T>
void CheckLabel(T label, int64_t row);

// Error kInput: names the row of x that holds a number that is not finite, or
// the longest one.
template <typename T>
[[noreturn]] void FailRows(const T* x, int64_t bank, int64_t B, int64_t D);

// The squared length that a row may not reach.
template <typename T>
constexpr T kMostSquare = std::numeric_limits<T>::max() / 16;

// Orders and centres the rows of x, and says which are anchors. Where not all
// is finite, Error kInput names the row.
template <typename T>
void PrepareRows(const MiningOptions& options, const T* x, const T* labels,
                 int64_t bank, int64_t B, int64_t D, MiningBatch<T>* batch);

// The same, and takes the memory for a loss.
template <typename T>
void PrepareMining(const MiningOptions& options, const T* x, const T* labels,
                   int64_t bank, int64_t B, int64_t D, MiningBatch<T>* batch);

// The rows of some anchors, side by side, and where they are.
template <typename T>
const T* AnchorRows(const MiningBatch<T>& batch, int64_t begin, int64_t end,
                    MiningSlot<T>* slot);

// Distances of one row to the others, squared for kL2: products first, and
// again from differences where these have lost their digits.
template <typename T>
class RowMeasure {
 public:
  RowMeasure(const MiningOptions& options, const T* x,
             const MiningBatch<T>& batch);
  // slot->block(a - begin, j - from) = the product of the rows of anchor a and
  // of row j, for a of begin ... end-1 and j of from ... to-1.
  void Multiply(int64_t begin, int64_t end, int64_t from, int64_t to,
                MiningSlot<T>* slot) const;
  // d_j, j of from ... to-1, from these products; 0 for i itself.
  void Finish(int64_t i, int64_t from, int64_t to, T* d) const;
  // The distance of rows i and j from their differences alone.
  T Direct(int64_t i, int64_t j) const;

 private:
  const bool cosine_;
  const T* const x_;
  const MiningBatch<T>& batch_;
  const MiningKernels<T>& kernels_;
  T most_;                      // the largest of the squares
  std::vector<int32_t> zeros_;  // kCosine: the zero vectors
};

// A search of d_begin ... d_end-1 for what is better than *found; d_0 is of row
// `first`. `search` is `nearest` or `farthest` of MiningKernels.
template <typename T>
void SearchFrom(void (*search)(const T* d, int64_t begin, int64_t end,
                               Found<T>* found),
                const T* d, int64_t begin, int64_t end, int64_t first,
                Found<T>* found) {
  Found<T> here{found->value, -1};
  search(d, begin, end, &here);
  if (here.at >= 0) *found = Found<T>{here.value, first + here.at};
}

// Of one anchor: the nearest negative beyond each of its positives, from the
// distances of the negatives, which may come piece by piece.
template <typename T>
class SemiHardSearch {
 public:
  // The first m of *thresholds are the distances of the positives. The search
  // keeps the pointer, and changes what it points to.
  void Start(int64_t m, std::vector<T>* thresholds);
  // Looks at d_begin ... d_end-1, where d_0 is of row `first`; pieces come in
  // the order of the rows. `ranks` is working memory.
  void Look(const MiningKernels<T>& kernels, const T* d, int64_t begin,
            int64_t end, int64_t first, std::vector<int32_t>* ranks);
  // Of each positive; at -1 where no negative is farther.
  std::vector<Found<T>> Finish();

 private:
  bool many() const { return steps_ > 0; }

  int64_t m_ = 0;
  std::vector<T>* thresholds_ = nullptr;
  // Each threshold's best; with many the best of each rank.
  std::vector<Found<T>> best_;
  // With many: how the sorted thresholds are searched, and where each was.
  int steps_ = 0;
  std::vector<int64_t> from_;
};

// kBatchHard without a bank: the picks of all anchors, from half of the
// products.
template <typename T>
void MineHardest(const MiningOptions& options, const T* x,
                 MiningBatch<T>* batch);

// Of kBatchAll: writes the anchor's row of slopes, slot->weights at its
// positives and minus those at its negatives.
template <typename T>
void WriteSlopes(const MiningAnchor<T>& anchor);

// Puts the edges of near-duplicates, if there are any, in the edges' place.
template <typename T>
void CollectNear(MiningBatch<T>* batch);

// Fills batch->loss, triplets, active and the slopes of the anchor's row.
template <typename T>
void MineAnchor(const MiningAnchor<T>& anchor);

// The same from slot->picks, with the two distances of each.
template <typename T>
void FinishPicks(const MiningAnchor<T>& anchor, const T* positive_distances,
                 const T* negative_distances);

// Calls body(slot, first anchor, last anchor + 1) for each block of anchors, on
// several threads.
template <typename T, typename Body>
void ForEachMiningBlock(MiningBatch<T>* batch, int64_t work_per_row,
                        const Body& body) {
  const int64_t anchors = AnchorCount(*batch);
  const int64_t blocks = MiningBlocks(anchors);
  const int64_t slots = batch->slots.size();
  ParallelFor(slots, anchors * work_per_row / slots,
              [&](int64_t begin, int64_t end) {
                for (int64_t s = begin; s < end; ++s) {
                  for (int64_t b = s; b < blocks; b += slots) {
                    body(&batch->slots[s], MiningBlockBegin(anchors, b),
                         MiningBlockBegin(anchors, b + 1));
                  }
                }
              });
}

// Calls body(anchor) for each anchor with its distances, on several threads.
template <typename T, typename Body>
void ForEachMeasuredAnchor(const MiningOptions& options, const T* x,
                           uint64_t draw, MiningBatch<T>* batch,
                           const Body& body) {
  const int64_t B = batch->B, D = batch->D;
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const RowMeasure<T> measure(options, x, *batch);
  ForEachMiningBlock(
      batch, B * D, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        measure.Multiply(begin, end, 0, B, slot);
        for (int64_t a = begin; a < end; ++a) {
          const int64_t i = batch->anchors[a];
          T* const d = slot->block.data() + (a - begin) * B;
          measure.Finish(i, 0, B, d);
          if (options.distance == Distance::kL2) kernels.root(d, B);
          body(MiningAnchor<T>{&options, &kernels, batch, slot, a, i,
                               batch->group[i], d, draw});
        }
      });
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_MINING_INTERNAL_HPP_
