// Multibatch and lifted structure on the CPU, with the blocks, distances and
// slopes of mining.
#include "caffe/loss/pair_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

namespace {

MiningOptions RowOptions(const PairLossOptions& options) {
  MiningOptions rows;
  rows.mining = Mining::kBatchAll;
  rows.distance = options.distance;
  return rows;
}

template <typename T>
PairWeights CountPairs(const PairLossOptions& options,
                       const MiningBatch<T>& rows) {
  double same = 0, all = 0;
  for (const int32_t i : rows.anchors) {
    same += rows.group[i].end - rows.group[i].begin - 1;
    all += static_cast<double>(rows.B - 1);
  }
  return WeightsOf(options, same, all - same);
}

// Whether an unsquared distance is 0, for KinkSides.
template <typename T>
void RecordZeros(const MiningAnchor<T>& anchor) {
  if (!anchor.batch->record || anchor.options->distance != Distance::kL2) {
    return;
  }
  for (int64_t j = 0; j < anchor.batch->B; ++j) {
    anchor.batch->choices[anchor.a].push_back(anchor.d[j] != 0);
  }
}

template <typename T>
void RecordWeights(const MiningAnchor<T>& anchor) {
  if (!anchor.batch->record) return;
  for (const T weight : anchor.slot->weights) {
    anchor.batch->choices[anchor.a].push_back(weight != 0);
  }
}

// Adds the hinges of d_j, j of begin ... end-1, on one side of the threshold;
// weights_j = weight where it is active. Returns their sum.
template <typename T>
double AddHinges(const T* d, int64_t begin, int64_t end, T sign, T offset,
                 T weight, T* weights, int64_t* active) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t j = begin; j < end; ++j) {
    const T h = sign * d[j] + offset;
    const bool is = h > 0;
    sum += is ? h : T(0);
    count += is;
    weights[j] = is ? weight : T(0);
  }
  *active += count;
  return sum;
}

template <typename T>
PairSums MultibatchRow(const PairLossOptions& options, T threshold,
                       const PairWeights& weights,
                       const MiningAnchor<T>& anchor) {
  const T margin = static_cast<T>(options.margin);
  T* const w = anchor.slot->weights.data();
  int64_t same_active = 0, different_active = 0;
  double same = 0, different = 0;
  const T same_weight = static_cast<T>(weights.same);
  same += AddHinges(anchor.d, anchor.group.begin, anchor.i, T(1),
                    margin - threshold, same_weight, w, &same_active);
  w[anchor.i] = 0;
  same += AddHinges(anchor.d, anchor.i + 1, anchor.group.end, T(1),
                    margin - threshold, same_weight, w, &same_active);
  ForNegatives(anchor, [&](int64_t begin, int64_t end) {
    different += AddHinges(anchor.d, begin, end, T(-1), margin + threshold,
                           static_cast<T>(weights.different), w,
                           &different_active);
  });
  WriteSlopes(anchor);
  RecordZeros(anchor);
  RecordWeights(anchor);
  PairSums sums;
  sums.loss = weights.same * same + weights.different * different;
  sums.plain = same + different;
  sums.pairs = static_cast<double>(anchor.batch->B - 1);
  sums.active = static_cast<double>(same_active + different_active);
  sums.slope = weights.different * static_cast<double>(different_active) -
               weights.same * static_cast<double>(same_active);
  sums.collapsed =
      static_cast<double>(anchor.positives()) *
          std::max(0., options.margin - threshold) +
      static_cast<double>(anchor.negatives()) *
          std::max(0., options.margin + threshold);
  return sums;
}

template <typename T>
void MultibatchForward(const PairLossOptions& options, T threshold, const T* x,
                       PairLossBatch<T>* batch) {
  const PairWeights weights = CountPairs(options, batch->rows);
  ForEachMeasuredAnchor(
      RowOptions(options), x, 0, &batch->rows,
      [&](const MiningAnchor<T>& anchor) {
        anchor.slot->weights.resize(batch->rows.B);
        batch->sums[anchor.a] =
            MultibatchRow(options, threshold, weights, anchor);
      });
}

