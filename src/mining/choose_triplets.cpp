// The choice of triplets of one anchor, from its distances to all rows, and
// what they add to the loss and to the slopes.
#include <algorithm>
#include <cmath>
#include <utility>

#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

namespace {

// With up to this many positives, each negative is held against each of them;
// with more, it is looked up among them.
constexpr int64_t kFewPositives = 64;

template <typename T>
constexpr T kFar = std::numeric_limits<T>::infinity();

// dL/dd / d for kL2, 0 at distance 0; else dL/dd.
template <typename T>
T SlopeAt(const MiningAnchor<T>& anchor, T slope, T d) {
  if (anchor.options->distance != Distance::kL2) return slope;
  return d == 0 ? T(0) : slope / d;
}

template <typename T>
bool IsNear(const MiningAnchor<T>& anchor, int64_t j, T d) {
  const std::vector<T>& squares = anchor.batch->squares;
  return anchor.options->distance == Distance::kL2 &&
         d * d < kNearShare<T> * (squares[anchor.i] + squares[j]);
}

template <typename T>
int32_t EdgeRow(const MiningAnchor<T>& anchor, int64_t j) {
  return anchor.options->distance == Distance::kCosine
             ? static_cast<int32_t>(j)
             : anchor.batch->order[j];
}

template <typename T>
void ClearSlopes(const MiningAnchor<T>& anchor) {
  ForPanels(anchor, [](int64_t begin, int64_t end, T* to) {
    std::fill_n(to, end - begin, T(0));
  });
}

// Adds dL/dd of the pair (i, j), whose distance is d.
template <typename T>
void AddSlope(const MiningAnchor<T>& anchor, int64_t j, T slope, T d) {
  MiningBatch<T>* const batch = anchor.batch;
  const int64_t a = anchor.a;
  const T value = SlopeAt(anchor, slope, d);
  if (!batch->dense) {
    batch->edges[batch->first[a] + batch->count[a]++] =
        MiningEdge<T>{EdgeRow(anchor, j), value};
  } else if (IsNear(anchor, j, d)) {
    batch->near[a].push_back(MiningEdge<T>{EdgeRow(anchor, j), value});
  } else {
    *MiningSlope(batch, a, j) += value;
  }
}

// The distances of the positives plus the margin, in the order of their rows,
// filled up with -infinity.
template <typename T>
int64_t Thresholds(const MiningAnchor<T>& anchor, T margin, T filler,
                   std::vector<T>* thresholds) {
  thresholds->clear();
  for (int64_t p = anchor.group.begin; p < anchor.group.end; ++p) {
    if (p != anchor.i) thresholds->push_back(anchor.d[p] + margin);
  }
  const int64_t m = thresholds->size();
  while (thresholds->size() % kThresholds != 0) thresholds->push_back(filler);
  return m;
}

// The row of positive q, which leaves out the anchor.
template <typename T>
int64_t PositiveAt(const MiningAnchor<T>& anchor, int64_t q) {
  const int64_t p = anchor.group.begin + q;
  return p < anchor.i ? p : p + 1;
}

// Sorts m values, fills them up to 2^steps - 1 with infinity, and returns
// steps; `from`, if any, gets the place that each came from.
template <typename T>
int SortForRanks(int64_t m, std::vector<T>* values,
                 std::vector<int64_t>* from) {
  values->resize(m);
  from->resize(m);
  for (int64_t q = 0; q < m; ++q) (*from)[q] = q;
  std::sort(from->begin(), from->end(), [&](int64_t a, int64_t b) {
    return (*values)[a] != (*values)[b] ? (*values)[a] < (*values)[b] : a < b;
  });
  std::vector<T> sorted(m);
  for (int64_t q = 0; q < m; ++q) sorted[q] = (*values)[(*from)[q]];
  int steps = 0;
  while ((int64_t{1} << steps) - 1 < m) ++steps;
  sorted.resize((size_t{1} << steps) - 1, kFar<T>);
  values->swap(sorted);
  return steps;
}

// w_n and k_p of kBatchAll with few positives: k_p goes to slot->counts.
template <typename T>
void CountEach(const MiningAnchor<T>& anchor, int64_t m) {
  MiningSlot<T>& slot = *anchor.slot;
  slot.counts.assign(slot.thresholds.size(), 0);
  for (int64_t q = 0; q < m; q += kThresholds) {
    ForNegatives(anchor, [&](int64_t begin, int64_t end) {
      anchor.kernels->count(anchor.d, begin, end, slot.thresholds.data() + q,
                            slot.weights.data(), slot.counts.data() + q);
    });
  }
}

// The same with many: a threshold counts the negatives that have fewer
// thresholds at or below them than stand before it.
template <typename T>
void CountByRank(const MiningAnchor<T>& anchor, int64_t m) {
  MiningSlot<T>& slot = *anchor.slot;
  std::vector<int64_t> from;
  const int steps = SortForRanks(m, &slot.thresholds, &from);
  std::vector<int64_t> with_rank(m + 1, 0);
  slot.ranks.resize(anchor.batch->B);
  ForNegatives(anchor, [&](int64_t begin, int64_t end) {
    anchor.kernels->rank(anchor.d + begin, end - begin,
                         slot.thresholds.data(), steps, true,
                         slot.ranks.data() + begin);
    for (int64_t n = begin; n < end; ++n) {
      ++with_rank[slot.ranks[n]];
      slot.weights[n] = static_cast<T>(m - slot.ranks[n]);
    }
  });
  slot.counts.assign(m, 0);
  std::vector<T> in_order(m);
  int64_t below = 0;
  for (int64_t q = 0; q < m; ++q) {
    below += with_rank[q];
    slot.counts[from[q]] = below;
    in_order[from[q]] = slot.thresholds[q];
  }
  slot.thresholds.swap(in_order);
}

}  // namespace

