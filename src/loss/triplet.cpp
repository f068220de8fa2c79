// The CPU passes of triplet.hpp: each row of the batch is read once forward
// and once backward, and only its own values are written.
#include "caffe/loss/triplet.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "caffe/check.hpp"
#include "core/parallel.hpp"
#include "loss/triplet_kernels.hpp"
#include "pairwise/for_distance.hpp"

namespace caffe {
namespace metric {

namespace {

// Rows are done in blocks of so many: first the distances of a block, then
// what follows from them.
constexpr int64_t kBlock = 64;

template <Distance kind, typename T>
T RowDistance(const T* x, const T* y, int64_t D, const CosinePair<T>& pair) {
  const T sum = RowLaneSum<T>(
      D, [=](int64_t k) { return DistanceTerm<kind>(x[k], y[k], pair); });
  return DistanceFromSum<kind>(sum, pair);
}

// What is known of a block of rows, each as an array. The loop over the hinges
// has no branch then, and vectors do it where they are hard: a branch costs a
// short row half as much as its distances, since which rows are active no
// processor can guess.
template <typename T>
struct Block {
  T positive[kBlock], negative[kBlock];  // the distances
  T hinge[kBlock], value[kBlock], slope[kBlock];
};

// The distances of the rows, and what else FinishTripletRow does not fill.
template <Distance kind, typename T>
void FillDistances(const T* a, const T* p, const T* n, int64_t count,
                   int64_t D, Block<T>* block, T* rows) {
  if (kind == Distance::kSquaredL2 || kind == Distance::kL2) {
    BestTripletKernels<T>().squares(a, p, n, count, D, block->positive,
                                    block->negative);
    for (int64_t i = 0; kind == Distance::kL2 && i < count; ++i) {
      for (T* d : {&block->positive[i], &block->negative[i]}) {
        *d = DistanceFromSum<kind>(*d, CosinePair<T>());
      }
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i, a += D, p += D, n += D) {
    CosinePair<T> positive, negative;
    if (kind == Distance::kCosine) {
      T* const row = rows + i * kTripletRowSize;
      const T ia = RowInverseNorm(a, D);
      positive = RowCosinePair(a, p, ia, RowInverseNorm(p, D), D);
      negative = RowCosinePair(a, n, ia, RowInverseNorm(n, D), D);
      row[kInverseAnchor] = positive.inverse_x;
      row[kInversePositive] = positive.inverse_y;
      row[kInverseNegative] = negative.inverse_y;
      row[kRadialPositive] = positive.radial;
      row[kRadialNegative] = negative.radial;
    }
    block->positive[i] = RowDistance<kind>(a, p, D, positive);
    block->negative[i] = RowDistance<kind>(a, n, D, negative);
  }
}

// What some rows add to the totals. Each block of rows is added up by the
// thread that has just made them, since another one would have to fetch them
// from its cache; the blocks are then added in order.
struct RowTotals {
  double loss = 0, weight = 0;
  int64_t with_loss = 0, weighted = 0, active = 0;

  void Add(const RowTotals& other) {
    loss += other.loss;
    weight += other.weight;
    with_loss += other.with_loss;
    weighted += other.weighted;
    active += other.active;
  }
};

// What weights change of the totals.
template <typename T>
void CountWeights(const T* weights, const Block<T>& block, int64_t count,
                  RowTotals* totals) {
  totals->weight = 0;
  totals->weighted = totals->active = 0;
  for (int64_t i = 0; i < count; ++i) {
    totals->weight += weights[i];
    totals->weighted += weights[i] > 0;
    totals->active += weights[i] > 0 && block.hinge[i] > 0;
  }
}

template <Hinge hinge, typename T>
RowTotals FinishRows(const TripletOptions& options, const T* weights,
                     int64_t count, Block<T>* block, T* rows) {
  const T margin = static_cast<T>(options.margin);
  for (int64_t i = 0; i < count; ++i) {
    block->hinge[i] = block->positive[i] - block->negative[i] + margin;
    block->value[i] = HingeValue(hinge, block->hinge[i]);
    block->slope[i] = HingeSlope(hinge, block->hinge[i]);
  }
  for (int64_t i = 0; i < count; ++i) {
    T* const row = rows + i * kTripletRowSize;
    row[kPositiveDistance] = block->positive[i];
    row[kNegativeDistance] = block->negative[i];
    FinishTripletRow(options, weights == nullptr ? T(1) : weights[i],
                     block->value[i], block->slope[i], row);
    block->value[i] = row[kRowLoss];
  }
  RowTotals totals;
  totals.loss =
      caffe::LaneSum(0, count, [=](int64_t i) { return block->value[i]; });
  int32_t with_loss = 0, active = 0;
  for (int64_t i = 0; i < count; ++i) {
    with_loss += block->value[i] > 0;
    active += block->hinge[i] > 0;
  }
  totals.with_loss = with_loss;
  totals.weight = static_cast<double>(count);
  totals.weighted = count;
  totals.active = active;
  if (weights != nullptr) CountWeights(weights, *block, count, &totals);
  return totals;
}

template <Distance kind, typename T>
RowTotals ForwardRows(const TripletOptions& options, const T* a, const T* p,
                      const T* n, const T* weights, int64_t N, int64_t D,
                      T* rows) {
  const auto finish = options.hinge == Hinge::kHard
                          ? &FinishRows<Hinge::kHard, T>
                          : &FinishRows<Hinge::kSoft, T>;
  std::vector<RowTotals> blocks((N + kBlock - 1) / kBlock);
  ParallelFor(blocks.size(), 8 * D * kBlock, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      const int64_t i = b * kBlock, count = std::min(N - i, kBlock);
      T* const some = rows + i * kTripletRowSize;
      Block<T> block;
      FillDistances<kind>(a + i * D, p + i * D, n + i * D, count, D, &block,
                          some);
      blocks[b] = finish(options, weights == nullptr ? nullptr : weights + i,
                         count, &block, some);
    }
  });
  RowTotals all;
  for (const RowTotals& totals : blocks) all.Add(totals);
  return all;
}

// Whether gradients of so many values go past the caches: where they are more
// than stays there, and lie as the kernels want them.
template <typename T>
bool StreamsGradients(int64_t N, int64_t D, const T* da, const T* dp,
                      const T* dn) {
  constexpr int64_t kLeastBytes = 8 << 20;
  constexpr uintptr_t kLine = 64;
  const auto aligned = [](const T* x) {
    return reinterpret_cast<uintptr_t>(x) % kLine == 0;
  };
  const int64_t bytes = 3 * N * D * static_cast<int64_t>(sizeof(T));
  return bytes >= kLeastBytes && D % kLanes == 0 && aligned(da) &&
         aligned(dp) && aligned(dn);
}

// All three gradients for squared L2.
template <typename T>
void BackwardSquared(const T* a, const T* p, const T* n, const T* rows,
                     T scale, int64_t N, int64_t D, T* da, T* dp, T* dn) {
  const TripletKernels<T>& kernels = BestTripletKernels<T>();
  const bool stream = StreamsGradients(N, D, da, dp, dn);
  ParallelFor(N, 8 * D, [=, &kernels](int64_t begin, int64_t end) {
    const int64_t at = begin * D;
    kernels.gradients(rows + begin * kTripletRowSize, scale, a + at, p + at,
                      n + at, end - begin, D, stream, da + at, dp + at,
                      dn + at);
    if (stream) kernels.fence();
  });
}

template <Distance kind, typename T>
void BackwardRows(const T* a, const T* p, const T* n, const T* rows, T scale,
                  int64_t N, int64_t D, T* da, T* dp, T* dn) {
  ParallelFor(N, 8 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i * D;
      T row[kTripletRowSize];
      std::copy_n(rows + i * kTripletRowSize, int{kTripletRowSize}, row);
      if (row[kPositiveSlope] == 0 && row[kNegativeSlope] == 0) {
        for (T* diff : {da, dp, dn}) {
          if (diff != nullptr) std::fill_n(diff + at, D, T(0));
        }
        continue;
      }
      row[kPositiveSlope] *= scale;
      row[kNegativeSlope] *= scale;
      for (int64_t k = at; da != nullptr && k < at + D; ++k) {
        da[k] = AnchorGradient<kind>(row, a[k], p[k], n[k]);
      }
      for (int64_t k = at; dp != nullptr && k < at + D; ++k) {
        dp[k] = PositiveGradient<kind>(row, a[k], p[k]);
      }
      for (int64_t k = at; dn != nullptr && k < at + D; ++k) {
        dn[k] = NegativeGradient<kind>(row, a[k], n[k]);
      }
    }
  });
}

}  // namespace

