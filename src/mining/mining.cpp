// The loss of a batch: distances by blocks of rows, the choice of each anchor's
// triplets, and the sums.
#include "caffe/mining/mining.hpp"

#include <algorithm>
#include <vector>

#include "caffe/check.hpp"
#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

namespace {

// kRandom looks at few distances: each is computed by itself.
template <typename T>
void ForwardRandom(const MiningOptions& options, const T* x, uint64_t draw,
                   MiningBatch<T>* batch) {
  const int64_t B = batch->B, D = batch->D;
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const RowMeasure<T> measure(options, x, *batch);
  ForEachMiningBlock(
      batch, 8 * D, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        for (int64_t a = begin; a < end; ++a) {
          const int64_t i = batch->anchors[a];
          const MiningAnchor<T> anchor = {&options, &kernels, batch, slot, a,
                                          i, batch->group[i], nullptr, draw};
          const int64_t negatives = anchor.negatives();
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
void CollectNear(MiningBatch<T>* batch) {
  if (!batch->dense) return;
  for (size_t a = 0; a < batch->near.size(); ++a) {
    batch->first[a] = batch->edges.size();
    batch->count[a] = static_cast<int32_t>(batch->near[a].size());
    batch->edges.insert(batch->edges.end(), batch->near[a].begin(),
                        batch->near[a].end());
  }
}

template <typename T>
MiningResult MiningForward(const MiningOptions& options, const T* x,
                           const T* labels, int64_t bank, int64_t B, int64_t D,
                           uint64_t draw, MiningBatch<T>* batch) {
  MiningResult result;
  batch->anchors.clear();
  if (B == bank) {
    result.factor = MiningFactor(options, 0, 0);
    return result;
  }
  PrepareMining(options, x, labels, bank, B, D, batch);
  if (options.mining == Mining::kRandom) {
    ForwardRandom(options, x, draw, batch);
  } else if (options.mining == Mining::kBatchHard && bank == 0) {
    MineHardest(options, x, batch);
  } else {
    ForEachMeasuredAnchor(
        options, x, draw, batch,
        [](const MiningAnchor<T>& anchor) { MineAnchor(anchor); });
  }
  CollectNear(batch);
  double sum = 0;
  for (int64_t a = 0; a < AnchorCount(*batch); ++a) {
    sum += batch->loss[a];
    result.triplets += batch->triplets[a];
    result.active += batch->active[a];
  }
  result.factor = MiningFactor(options, result.triplets, result.active);
  result.loss = result.factor * sum;
  return result;
}

#define INSTANTIATE_MINING(T)                                              \
  template void CollectNear<T>(MiningBatch<T>*);                           \
  template MiningResult MiningForward<T>(const MiningOptions&, const T*,   \
                                         const T*, int64_t, int64_t,       \
                                         int64_t, uint64_t,                \
                                         MiningBatch<T>*)
INSTANTIATE_MINING(float);
INSTANTIATE_MINING(double);

}  // namespace metric
}  // namespace caffe