template <typename T>
void WriteSlopes(const MiningAnchor<T>& anchor) {
  const T* const w = anchor.slot->weights.data();
  const MiningGroup group = anchor.group;
  if (anchor.options->distance != Distance::kL2) {
    ForPanels(anchor, [=](int64_t begin, int64_t end, T* to) {
      for (int64_t j = begin; j < end; ++j) to[j - begin] = -w[j];
    });
    for (int64_t p = group.begin; p < group.end; ++p) {
      *MiningSlope(anchor.batch, anchor.a, p) = w[p];
    }
    return;
  }
  ClearSlopes(anchor);
  for (int64_t j = 0; j < anchor.batch->B; ++j) {
    if (w[j] == 0) continue;
    AddSlope(anchor, j, j >= group.begin && j < group.end ? w[j] : -w[j],
             anchor.d[j]);
  }
}

namespace {

template <typename T>
void Record(const MiningAnchor<T>& anchor) {
  std::vector<int>& choices = anchor.batch->choices[anchor.a];
  for (int64_t j = 0; j < anchor.batch->B; ++j) {
    if (anchor.options->hinge == Hinge::kHard) {
      choices.push_back(static_cast<int>(anchor.slot->weights[j]));
    }
    if (anchor.options->distance == Distance::kL2) {
      choices.push_back(anchor.d[j] != 0);
    }
  }
}

template <typename T>
void MineAllHard(const MiningAnchor<T>& anchor) {
  MiningSlot<T>& slot = *anchor.slot;
  const int64_t m = Thresholds(anchor, static_cast<T>(anchor.options->margin),
                               -kFar<T>, &slot.thresholds);
  if (m <= kFewPositives) {
    CountEach(anchor, m);
  } else {
    CountByRank(anchor, m);
  }
  double loss = 0;
  int64_t active = 0;
  for (int64_t q = 0; q < m; ++q) {
    loss += static_cast<double>(slot.counts[q]) * slot.thresholds[q];
    active += slot.counts[q];
    slot.weights[PositiveAt(anchor, q)] = static_cast<T>(slot.counts[q]);
  }
  ForNegatives(anchor, [&](int64_t begin, int64_t end) {
    loss -= anchor.kernels->dot(slot.weights.data() + begin, anchor.d + begin,
                                end - begin);
  });
  anchor.batch->loss[anchor.a] = std::max(loss, 0.);
  anchor.batch->active[anchor.a] = active;
}

template <typename T>
void MineAllSoft(const MiningAnchor<T>& anchor) {
  MiningSlot<T>& slot = *anchor.slot;
  const T margin = static_cast<T>(anchor.options->margin);
  double loss = 0;
  int64_t active = 0;
  for (int64_t p = anchor.group.begin; p < anchor.group.end; ++p) {
    if (p == anchor.i) continue;
    double slopes = 0;
    ForNegatives(anchor, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const T h = anchor.d[p] - anchor.d[n] + margin;
        const T slope = HingeSlope(Hinge::kSoft, h);
        loss += HingeValue(Hinge::kSoft, h);
        active += h > 0;
        slopes += slope;
        slot.weights[n] += slope;
      }
    });
    slot.weights[p] = static_cast<T>(slopes);
  }
  anchor.batch->loss[anchor.a] = loss;
  anchor.batch->active[anchor.a] = active;
}

