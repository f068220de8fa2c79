// The planning of an epoch, as said in the header.

#include "sampling/sampler_plan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "caffe/check.hpp"

namespace caffe {

void CheckBatch(int identities, int images) {
  INPUT_CHECK(identities >= 1)
      << "identities_per_batch is " << identities << "; wanted at least 2";
  INPUT_CHECK(identities >= 2)
      << "identities_per_batch is 1: a batch of one identity has no negative";
  INPUT_CHECK(images >= 1)
      << "images_per_identity is " << images << "; wanted at least 1";
}

std::vector<int> SetCounts(const std::vector<int>& images_per_identity,
                           int identities, int k, const SetRule& rule) {
  const int least = rule.too_few == TooFew::kRepeat ? 1 : k;
  const bool one_set = rule.draw_by == DrawBy::kIdentities;
  std::vector<int> counts;
  int people = 0;
  for (const int n : images_per_identity) {
    const int sets =
        one_set ? 1 : static_cast<int>((int64_t{n} + k - 1) / k);
    counts.push_back(n < least ? 0 : sets);
    people += n >= least;
  }
  INPUT_CHECK(people >= identities)
      << "identities_per_batch is " << identities << " but only " << people
      << " of " << images_per_identity.size() << " identities have " << least
      << " images or more";
  return counts;
}

namespace {

// The images of one person, permuted and cut in sets of k, one after the
// other, of which only the first ones may be wanted; the last set is filled up
// with images of the earlier ones, the only set of a person with too few images
// with these again and again.
std::vector<int> CutInSets(int n, int sets, int k, Rng* rng) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  rng->Shuffle(&order);
  for (int i = n; n < k && i < k; ++i) order.push_back(order[i - n]);
  // The last set has k - fill images of its own; the fill comes, at random,
  // from those of the earlier sets.
  const int fill = std::max(sets * k - std::max(n, k), 0);
  const int earlier = n - (k - fill);
  std::vector<int> others(order.begin(), order.begin() + std::max(earlier, 0));
  for (int i = 0; i < fill; ++i) {
    const int pick = i + static_cast<int>(rng->Below(earlier - i));
    std::swap(others[i], others[pick]);
    order.push_back(others[i]);
  }
  return order;
}

}  // namespace

ImageSets::ImageSets(const std::vector<int>& images_per_identity,
                     const std::vector<int>& counts, int k, Rng* rng)
    : k_(k), images_(counts.size()), left_(counts.size()) {
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    images_[i] = CutInSets(images_per_identity[i], counts[i], k, rng);
    left_[i].resize(counts[i]);
    std::iota(left_[i].begin(), left_[i].end(), 0);
  }
}

void ImageSets::Shuffle(Rng* rng) {
  for (std::vector<int>& sets : left_) rng->Shuffle(&sets);
}

void ImageSets::Take(int identity, std::vector<Pick>* picks) {
  const int set = left_[identity].back();
  left_[identity].pop_back();
  for (int j = 0; j < k_; ++j) {
    picks->push_back({identity, images_[identity][set * k_ + j]});
  }
}

namespace {

// Sums over prefixes of changing weights, to draw i with chance weight[i] /
// total in O(log N).
class WeightTree {
 public:
  explicit WeightTree(const std::vector<int64_t>& weights)
      : weights_(weights.size()), tree_(weights.size() + 1) {
    while (top_ * 2 <= weights.size()) top_ *= 2;
    for (size_t i = 0; i < weights.size(); ++i) Set(i, weights[i]);
  }
  int64_t total() const { return total_; }
  void Set(size_t i, int64_t weight) {
    const int64_t change = weight - weights_[i];
    weights_[i] = weight;
    total_ += change;
    for (size_t k = i + 1; k < tree_.size(); k += k & (~k + 1)) {
      tree_[k] += change;
    }
  }
  // The i whose weights' stretch holds `place` of 0 .. total - 1.
  size_t Find(int64_t place) const {
    size_t at = 0;
    for (size_t step = top_; step > 0; step /= 2) {
      if (at + step < tree_.size() && tree_[at + step] <= place) {
        at += step;
        place -= tree_[at];
      }
    }
    return at;
  }

