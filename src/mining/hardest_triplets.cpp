// Batch-hard for all anchors at once. A distance is computed once for the two
// anchors that it belongs to: a block of rows i meets the rows j from its own
// first one on, and what it finds there for each j is merged at the end.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mining/choose_triplets.hpp"

namespace caffe {
namespace metric {

namespace {

template <typename T>
constexpr T kFar = std::numeric_limits<T>::infinity();

// The hardest of an anchor.
template <typename T>
struct Hardest {
  Found<T> positive{-1, -1};
  Found<T> negative{kFar<T>, -1};
};

// What one thread's blocks hold for each column: each row j that comes after
// theirs.
template <typename T>
struct ColumnNearest {
  std::vector<T> nearest;          // negative
  std::vector<T> chunk;            // the first row of the rows that hold it
  std::vector<int32_t> at;         // its row
  std::vector<Found<T>> farthest;  // positive

  void Reset(int64_t B) {
    nearest.assign(B, kFar<T>);
    chunk.assign(B, -1);
    at.assign(B, -1);
    farthest.assign(B, Found<T>{-1, -1});
  }
};

// Rows [begin, end) against rows j >= begin: d(i, j) stands at
// d[(i - begin) * pitch + j - begin].
template <typename T>
struct Block {
  const RowSet<T>& set;
  const RowKernels<T>& kernels;
  const T* d;
  int64_t begin;
  int64_t end;
  int64_t pitch;

  const T* Row(int64_t i) const { return d + (i - begin) * pitch; }
  T At(int64_t i, int64_t j) const { return Row(i)[j - begin]; }
};

// The hardest of anchor i among the rows j of the block.
template <typename T>
Hardest<T> HardestAhead(const Block<T>& block, int64_t i) {
  const int64_t begin = block.begin, B = block.set.B;
  const RowRange group = block.set.group[i];
  const int64_t from = std::max<int64_t>(group.begin, begin);
  const T* const row = block.Row(i);
  Hardest<T> found;
  block.kernels.farthest(row, from - begin, i - begin, &found.positive);
  block.kernels.farthest(row, i + 1 - begin, group.end - begin,
                         &found.positive);
  block.kernels.nearest(row, 0, from - begin, &found.negative);
  block.kernels.nearest(row, group.end - begin, B - begin, &found.negative);
  found.positive.at += begin;
  found.negative.at += begin;
  return found;
}

// Some rows of the block, as the columns see them, of the same person or
// another: one by one where a person lies on both sides of the block's end,
// else many at once.
template <typename T>
void ScanColumns(const Block<T>& block, int64_t first, int64_t last,
                 ColumnNearest<T>* columns) {
  const int64_t B = block.set.B, begin = block.begin;
  const int64_t apart =
      std::max<int64_t>(block.end, block.set.group[last - 1].end);
  for (int64_t j = block.end; j < apart; ++j) {
    for (int64_t i = first; i < last; ++i) {
      const T d = block.At(i, j);
      if (j < block.set.group[i].end) {
        Found<T>& farthest = columns->farthest[j];
        if (d > farthest.value) farthest = Found<T>{d, i};
      } else if (d < columns->nearest[j]) {
        columns->nearest[j] = d;
        columns->chunk[j] = static_cast<T>(first);
      }
    }
  }
  block.kernels.fold(block.Row(first) + apart - begin, block.pitch,
                     static_cast<int>(last - first), B - apart,
                     static_cast<T>(first), columns->nearest.data() + apart,
                     columns->chunk.data() + apart);
}

// The row of each value that the block has brought.
template <typename T>
void FindRows(const Block<T>& block, int64_t chunk_rows,
              ColumnNearest<T>* columns) {
  for (int64_t j = block.end; j < block.set.B; ++j) {
    if (columns->chunk[j] < static_cast<T>(block.begin)) continue;
    const int64_t first = static_cast<int64_t>(columns->chunk[j]);
    const int64_t last = std::min(block.end, first + chunk_rows);
    for (int64_t i = first; i < last; ++i) {
      if (j >= block.set.group[i].end &&
          block.At(i, j) == columns->nearest[j]) {
        columns->at[j] = static_cast<int32_t>(i);
        break;
      }
    }
  }
}

// The hardest of anchor j, from the rows before its block too. Of equal
// distances that of the first row counts.
template <typename T>
void MergeHardest(const std::vector<ColumnNearest<T>>& parts, int64_t j,
                  Hardest<T>* found) {
  for (const ColumnNearest<T>& part : parts) {
    const Found<T> negative{part.nearest[j], part.at[j]};
    const Found<T> positive = part.farthest[j];
    if (negative.at >= 0 &&
        (negative.value < found->negative.value ||
         (negative.value == found->negative.value &&
          negative.at < found->negative.at))) {
      found->negative = negative;
    }
    if (positive.at >= 0 &&
        (positive.value > found->positive.value ||
         (positive.value == found->positive.value &&
          positive.at < found->positive.at))) {
      found->positive = positive;
    }
  }
}

template <typename T>
void Pick(const MiningOptions& options, const Hardest<T>& found, int64_t i,
          MiningSlot<T>* slot, MiningState<T>* state) {
  const MiningAnchor<T> anchor = {AnchorOf<T>(state->rows, i, nullptr),
                                  &options,
                                  &BestRowKernels<T>(),
                                  state,
                                  slot,
                                  0};
  T positive = found.positive.value, negative = found.negative.value;
  slot->picks.clear();
  if (anchor.positives() > 0 && anchor.negatives() > 0) {
    slot->picks.push_back(
        MiningPick{static_cast<int32_t>(found.positive.at),
                   static_cast<int32_t>(found.negative.at)});
    if (options.distance == Distance::kL2) {
      positive = std::sqrt(positive);
      negative = std::sqrt(negative);
    }
  }
  FinishPicks(anchor, &positive, &negative);
}

}  // namespace

template <typename T>
void ChooseHardest(const MiningOptions& options, MiningState<T>* state) {
  constexpr int64_t kChunk = 8;
  const RowSet<T>& rows = state->rows;
  const int64_t B = rows.B, slots = state->slots.size();
  const RowKernels<T>& kernels = BestRowKernels<T>();
  const RowMeasure<T> measure(rows);
  std::vector<Hardest<T>> found(B);
  std::vector<ColumnNearest<T>> columns(slots);
  for (ColumnNearest<T>& part : columns) part.Reset(B);
  ForEachRowBlock(
      B, B * rows.D / 2, slots, [&](int64_t s, int64_t begin, int64_t end) {
        MeasureSlot<T>* const slot = &state->slopes.slots[s];
        measure.Multiply(begin, end, begin, B, slot);
        T* const d = slot->block.data();
        const Block<T> block = {rows, kernels, d, begin, end, B - begin};
        for (int64_t i = begin; i < end; ++i) {
          measure.Finish(i, begin, B, d + (i - begin) * block.pitch);
          found[i] = HardestAhead(block, i);
        }
        for (int64_t i = begin; i < end; i += kChunk) {
          ScanColumns(block, i, std::min(end, i + kChunk), &columns[s]);
        }
        FindRows(block, kChunk, &columns[s]);
      });
  ForEachRowBlock(B, 64, slots, [&](int64_t s, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      MergeHardest(columns, i, &found[i]);
      Pick(options, found[i], i, &state->slots[s], state);
    }
  });
}

template void ChooseHardest<float>(const MiningOptions&, MiningState<float>*);
template void ChooseHardest<double>(const MiningOptions&,
                                    MiningState<double>*);

}  // namespace metric
}  // namespace caffe
