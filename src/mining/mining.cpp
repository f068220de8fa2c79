// The loss of a batch: distances by blocks of rows, the choice of each anchor's
// triplets, and the sums; and its gradient.
#include "caffe/mining/mining.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "mining/choose_triplets.hpp"
#include "mining/mining_state.hpp"
#include "mining/negatives.hpp"

namespace caffe {
namespace metric {

namespace {

template <typename T>
void TakeMemory(const MiningOptions& options, MiningState<T>* state) {
  const int64_t anchors = state->rows.anchor_count();
  state->loss.assign(anchors, 0);
  state->triplets.assign(anchors, 0);
  state->active.assign(anchors, 0);
  if (options.mining == Mining::kBatchAll) {
    TakeAllSlopes(state->rows, &state->slopes);
  } else {
    TakeSlopes(state->rows,
               options.mining == Mining::kBatchHard
                   ? 1
                   : std::numeric_limits<int64_t>::max(),
               &state->slopes);
  }
  state->slots.resize(state->slopes.slots.size());
  if (state->record) state->choices.assign(anchors, {});
}

template <typename T>
void ForwardEach(const MiningOptions& options, uint64_t draw,
                 MiningState<T>* state) {
  const RowKernels<T>& kernels = BestRowKernels<T>();
  ForEachMeasuredAnchor(
      state->rows, &state->slopes.slots,
      [&](int64_t s, const Anchor<T>& anchor) {
        ChooseTriplets(MiningAnchor<T>{anchor, &options, &kernels, state,
                                       &state->slots[s], draw});
      });
}

// kRandom looks at few distances: each is computed by itself.
template <typename T>
void ForwardRandom(const MiningOptions& options, uint64_t draw,
                   MiningState<T>* state) {
  const RowSet<T>& rows = state->rows;
  const int64_t B = rows.B, D = rows.D;
  const RowKernels<T>& kernels = BestRowKernels<T>();
  const RowMeasure<T> measure(rows);
  ForEachRowBlock(
      rows.anchor_count(), 8 * D, state->slots.size(),
      [&](int64_t s, int64_t begin, int64_t end) {
        MiningSlot<T>* const slot = &state->slots[s];
        for (int64_t a = begin; a < end; ++a) {
          const MiningAnchor<T> anchor = {AnchorOf<T>(rows, a, nullptr),
                                          &options, &kernels, state, slot,
                                          draw};
          const int64_t i = anchor.i, negatives = anchor.negatives();
          std::vector<T> positive, negative;
          slot->picks.clear();
          for (int32_t p = anchor.group.begin;
               p < anchor.group.end && negatives > 0; ++p) {
            if (p == i) continue;
            const int64_t t = std::min(
                negatives - 1, static_cast<int64_t>(
                                   PairUniform(draw, i * B + p) * negatives));
            const int64_t n = NegativeAt(anchor.group, t);
            slot->picks.push_back(MiningPick{p, static_cast<int32_t>(n)});
            positive.push_back(measure.Direct(i, p));
            negative.push_back(measure.Direct(i, n));
          }
          if (options.distance == Distance::kL2) {
            kernels.root(positive.data(), positive.size());
            kernels.root(negative.data(), negative.size());
          }
          FinishPicks(anchor, positive.data(), negative.data());
        }
      });
}

}  // namespace

template <typename T>
MiningBatch<T>::MiningBatch() : state_(std::make_unique<MiningState<T>>()) {}
template <typename T>
MiningBatch<T>::~MiningBatch() = default;
template <typename T>
void MiningBatch<T>::set_record(bool record) {
  state_->record = record;
}
template <typename T>
const std::vector<std::vector<int>>& MiningBatch<T>::choices() const {
  return state_->choices;
}

template <typename T>
MiningResult MiningForward(const MiningOptions& options, const T* x,
                           const T* labels, int64_t bank, int64_t B, int64_t D,
                           uint64_t draw, MiningBatch<T>* batch) {
  MiningState<T>* const state = batch->state();
  MiningResult result;
  state->rows.anchors.clear();
  if (B == bank) {
    result.factor = MiningFactor(options, 0, 0);
    return result;
  }
  PrepareLabelledRows(options.distance, x, labels, bank, B, D, &state->rows);
  TakeMemory(options, state);
  if (options.mining == Mining::kRandom) {
    ForwardRandom(options, draw, state);
  } else if (options.mining == Mining::kBatchHard && bank == 0) {
    ChooseHardest(options, state);
  } else {
    ForwardEach(options, draw, state);
  }
  CollectNear(&state->slopes);
  double sum = 0;
  for (int64_t a = 0; a < state->rows.anchor_count(); ++a) {
    sum += state->loss[a];
    result.triplets += state->triplets[a];
    result.active += state->active[a];
  }
  result.factor = MiningFactor(options, result.triplets, result.active);
  result.loss = result.factor * sum;
  return result;
}

template <typename T>
void MiningBackward(const MiningOptions& options, const T* x, T scale,
                    MiningBatch<T>* batch, T* dx) {
  MiningState<T>* const state = batch->state();
  PairGradient(state->rows, x, scale, &state->slopes, dx);
}

#define INSTANTIATE_MINING(T)                                              \
  template class MiningBatch<T>;                                           \
  template MiningResult MiningForward<T>(const MiningOptions&, const T*,   \
                                         const T*, int64_t, int64_t,       \
                                         int64_t, uint64_t,                \
                                         MiningBatch<T>*);                 \
  template void MiningBackward<T>(const MiningOptions&, const T*, T,       \
                                  MiningBatch<T>*, T*)
INSTANTIATE_MINING(float);
INSTANTIATE_MINING(double);

}  // namespace metric
}  // namespace caffe