template <typename T>
void TripletForward(const TripletOptions& options, const T* a, const T* p,
                    const T* n, const T* weights, int64_t N, int64_t D,
                    T* rows, T* loss, T* factor, double* totals) {
  const RowTotals all = ForDistance(options.distance, [&](auto kind) {
    return ForwardRows<kind>(options, a, p, n, weights, N, D, rows);
  });
  const double scale = TripletFactor(options, N, all.with_loss);
  *loss = static_cast<T>(scale * all.loss);
  *factor = static_cast<T>(scale);
  totals[kTripletLossSum] = all.loss;
  totals[kTripletWeightSum] = all.weight;
  totals[kTripletWeighted] = static_cast<double>(all.weighted);
  totals[kTripletActive] = static_cast<double>(all.active);
}

template <typename T>
void TripletBackward(const TripletOptions& options, const T* a, const T* p,
                     const T* n, const T* rows, T scale, int64_t N, int64_t D,
                     T* da, T* dp, T* dn) {
  if (options.distance == Distance::kSquaredL2 && da != nullptr &&
      dp != nullptr && dn != nullptr) {
    BackwardSquared(a, p, n, rows, scale, N, D, da, dp, dn);
    return;
  }
  ForDistance(options.distance, [&](auto kind) {
    BackwardRows<kind>(a, p, n, rows, scale, N, D, da, dp, dn);
  });
}

#define INSTANTIATE_TRIPLET(T)                                              \
  template void TripletForward<T>(const TripletOptions&, const T*,          \
                                  const T*, const T*, const T*, int64_t,    \
                                  int64_t, T*, T*, T*, double*);            \
  template void TripletBackward<T>(const TripletOptions&, const T*,         \
                                   const T*, const T*, const T*, T, int64_t, \
                                   int64_t, T*, T*, T*)
INSTANTIATE_TRIPLET(float);
INSTANTIATE_TRIPLET(double);

}  // namespace metric
}  // namespace caffe
