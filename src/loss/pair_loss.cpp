// Multibatch and lifted structure on the CPU: the losses and slopes of the
// pairs, anchor by anchor.
#include "caffe/loss/pair_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"
#include "pairwise/pair_slopes.hpp"
#include "pairwise/row_measure.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// What Forward keeps for Backward, behind PairLossBatch.
template <typename T>
struct PairLossState {
  RowSet<T> rows;
  PairSlopes<T> slopes;
  std::vector<PairSums> sums;  // of each anchor
  // Of each of the slopes' slots: what WriteSlopes takes of an anchor.
  std::vector<std::vector<T>> weights;
  // kLifted, of each row: the logarithm of its sum; of those of the bank the
  // derivative of L by it.
  std::vector<T> logs;
  std::vector<T> pulls;
  std::vector<int32_t> place;  // which anchor a row is, or -1
  bool record = false;
  std::vector<std::vector<int>> choices;
};

namespace {

template <typename T>
PairWeights CountPairs(const PairLossOptions& options,
                       const RowSet<T>& rows) {
  double same = 0, all = 0;
  for (const int32_t i : rows.anchors) {
    same += rows.group[i].end - rows.group[i].begin - 1;
    all += static_cast<double>(rows.B - 1);
  }
  return WeightsOf(options, same, all - same);
}

// Whether an unsquared distance is 0, for KinkSides.
template <typename T>
void RecordZeros(const Anchor<T>& anchor, PairLossState<T>* state) {
  if (!state->record || anchor.set->distance != Distance::kL2) return;
  for (int64_t j = 0; j < anchor.set->B; ++j) {
    state->choices[anchor.a].push_back(anchor.d[j] != 0);
  }
}

template <typename T>
void RecordWeights(const Anchor<T>& anchor, const std::vector<T>& weights,
                   PairLossState<T>* state) {
  if (!state->record) return;
  for (const T weight : weights) {
    state->choices[anchor.a].push_back(weight != 0);
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
                       const PairWeights& weights, const Anchor<T>& anchor,
                       std::vector<T>* slopes, PairLossState<T>* state) {
  const T margin = static_cast<T>(options.margin);
  slopes->resize(anchor.set->B);
  T* const w = slopes->data();
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
  WriteSlopes(anchor, w, &state->slopes);
  RecordZeros(anchor, state);
  RecordWeights(anchor, *slopes, state);
  PairSums sums;
  sums.loss = weights.same * same + weights.different * different;
  sums.plain = same + different;
  sums.pairs = static_cast<double>(anchor.set->B - 1);
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
void MultibatchForward(const PairLossOptions& options, T threshold,
                       PairLossState<T>* state) {
  const PairWeights weights = CountPairs(options, state->rows);
  ForEachMeasuredAnchor(
      state->rows, &state->slopes.slots,
      [&](int64_t s, const Anchor<T>& anchor) {
        state->sums[anchor.a] =
            MultibatchRow(options, threshold, weights, anchor,
                          &state->weights[s], state);
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
void KeepDistances(const Anchor<T>& anchor, PairSlopes<T>* slopes) {
  ForPanels(anchor.a, slopes, [&](int64_t begin, int64_t end, T* to) {
    std::copy(anchor.d + begin, anchor.d + end, to);
  });
}

// Calls visit(i, distance of rows i and j) for the anchors i of j's person, or
// those of others.
template <typename T, typename Visit>
void ForAnchorsOf(PairLossState<T>* state, int64_t j, bool same,
                  const Visit& visit) {
  const RowRange group = state->rows.group[j];
  for (int64_t a = 0; a < state->rows.anchor_count(); ++a) {
    const int32_t i = state->rows.anchors[a];
    if ((i >= group.begin && i < group.end) == same) {
      visit(i, *state->slopes.At(a, j));
    }
  }
}

// The bank's rows see the anchors alone.
template <typename T>
void FinishBank(T margin, T weight, PairLossState<T>* state) {
  ParallelFor(state->rows.B, 4 * state->rows.anchor_count(),
              [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      if (state->place[j] >= 0) continue;
      state->logs[j] = LogSum<T>(margin, [&](const auto& visit) {
        ForAnchorsOf(state, j, false, [&](int64_t, T d) { visit(d); });
      });
      double pull = 0;
      ForAnchorsOf(state, j, true, [&](int64_t i, T d) {
        if (std::isinf(state->logs[i])) return;
        const LiftedPair<T> pair =
            LiftedOf(state->logs[i], state->logs[j], d);
        if (pair.value > 0) pull += weight * pair.value * pair.other;
      });
      state->pulls[j] = static_cast<T>(pull);
    }
  });
}

// The positives of an anchor: their slopes into *slopes. Returns dL by the
// logarithm of the anchor's sum, with what it has from pairs (j, a).
template <typename T>
double AddLiftedPairs(T margin, T weight, const PairLossState<T>& state,
                      const Anchor<T>& anchor, std::vector<T>* slopes,
                      PairSums* sums) {
  double pull = 0;
  const double negatives = static_cast<double>(anchor.negatives());
  const double bank_negatives = static_cast<double>(
      state.rows.anchor_count() -
      std::count_if(state.place.begin() + anchor.group.begin,
                    state.place.begin() + anchor.group.end,
                    [](int32_t place) { return place >= 0; }));
  for (int64_t p = anchor.group.begin; p < anchor.group.end; ++p) {
    if (p == anchor.i) continue;
    const LiftedPair<T> pair =
        LiftedOf(state.logs[anchor.i], state.logs[p], anchor.d[p]);
    const bool of_batch = state.place[p] >= 0;
    ++sums->pairs;
    sums->collapsed += LiftedCollapsed(
        margin, negatives, of_batch ? negatives : bank_negatives);
    if (!(pair.value > 0)) continue;
    ++sums->active;
    sums->plain += pair.value * pair.value / 2;
    (*slopes)[p] = weight * pair.value;
    pull += (of_batch ? 2 : 1) * weight * pair.value * pair.own;
  }
  sums->loss = weight * sums->plain;
  return pull;
}

template <typename T>
PairSums LiftedRow(T margin, T weight, const Anchor<T>& anchor,
                   std::vector<T>* slopes, PairLossState<T>* state) {
  PairSums sums;
  std::vector<T>& w = *slopes;
  w.assign(anchor.set->B, 0);
  const T own = state->logs[anchor.i];
  if (!std::isinf(own)) {
    const T pull = static_cast<T>(
        AddLiftedPairs(margin, weight, *state, anchor, slopes, &sums));
    RecordWeights(anchor, w, state);
    ForNegatives(anchor, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        w[n] = pull * std::exp(margin - anchor.d[n] - own);
        if (state->place[n] < 0 && state->pulls[n] != 0) {
          w[n] += state->pulls[n] *
                  std::exp(margin - anchor.d[n] - state->logs[n]);
        }
      }
    });
  }
  WriteSlopes(anchor, w.data(), &state->slopes);
  RecordZeros(anchor, state);
  return sums;
}

// The distances, and the logarithms of the rows' sums.
template <typename T>
void MeasureLifted(T margin, T weight, PairLossState<T>* state) {
  const RowSet<T>& rows = state->rows;
  state->logs.resize(rows.B);
  state->pulls.assign(rows.B, 0);
  state->place.assign(rows.B, -1);
  for (int64_t a = 0; a < rows.anchor_count(); ++a) {
    state->place[rows.anchors[a]] = static_cast<int32_t>(a);
  }
  ForEachMeasuredAnchor(
      rows, &state->slopes.slots, [&](int64_t, const Anchor<T>& anchor) {
        KeepDistances(anchor, &state->slopes);
        state->logs[anchor.i] = LogSum<T>(margin, [&](const auto& visit) {
          ForNegatives(anchor, [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) visit(anchor.d[n]);
          });
        });
      });
  if (rows.bank > 0) FinishBank(margin, weight, state);
}

template <typename T>
void LiftedForward(const PairLossOptions& options, PairLossState<T>* state) {
  const RowSet<T>& rows = state->rows;
  const int64_t B = rows.B;
  const T margin = static_cast<T>(options.margin);
  const T weight = static_cast<T>(CountPairs(options, rows).same);
  MeasureLifted(margin, weight, state);
  ForEachRowBlock(
      rows.anchor_count(), 8 * B, state->slopes.slots.size(),
      [&](int64_t s, int64_t begin, int64_t end) {
        std::vector<T>& block = state->slopes.slots[s].block;
        block.resize(std::max<size_t>(block.size(), B));
        T* const d = block.data();
        for (int64_t a = begin; a < end; ++a) {
          ForPanels(a, &state->slopes,
                    [=](int64_t first, int64_t last, const T* from) {
                      std::copy(from, from + last - first, d + first);
                    });
          state->sums[a] = LiftedRow(margin, weight, AnchorOf<T>(rows, a, d),
                                     &state->weights[s], state);
        }
      });
}

}  // namespace

template <typename T>
PairLossBatch<T>::PairLossBatch()
    : state_(std::make_unique<PairLossState<T>>()) {}
template <typename T>
PairLossBatch<T>::~PairLossBatch() = default;
template <typename T>
void PairLossBatch<T>::set_record(bool record) {
  state_->record = record;
}
template <typename T>
const std::vector<std::vector<int>>& PairLossBatch<T>::choices() const {
  return state_->choices;
}

template <typename T>
PairSums PairLossForward(const PairLossOptions& options, const T* threshold,
                         const T* x, const T* labels, int64_t bank, int64_t B,
                         int64_t D, PairLossBatch<T>* batch) {
  PairLossState<T>* const state = batch->state();
  PairSums all;
  state->rows.anchors.clear();
  if (B == bank) return all;
  PrepareLabelledRows(options.distance, x, labels, bank, B, D, &state->rows);
  TakeAllSlopes(state->rows, &state->slopes);
  state->weights.resize(state->slopes.slots.size());
  if (state->record) state->choices.assign(B - bank, {});
  state->sums.assign(B - bank, PairSums());
  if (options.loss == PairLoss::kMultibatch) {
    MultibatchForward(options, *threshold, state);
  } else {
    LiftedForward(options, state);
  }
  CollectNear(&state->slopes);
  for (const PairSums& one : state->sums) {
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
  PairLossState<T>* const state = batch->state();
  PairGradient(state->rows, x, scale, &state->slopes, dx);
}

#define INSTANTIATE_PAIR_LOSS(T)                                              \
  template class PairLossBatch<T>;                                            \
  template PairSums PairLossForward<T>(const PairLossOptions&, const T*,      \
                                       const T*, const T*, int64_t, int64_t,  \
                                       int64_t, PairLossBatch<T>*);           \
  template void PairLossBackward<T>(const PairLossOptions&, const T*, T,      \
                                    PairLossBatch<T>*, T*)
INSTANTIATE_PAIR_LOSS(float);
INSTANTIATE_PAIR_LOSS(double);

}  // namespace metric
}  // namespace caffe