 private:
  std::vector<int64_t> weights_;
  std::vector<int64_t> tree_;
  size_t top_ = 1;
  int64_t total_ = 0;
};

// How many places M batches have for all: sum_i min(counts_i, batches).
int64_t Usable(const std::vector<int>& counts, int64_t batches) {
  int64_t sum = 0;
  for (const int count : counts) sum += std::min<int64_t>(count, batches);
  return sum;
}

// Fills M batches with p different ones each; i is in remaining[i] of them.
// Requires sum_i remaining[i] = p * M and remaining[i] <= M.
std::vector<int> FillBatches(std::vector<int64_t> remaining, int64_t batches,
                             int p, Rng* rng) {
  WeightTree tree(remaining);
  // due[r]: who came to have r places left at some time.
  std::vector<std::vector<int>> due(batches + 1);
  for (size_t i = 0; i < remaining.size(); ++i) {
    if (remaining[i] > 0) due[remaining[i]].push_back(static_cast<int>(i));
  }
  std::vector<int> people;
  people.reserve(batches * p);
  for (int64_t left = batches; left > 0; --left) {
    const size_t begin = people.size();
    for (const int i : due[left]) {
      if (remaining[i] != left) continue;
      people.push_back(i);
      tree.Set(i, 0);
    }
    while (people.size() < begin + p) {
      CHECK_GT(tree.total(), 0);
      const size_t i = tree.Find(rng->Below(tree.total()));
      people.push_back(static_cast<int>(i));
      tree.Set(i, 0);
    }
    CHECK_EQ(people.size(), begin + p);
    for (size_t b = begin; b < people.size(); ++b) {
      const int i = people[b];
      tree.Set(i, --remaining[i]);
      if (remaining[i] > 0) due[remaining[i]].push_back(i);
    }
  }
  return people;
}

}  // namespace

int64_t MostBatches(const std::vector<int>& counts, int p) {
  int64_t any = 0, total = 0;
  for (const int count : counts) {
    any += count > 0;
    total += count;
  }
  if (any < p) return 0;
  // Usable(M) - p M is concave in M and not negative at M = 1: it is not
  // negative up to the M looked for, and negative after.
  int64_t low = 1, high = total / p;
  while (low < high) {
    const int64_t middle = low + (high - low + 1) / 2;
    if (Usable(counts, middle) >= p * middle) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::vector<int> PlanBatches(const std::vector<int>& counts, int64_t batches,
                             int p, Rng* rng) {
  std::vector<int64_t> used(counts.size());
  std::vector<int> surplus;  // one entry a place that could be left out
  for (size_t i = 0; i < counts.size(); ++i) {
    used[i] = std::min<int64_t>(counts[i], batches);
    surplus.insert(surplus.end(), used[i], static_cast<int>(i));
  }
  const int64_t wanted = batches * p;
  CHECK_GE(static_cast<int64_t>(surplus.size()), wanted);
  for (int64_t over = surplus.size() - wanted; over > 0; --over) {
    const size_t pick = rng->Below(surplus.size());
    --used[surplus[pick]];
    surplus[pick] = surplus.back();
    surplus.pop_back();
  }
  return FillBatches(std::move(used), batches, p, rng);
}

std::vector<Pick> PlanPeople(const std::vector<int>& images_per_identity,
                             const std::vector<int>& counts, int64_t batches,
                             int p, int k, Rng* rng) {
  ImageSets sets(images_per_identity, counts, k, rng);
  const std::vector<int> order = PlanBatches(counts, batches, p, rng);
  sets.Shuffle(rng);
  std::vector<Pick> picks;
  picks.reserve(order.size() * k);
  for (const int i : order) sets.Take(i, &picks);
  return picks;
}

std::vector<Pick> EpochPlans::Batch(uint64_t number) {
  const uint64_t epoch = number / batches_;
  std::unique_ptr<Epoch>& plan = epochs_[epoch % 2];
  if (plan == nullptr || plan->number != epoch) {
    plan.reset(new Epoch{epoch, plan_(epoch)});
  }
  const auto begin = plan->picks.begin() + (number % batches_) * size_;
  return std::vector<Pick>(begin, begin + size_);
}

}  // namespace caffe
