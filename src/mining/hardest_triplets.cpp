// Batch-hard for all anchors at once. A distance is computed once for the two
// anchors that it belongs to: a block of rows i meets the rows j from its own
// first one on, and what it finds there for each j is put together at the end.
#include <algorithm>
#include <cmath>

#include "mining/mining_internal.hpp"

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

// What one thread's blocks hold for each row j that lies behind them.
template <typename T>
struct Behind {
  std::vector<T> nearest;     // negative
  std::vector<T> chunk;       // the first row of the rows that hold it
  std::vector<int32_t> at;    // its row
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
struct Strip {
  const MiningBatch<T>& batch;
  const MiningKernels<T>& kernels;
  const T* d;
  int64_t begin;
  int64_t end;
  int64_t pitch;

  const T* Row(int64_t i) const { return d + (i - begin) * pitch; }
  T At(int64_t i, int64_t j) const { return Row(i)[j - begin]; }
};

// The hardest of anchor i among the rows j of the strip.
template <typename T>
Hardest<T> HardestAhead(const Strip<T>& strip, int64_t i) {
  const int64_t begin = strip.begin, B = strip.batch.B;
  const MiningGroup group = strip.batch.group[i];
  const int64_t from = std::max<int64_t>(group.begin, begin);
  const T* const row = strip.Row(i);
  Hardest<T> found;
  strip.kernels.farthest(row, from - begin, i - begin, &found.positive);
  strip.kernels.farthest(row, i + 1 - begin, group.end - begin,
                         &found.positive);
  strip.kernels.nearest(row, 0, from - begin, &found.negative);
  strip.kernels.nearest(row, group.end - begin, B - begin, &found.negative);
  found.positive.at += begin;
  found.negative.at += begin;
  return found;
}

// Some rows of the strip, as others of the same person or another's: one by
// one where a person lies on both sides of the strip's end, else many at once.
template <typename T>
void LookBack(const Strip<T>& strip, int64_t first, int64_t last,
              Behind<T>* behind) {
  const int64_t B = strip.batch.B, begin = strip.begin;
  const int64_t apart =
      std::max<int64_t>(strip.end, strip.batch.group[last - 1].end);
  for (int64_t j = strip.end; j < apart; ++j) {
    for (int64_t i = first; i < last; ++i) {
      const T d = strip.At(i, j);
      if (j < strip.batch.group[i].end) {
        Found<T>& farthest = behind->farthest[j];
        if (d > farthest.value) farthest = Found<T>{d, i};
      } else if (d < behind->nearest[j]) {
        behind->nearest[j] = d;
        behind->chunk[j] = static_cast<T>(first);
      }
    }
  }
  strip.kernels.fold(strip.Row(first) + apart - begin, strip.pitch,
                     static_cast<int>(last - first), B - apart,
                     static_cast<T>(first), behind->nearest.data() + apart,
                     behind->chunk.data() + apart);
}

// The row of each value that the strip has brought.
template <typename T>
void Locate(const Strip<T>& strip, int64_t chunk_rows, Behind<T>* behind) {
  for (int64_t j = strip.end; j < strip.batch.B; ++j) {
    if (behind->chunk[j] < static_cast<T>(strip.begin)) continue;
    const int64_t first = static_cast<int64_t>(behind->chunk[j]);
    const int64_t last = std::min(strip.end, first + chunk_rows);
    for (int64_t i = first; i < last; ++i) {
      if (j >= strip.batch.group[i].end &&
          strip.At(i, j) == behind->nearest[j]) {
        behind->at[j] = static_cast<int32_t>(i);
        break;
      }
    }
  }
}

// Of equal distances that of the first row counts; behind lies before ahead.
template <typename T>
void PutTogether(const std::vector<Behind<T>>& parts, int64_t j,
                 Hardest<T>* found) {
  for (const Behind<T>& part : parts) {
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
          MiningSlot<T>* slot, MiningBatch<T>* batch) {
  const MiningAnchor<T> anchor = {&options, &BestMiningKernels<T>(), batch,
                                  slot, i, i, batch->group[i], nullptr, 0};
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
void MineHardest(const MiningOptions& options, const T* x,
                 MiningBatch<T>* batch) {
  constexpr int64_t kChunk = 8;
  const int64_t B = batch->B;
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const RowMeasure<T> measure(options, x, *batch);
  std::vector<Hardest<T>> found(B);
  std::vector<Behind<T>> behind(batch->slots.size());
  for (Behind<T>& part : behind) part.Reset(B);
  ForEachMiningBlock(
      batch, B * batch->D / 2,
      [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        Behind<T>* const part = &behind[slot - batch->slots.data()];
        measure.Multiply(begin, end, begin, B, slot);
        const Strip<T> strip = {*batch, kernels, slot->block.data(),
                                begin,  end,     B - begin};
        for (int64_t i = begin; i < end; ++i) {
          measure.Finish(i, begin, B,
                         slot->block.data() + (i - begin) * strip.pitch);
          found[i] = HardestAhead(strip, i);
        }
        for (int64_t i = begin; i < end; i += kChunk) {
          LookBack(strip, i, std::min(end, i + kChunk), part);
        }
        Locate(strip, kChunk, part);
      });
  ForEachMiningBlock(batch, 64,
                     [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
                       for (int64_t i = begin; i < end; ++i) {
                         PutTogether(behind, i, &found[i]);
                         Pick(options, found[i], i, slot, batch);
                       }
                     });
}

template void MineHardest<float>(const MiningOptions&, const float*,
                                 MiningBatch<float>*);
template void MineHardest<double>(const MiningOptions&, const double*,
                                  MiningBatch<double>*);

}  // namespace metric
}  // namespace caffe