template <typename T>
void MineAll(const MiningAnchor<T>& anchor) {
  anchor.slot->weights.assign(anchor.batch->B, 0);
  if (anchor.positives() > 0 && anchor.negatives() > 0) {
    if (anchor.options->hinge == Hinge::kHard) {
      MineAllHard(anchor);
    } else {
      MineAllSoft(anchor);
    }
    anchor.batch->triplets[anchor.a] =
        anchor.positives() * anchor.negatives();
  }
  WriteSlopes(anchor);
  if (anchor.batch->record) Record(anchor);
}

template <typename T>
void PickHardest(const MiningAnchor<T>& anchor) {
  Found<T> positive{-1, -1}, negative{kFar<T>, -1};
  anchor.kernels->farthest(anchor.d, anchor.group.begin, anchor.i, &positive);
  anchor.kernels->farthest(anchor.d, anchor.i + 1, anchor.group.end,
                           &positive);
  ForNegatives(anchor, [&](int64_t begin, int64_t end) {
    anchor.kernels->nearest(anchor.d, begin, end, &negative);
  });
  anchor.slot->picks.push_back(
      MiningPick{static_cast<int32_t>(positive.at),
                 static_cast<int32_t>(negative.at)});
}

}  // namespace

template <typename T>
void SemiHardSearch<T>::Start(int64_t m, std::vector<T>* thresholds) {
  m_ = m;
  thresholds_ = thresholds;
  if (m > kFewPositives) {
    steps_ = SortForRanks(m, thresholds, &from_);
    best_.assign(m + 1, Found<T>{kFar<T>, -1});
    return;
  }
  steps_ = 0;
  while (thresholds->size() % kThresholds != 0) thresholds->push_back(kFar<T>);
  best_.assign(thresholds->size(), Found<T>{kFar<T>, -1});
}

template <typename T>
void SemiHardSearch<T>::Look(const MiningKernels<T>& kernels, const T* d,
                             int64_t begin, int64_t end, int64_t first,
                             std::vector<int32_t>* ranks) {
  const T* const t = thresholds_->data();
  if (many()) {
    // A negative with `rank` positives nearer than itself is farther than just
    // those.
    ranks->resize(std::max<size_t>(ranks->size(), end - begin));
    int32_t* const rank = ranks->data();
    kernels.rank(d + begin, end - begin, t, steps_, false, rank);
    for (int64_t n = begin; n < end; ++n) {
      Found<T>& best = best_[rank[n - begin]];
      if (d[n] < best.value) best = Found<T>{d[n], first + n};
    }
    return;
  }
  for (int64_t q = 0; q < m_; q += kThresholds) {
    Found<T> here[kThresholds];
    for (int k = 0; k < kThresholds; ++k) here[k] = {best_[q + k].value, -1};
    kernels.above(d, begin, end, t + q, here);
    for (int k = 0; k < kThresholds; ++k) {
      if (here[k].at >= 0) best_[q + k] = {here[k].value, first + here[k].at};
    }
  }
}

template <typename T>
std::vector<Found<T>> SemiHardSearch<T>::Finish() {
  if (!many()) return std::move(best_);
  // Positive q is below the ranks from q + 1 on, of which the first with any
  // holds the nearest. Between equal positives no rank has any.
  std::vector<Found<T>> found(m_);
  Found<T> best{kFar<T>, -1};
  for (int64_t q = m_ - 1; q >= 0; --q) {
    if (best_[q + 1].at >= 0) best = best_[q + 1];
    found[from_[q]] = best;
  }
  return found;
}

