// The loss of a batch: distances by blocks of rows, the choice of each anchor's
// triplets, and the sums.
#include "caffe/metric/mining.hpp"

#include <algorithm>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/math_functions.hpp"
#include "mining_internal.hpp"

namespace caffe {
namespace metric {

namespace {

// The distance of rows i and j from their differences.
template <typename T>
T DirectDistance(const MiningAnchor<T>& anchor, const T* x, int64_t j) {
  const MiningBatch<T>& batch = *anchor.batch;
  const T* const a = x + batch.order[anchor.i] * batch.D;
  const T* const b = x + batch.order[j] * batch.D;
  if (anchor.options->distance == Distance::kCosine) {
    return RowDistance(Distance::kCosine, a, b, batch.D);
  }
  return anchor.kernels->squared(a, b, batch.D);
}

// Distances from the products: what the product has lost is computed again,
// and then it is squared L2 or cosine.
template <typename T>
void MeasureSquares(const MiningAnchor<T>& anchor, const T* x, T most, T* d) {
  const MiningBatch<T>& batch = *anchor.batch;
  const int64_t B = batch.B, i = anchor.i;
  const T* const squares = batch.squares.data();
  d[i] = std::numeric_limits<T>::max() / 2;
  const T least = anchor.kernels->distances(d, squares, squares[i], B);
  d[i] = 0;
  if (!(least < kNearShare<T> * (squares[i] + most))) return;
  for (int64_t j = 0; j < B; ++j) {
    if (d[j] < kNearShare<T> * (squares[i] + squares[j]) && j != i) {
      d[j] = DirectDistance(anchor, x, j);
    }
  }
}

// A cosine distance to a zero vector is 1.
template <typename T>
void SetZeroVectors(const MiningAnchor<T>& anchor,
                    const std::vector<int32_t>& zeros, T* d) {
  if (anchor.batch->inverses[anchor.i] == 0) {
    std::fill_n(d, anchor.batch->B, T(1));
  }
  for (int32_t j : zeros) d[j] = 1;
  d[anchor.i] = 0;
}

template <typename T>
void ForwardAnchors(const MiningOptions& options, const T* x, uint64_t draw,
                    MiningBatch<T>* batch) {
  const int64_t B = batch->B, D = batch->D;
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const bool cosine = options.distance == Distance::kCosine;
  const T most =
      *std::max_element(batch->squares.begin(), batch->squares.end());
  std::vector<int32_t> zeros;
  for (int32_t i = 0; cosine && i < B; ++i) {
    if (batch->inverses[i] == 0) zeros.push_back(i);
  }
  ForEachMiningBlock(
      batch, B * D, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        slot->block.resize((B / MiningBlocks(B) + 1) * B);
        caffe_cpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(end - begin),
                       static_cast<int>(B), static_cast<int>(D),
                       cosine ? T(-1) : T(-2), batch->rows.data() + begin * D,
                       batch->rows.data(), T(0), slot->block.data());
        for (int64_t i = begin; i < end; ++i) {
          T* const d = slot->block.data() + (i - begin) * B;
          const MiningAnchor<T> anchor = {&options, &kernels, batch, slot, i,
                                          batch->group[i], d, draw};
          MeasureSquares(anchor, x, most, d);
          if (options.distance == Distance::kL2) kernels.root(d, B);
          if (!zeros.empty()) SetZeroVectors(anchor, zeros, d);
          MineAnchor(anchor);
        }
      });
}

// kRandom looks at few distances: each is computed by itself.
template <typename T>
void ForwardRandom(const MiningOptions& options, const T* x, uint64_t draw,
                   MiningBatch<T>* batch) {
  const int64_t B = batch->B, D = batch->D;
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  ForEachMiningBlock(
      batch, 8 * D, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const MiningAnchor<T> anchor = {&options, &kernels, batch, slot, i,
                                          batch->group[i], nullptr, draw};
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
            positive.push_back(DirectDistance(anchor, x, p));
            negative.push_back(DirectDistance(anchor, x, n));
          }
          if (options.distance == Distance::kL2) {
            kernels.root(positive.data(), positive.size());
            kernels.root(negative.data(), negative.size());
          }
          FinishPicks(anchor, positive.data(), negative.data());
        }
      });
}

// Puts the edges of near-duplicates, if there are any, in the edges' place.
template <typename T>
void CollectNear(MiningBatch<T>* batch) {
  if (!batch->dense) return;
  for (size_t i = 0; i < batch->near.size(); ++i) {
    batch->first[i] = batch->edges.size();
    batch->count[i] = static_cast<int32_t>(batch->near[i].size());
    batch->edges.insert(batch->edges.end(), batch->near[i].begin(),
                        batch->near[i].end());
  }
}

}  // namespace

template <typename T>
MiningResult MiningForward(const MiningOptions& options, const T* x,
                           const T* labels, int64_t B, int64_t D,
                           uint64_t draw, MiningBatch<T>* batch) {
  MiningResult result;
  if (B == 0) {
    batch->B = 0;
    batch->D = D;
    return result;
  }
  PrepareMining(options, x, labels, B, D, batch);
  if (options.mining == Mining::kRandom) {
    ForwardRandom(options, x, draw, batch);
  } else {
    ForwardAnchors(options, x, draw, batch);
  }
  CollectNear(batch);
  double sum = 0;
  for (int64_t i = 0; i < B; ++i) {
    sum += batch->loss[i];
    result.triplets += batch->triplets[i];
    result.active += batch->active[i];
  }
  result.factor = MiningFactor(options, result.triplets, result.active);
  result.loss = result.factor * sum;
  return result;
}

#define INSTANTIATE_MINING(T)                                              \
  template MiningResult MiningForward<T>(const MiningOptions&, const T*,   \
                                         const T*, int64_t, int64_t,       \
                                         uint64_t, MiningBatch<T>*)
INSTANTIATE_MINING(float);
INSTANTIATE_MINING(double);

}  // namespace metric
}  // namespace caffe
