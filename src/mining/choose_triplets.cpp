// The choice of triplets of one anchor, from its distances to all rows, and
// what they add to the loss and to the slopes.
#include "mining/choose_triplets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mining/negatives.hpp"
#include "mining/semi_hard_search.hpp"

namespace caffe {
namespace metric {

namespace {

template <typename T>
constexpr T kFar = std::numeric_limits<T>::infinity();

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
  slot.ranks.resize(anchor.set->B);
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

template <typename T>
void Record(const MiningAnchor<T>& anchor) {
  std::vector<int>& choices = anchor.state->choices[anchor.a];
  for (int64_t j = 0; j < anchor.set->B; ++j) {
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
  anchor.state->loss[anchor.a] = std::max(loss, 0.);
  anchor.state->active[anchor.a] = active;
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
  anchor.state->loss[anchor.a] = loss;
  anchor.state->active[anchor.a] = active;
}

template <typename T>
void MineAll(const MiningAnchor<T>& anchor) {
  anchor.slot->weights.assign(anchor.set->B, 0);
  if (anchor.positives() > 0 && anchor.negatives() > 0) {
    if (anchor.options->hinge == Hinge::kHard) {
      MineAllHard(anchor);
    } else {
      MineAllSoft(anchor);
    }
    anchor.state->triplets[anchor.a] =
        anchor.positives() * anchor.negatives();
  }
  WriteSlopes(anchor, anchor.slot->weights.data(), &anchor.state->slopes);
  if (anchor.state->record) Record(anchor);
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
  const double D = static_cast<double>(anchor.set->D);
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
        PairUniform(anchor.draw, anchor.i * anchor.set->B + p) *
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
void ChooseTriplets(const MiningAnchor<T>& anchor) {
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
  MiningState<T>* const state = anchor.state;
  const MiningOptions& options = *anchor.options;
  const T margin = static_cast<T>(options.margin);
  const std::vector<MiningPick>& picks = anchor.slot->picks;
  if (state->slopes.dense) ClearSlopes(anchor.a, &state->slopes);
  double loss = 0;
  int64_t active = 0;
  for (size_t t = 0; t < picks.size(); ++t) {
    const T positive = positive_distances[t], negative = negative_distances[t];
    const T h = positive - negative + margin;
    const T slope = HingeSlope(options.hinge, h);
    loss += HingeValue(options.hinge, h);
    active += h > 0;
    if (state->record) {
      state->choices[anchor.a].insert(
          state->choices[anchor.a].end(),
          {picks[t].positive, picks[t].negative,
           options.hinge == Hinge::kHard && h > 0,
           options.distance == Distance::kL2 && positive != 0,
           options.distance == Distance::kL2 && negative != 0});
    }
    if (slope == 0) continue;
    AddSlope(anchor, picks[t].positive, slope, positive, &state->slopes);
    AddSlope(anchor, picks[t].negative, -slope, negative, &state->slopes);
  }
  state->loss[anchor.a] = loss;
  state->active[anchor.a] = active;
  state->triplets[anchor.a] = picks.size();
}

#define INSTANTIATE_CHOOSE_TRIPLETS(T)                            \
  template void ChooseTriplets<T>(const MiningAnchor<T>&);        \
  template void FinishPicks<T>(const MiningAnchor<T>&, const T*, \
                               const T*)
INSTANTIATE_CHOOSE_TRIPLETS(float);
INSTANTIATE_CHOOSE_TRIPLETS(double);

}  // namespace metric
}  // namespace caffe