namespace {

template <typename T>
void PickSemiHard(const MiningAnchor<T>& anchor) {
  MiningSlot<T>& slot = *anchor.slot;
  const int64_t m =
      Thresholds(anchor, T(0), kFar<T>, &slot.thresholds);
  SemiHardSearch<T> search;
  search.Start(m, &slot.thresholds);
  ForNegatives(anchor, [&](int64_t begin, int64_t end) {
    search.Look(*anchor.kernels, anchor.d, begin, end, 0, &slot.ranks);
  });
  const std::vector<Found<T>> found = search.Finish();
  Found<T> last{-1, -1};
  for (int64_t q = 0; q < m; ++q) {
    if (found[q].at < 0 && last.at < 0) {
      ForNegatives(anchor, [&](int64_t begin, int64_t end) {
        anchor.kernels->farthest(anchor.d, begin, end, &last);
      });
    }
    slot.picks.push_back(MiningPick{
        static_cast<int32_t>(PositiveAt(anchor, q)),
        static_cast<int32_t>(found[q].at < 0 ? last.at : found[q].at)});
  }
}

// slot->chances(t) = the sum of 1/q over the negatives 0 ... t.
template <typename T>
void SumChances(const MiningAnchor<T>& anchor) {
  const double D = static_cast<double>(anchor.batch->D);
  std::vector<double>& chances = anchor.slot->chances;
  const int64_t count = anchor.negatives();
  chances.resize(count);
  double most = -HUGE_VAL;
  for (int64_t t = 0; t < count; ++t) {
    chances[t] = LogChance(*anchor.options,
                           anchor.d[NegativeAt(anchor.group, t)], D);
    most = std::max(most, chances[t]);
  }
  double sum = 0;
  for (double& chance : chances) {
    sum += std::isfinite(most) ? std::exp(chance - most) : 1;
    chance = sum;
  }
}

template <typename T>
void PickWeighted(const MiningAnchor<T>& anchor) {
  SumChances(anchor);
  const std::vector<double>& chances = anchor.slot->chances;
  for (int64_t q = 0; q < anchor.positives(); ++q) {
    const int64_t p = PositiveAt(anchor, q);
    const double at =
        PairUniform(anchor.draw, anchor.i * anchor.batch->B + p) *
        chances.back();
    const int64_t t =
        std::upper_bound(chances.begin(), chances.end() - 1, at) -
        chances.begin();
    anchor.slot->picks.push_back(
        MiningPick{static_cast<int32_t>(p),
                   static_cast<int32_t>(NegativeAt(anchor.group, t))});
  }
}

}  // namespace

template <typename T>
void MineAnchor(const MiningAnchor<T>& anchor) {
  MiningSlot<T>& slot = *anchor.slot;
  const Mining mining = anchor.options->mining;
  if (mining == Mining::kBatchAll) {
    MineAll(anchor);
    return;
  }
  slot.picks.clear();
  if (anchor.positives() > 0 && anchor.negatives() > 0) {
    if (mining == Mining::kBatchHard) PickHardest(anchor);
    if (mining == Mining::kSemiHard) PickSemiHard(anchor);
    if (mining == Mining::kDistanceWeighted) PickWeighted(anchor);
  }
  slot.weights.resize(2 * slot.picks.size());
  T* const positive = slot.weights.data();
  T* const negative = positive + slot.picks.size();
  for (size_t t = 0; t < slot.picks.size(); ++t) {
    positive[t] = anchor.d[slot.picks[t].positive];
    negative[t] = anchor.d[slot.picks[t].negative];
  }
  FinishPicks(anchor, positive, negative);
}

template <typename T>
void FinishPicks(const MiningAnchor<T>& anchor, const T* positive_distances,
                 const T* negative_distances) {
  MiningBatch<T>* const batch = anchor.batch;
  const MiningOptions& options = *anchor.options;
  const T margin = static_cast<T>(options.margin);
  const std::vector<MiningPick>& picks = anchor.slot->picks;
  if (batch->dense) ClearSlopes(anchor);
  double loss = 0;
  int64_t active = 0;
  for (size_t t = 0; t < picks.size(); ++t) {
    const T positive = positive_distances[t], negative = negative_distances[t];
    const T h = positive - negative + margin;
    const T slope = HingeSlope(options.hinge, h);
    loss += HingeValue(options.hinge, h);
    active += h > 0;
    if (batch->record) {
      batch->choices[anchor.a].insert(
          batch->choices[anchor.a].end(),
          {picks[t].positive, picks[t].negative,
           options.hinge == Hinge::kHard && h > 0,
           options.distance == Distance::kL2 && positive != 0,
           options.distance == Distance::kL2 && negative != 0});
    }
    if (slope == 0) continue;
    AddSlope(anchor, picks[t].positive, slope, positive);
    AddSlope(anchor, picks[t].negative, -slope, negative);
  }
  batch->loss[anchor.a] = loss;
  batch->active[anchor.a] = active;
  batch->triplets[anchor.a] = picks.size();
}

#define INSTANTIATE_MINING_ROWS(T)                              \
  template void WriteSlopes<T>(const MiningAnchor<T>&);         \
  template class SemiHardSearch<T>;                             \
  template void MineAnchor<T>(const MiningAnchor<T>&);          \
  template void FinishPicks<T>(const MiningAnchor<T>&, const T*, \
                               const T*)
INSTANTIATE_MINING_ROWS(float);
INSTANTIATE_MINING_ROWS(double);

}  // namespace metric
}  // namespace caffe