// log(sum of exp(margin - d_j)) over the j that each(visit) visits.
template <typename T, typename Each>
T LogSum(T margin, const Each& each) {
  T least = std::numeric_limits<T>::infinity();
  each([&](T d) { least = std::min(least, d); });
  if (least == std::numeric_limits<T>::infinity()) return -least;
  double sum = 0;
  each([&](T d) { sum += std::exp(least - d); });
  return margin - least + static_cast<T>(std::log(sum));
}

// The distances of an anchor to all rows go where its slopes will be.
template <typename T>
void KeepDistances(const MiningAnchor<T>& anchor) {
  ForPanels(anchor, [&](int64_t begin, int64_t end, T* to) {
    std::copy(anchor.d + begin, anchor.d + end, to);
  });
}

// Calls visit(a, distance of anchor a and row j) for the anchors of j's person,
// or those of others.
template <typename T, typename Visit>
void ForAnchorsOf(MiningBatch<T>* rows, int64_t j, bool same,
                  const Visit& visit) {
  const MiningGroup group = rows->group[j];
  for (int64_t a = 0; a < AnchorCount(*rows); ++a) {
    const int32_t i = rows->anchors[a];
    if ((i >= group.begin && i < group.end) == same) {
      visit(i, *MiningSlope(rows, a, j));
    }
  }
}

// The bank's rows see the anchors alone.
template <typename T>
void FinishBank(T margin, T weight, PairLossBatch<T>* batch) {
  MiningBatch<T>* const rows = &batch->rows;
  ParallelFor(rows->B, 4 * AnchorCount(*rows),
              [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      if (batch->place[j] >= 0) continue;
      batch->logs[j] = LogSum<T>(margin, [&](const auto& visit) {
        ForAnchorsOf(rows, j, false, [&](int64_t, T d) { visit(d); });
      });
      double pull = 0;
      ForAnchorsOf(rows, j, true, [&](int64_t i, T d) {
        if (std::isinf(batch->logs[i])) return;
        const LiftedPair<T> pair =
            LiftedOf(batch->logs[i], batch->logs[j], d);
        if (pair.value > 0) pull += weight * pair.value * pair.other;
      });
      batch->pulls[j] = static_cast<T>(pull);
    }
  });
}

// The positives of an anchor: their slopes into slot->weights. Returns dL by
// the logarithm of the anchor's sum, with what it has from pairs (j, a).
template <typename T>
double AddLiftedPairs(T margin, T weight, const PairLossBatch<T>& batch,
                      const MiningAnchor<T>& anchor, PairSums* sums) {
  double pull = 0;
  const double negatives = static_cast<double>(anchor.negatives());
  const double bank_negatives = static_cast<double>(
      AnchorCount(batch.rows) -
      std::count_if(batch.place.begin() + anchor.group.begin,
                    batch.place.begin() + anchor.group.end,
                    [](int32_t place) { return place >= 0; }));
  for (int64_t p = anchor.group.begin; p < anchor.group.end; ++p) {
    if (p == anchor.i) continue;
    const LiftedPair<T> pair =
        LiftedOf(batch.logs[anchor.i], batch.logs[p], anchor.d[p]);
    const bool of_batch = batch.place[p] >= 0;
    ++sums->pairs;
    sums->collapsed += LiftedCollapsed(
        margin, negatives, of_batch ? negatives : bank_negatives);
    if (!(pair.value > 0)) continue;
    ++sums->active;
    sums->plain += pair.value * pair.value / 2;
    anchor.slot->weights[p] = weight * pair.value;
    pull += (of_batch ? 2 : 1) * weight * pair.value * pair.own;
  }
  sums->loss = weight * sums->plain;
  return pull;
}

template <typename T>
PairSums LiftedRow(T margin, T weight, const PairLossBatch<T>& batch,
                   const MiningAnchor<T>& anchor) {
  PairSums sums;
  std::vector<T>& w = anchor.slot->weights;
  w.assign(batch.rows.B, 0);
  const T own = batch.logs[anchor.i];
  if (!std::isinf(own)) {
    const T pull =
        static_cast<T>(AddLiftedPairs(margin, weight, batch, anchor, &sums));
    RecordWeights(anchor);
    ForNegatives(anchor, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        w[n] = pull * std::exp(margin - anchor.d[n] - own);
        if (batch.place[n] < 0 && batch.pulls[n] != 0) {
          w[n] += batch.pulls[n] *
                  std::exp(margin - anchor.d[n] - batch.logs[n]);
        }
      }
    });
  }
  WriteSlopes(anchor);
  RecordZeros(anchor);
  return sums;
}

template <typename T>
void LiftedForward(const PairLossOptions& options, const T* x,
                   PairLossBatch<T>* batch) {
  MiningBatch<T>* const rows = &batch->rows;
  const int64_t B = rows->B;
  const T margin = static_cast<T>(options.margin);
  const T weight = static_cast<T>(CountPairs(options, *rows).same);
  const MiningOptions row_options = RowOptions(options);
  batch->logs.resize(B);
  batch->pulls.assign(B, 0);
  batch->place.assign(B, -1);
  for (size_t a = 0; a < rows->anchors.size(); ++a) {
    batch->place[rows->anchors[a]] = static_cast<int32_t>(a);
  }
  ForEachMeasuredAnchor(
      row_options, x, 0, rows, [&](const MiningAnchor<T>& anchor) {
        KeepDistances(anchor);
        batch->logs[anchor.i] = LogSum<T>(margin, [&](const auto& visit) {
          ForNegatives(anchor, [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) visit(anchor.d[n]);
          });
        });
      });
  if (rows->bank > 0) FinishBank(margin, weight, batch);
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  ForEachMiningBlock(
      rows, 8 * B, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        slot->block.resize(std::max<size_t>(slot->block.size(), B));
        T* const d = slot->block.data();
        for (int64_t a = begin; a < end; ++a) {
          const int64_t i = rows->anchors[a];
          const MiningAnchor<T> anchor = {&row_options, &kernels, rows,
                                          slot,         a,        i,
                                          rows->group[i], d,      0};
          ForPanels(anchor, [&](int64_t first, int64_t last, T* from) {
            std::copy(from, from + last - first, d + first);
          });
          batch->sums[a] = LiftedRow(margin, weight, *batch, anchor);
        }
      });
}

}  // namespace

template <typename T>
PairSums PairLossForward(const PairLossOptions& options, const T* threshold,
                         const T* x, const T* labels, int64_t bank, int64_t B,
                         int64_t D, PairLossBatch<T>* batch) {
  PairSums all;
  batch->rows.anchors.clear();
  if (B == bank) return all;
  PrepareMining(RowOptions(options), x, labels, bank, B, D, &batch->rows);
  batch->sums.assign(B - bank, PairSums());
  if (options.loss == PairLoss::kMultibatch) {
    MultibatchForward(options, *threshold, x, batch);
  } else {
    LiftedForward(options, x, batch);
  }
  CollectNear(&batch->rows);
  for (const PairSums& one : batch->sums) {
    all.loss += one.loss;
    all.plain += one.plain;
    all.pairs += one.pairs;
    all.active += one.active;
    all.slope += one.slope;
    all.collapsed += one.collapsed;
  }
  return all;
}

template <typename T>
void PairLossBackward(const PairLossOptions& options, const T* x, T scale,
                      PairLossBatch<T>* batch, T* dx) {
  MiningBackward(RowOptions(options), x, scale, &batch->rows, dx);
}

#define INSTANTIATE_PAIR_LOSS(T)                                              \
  template PairSums PairLossForward<T>(const PairLossOptions&, const T*,      \
                                       const T*, const T*, int64_t, int64_t,  \
                                       int64_t, PairLossBatch<T>*);           \
  template void PairLossBackward<T>(const PairLossOptions&, const T*, T,      \
                                    PairLossBatch<T>*, T*)
INSTANTIATE_PAIR_LOSS(float);
INSTANTIATE_PAIR_LOSS(double);

}  // namespace metric
}  // namespace caffe
