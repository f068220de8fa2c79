// The samplers, as said in the header. Numbers in the comments are of an
// epoch: N people, groups_i groups of K images, M batches of P people.

#include "caffe/metric/sampler.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

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

// How many groups fill `batches` batches: sum_i min(groups_i, batches).
int64_t Usable(const std::vector<int>& groups, int64_t batches) {
  int64_t sum = 0;
  for (const int count : groups) sum += std::min<int64_t>(count, batches);
  return sum;
}

// The images of one person, permuted and cut in groups of K, one after the
// other; the last group is filled up with images of the earlier ones.
std::vector<int> CutInGroups(int n, int groups, int k, Rng* rng) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  rng->Shuffle(&order);
  // The last group has k - fill images of its own; the fill comes, at random,
  // from those of the earlier groups.
  const int fill = groups * k - n;
  const int earlier = n - (k - fill);
  std::vector<int> others(order.begin(), order.begin() + earlier);
  for (int i = 0; i < fill; ++i) {
    const int pick = i + static_cast<int>(rng->Below(earlier - i));
    std::swap(others[i], others[pick]);
    order.push_back(others[i]);
  }
  return order;
}

// Fills M batches with P different people each; person i is in remaining[i]
// of them. Requires sum_i remaining[i] = P * M and remaining[i] <= M.
std::vector<int> FillBatches(std::vector<int64_t> remaining, int64_t batches,
                             int p, Rng* rng) {
  WeightTree tree(remaining);
  // due[r]: who came to have r groups left at some time.
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

struct PKSampler::Epoch {
  uint64_t number;
  std::vector<Pick> picks;  // M x P x K
};

PKSampler::PKSampler(const std::vector<int>& images_per_identity,
                     int identities, int images, uint64_t seed)
    : images_per_identity_(images_per_identity), identities_(identities),
      images_(images), seed_(seed) {
  INPUT_CHECK(identities >= 1)
      << "identities_per_batch is " << identities << "; wanted at least 2";
  INPUT_CHECK(identities >= 2)
      << "identities_per_batch is 1: a batch of one identity has no negative";
  INPUT_CHECK(images >= 1)
      << "images_per_identity is " << images << "; wanted at least 1";
  int64_t people = 0, total = 0;
  for (const int n : images_per_identity) {
    const int groups =
        n < images ? 0 : static_cast<int>((int64_t{n} + images - 1) / images);
    groups_.push_back(groups);
    people += groups > 0;
    total += groups;
  }
  INPUT_CHECK(people >= identities)
      << "identities_per_batch is " << identities << " but only " << people
      << " of " << images_per_identity.size() << " identities have "
      << images << " images or more";
  // sum_i min(groups_i, M) - P M is concave in M and not negative at M = 1:
  // it is not negative up to the M looked for, and negative after.
  int64_t low = 1, high = total / identities;
  while (low < high) {
    const int64_t middle = low + (high - low + 1) / 2;
    if (Usable(groups_, middle) >= identities * middle) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  batches_ = low;
}

PKSampler::~PKSampler() = default;

std::unique_ptr<PKSampler::Epoch> PKSampler::Plan(uint64_t epoch) const {
  Rng rng(seed_, epoch);
  const size_t people = images_per_identity_.size();
  const int k = images_;
  std::vector<std::vector<int>> images(people);
  std::vector<int64_t> used(people);
  std::vector<int> surplus;  // one entry a group that could be left out
  for (size_t i = 0; i < people; ++i) {
    if (groups_[i] == 0) continue;
    images[i] = CutInGroups(images_per_identity_[i], groups_[i], k, &rng);
    used[i] = std::min<int64_t>(groups_[i], batches_);
    surplus.insert(surplus.end(), used[i], static_cast<int>(i));
  }
  const int64_t wanted = batches_ * identities_;
  CHECK_GE(static_cast<int64_t>(surplus.size()), wanted);
  for (int64_t over = surplus.size() - wanted; over > 0; --over) {
    const size_t pick = rng.Below(surplus.size());
    --used[surplus[pick]];
    surplus[pick] = surplus.back();
    surplus.pop_back();
  }
  const std::vector<int> order =
      FillBatches(used, batches_, identities_, &rng);

  std::unique_ptr<Epoch> plan(new Epoch);
  plan->number = epoch;
  plan->picks.reserve(wanted * k);
  // Which groups of a person are used, and when, is drawn as well.
  std::vector<std::vector<int>> groups(people);
  for (size_t i = 0; i < people; ++i) {
    groups[i].resize(groups_[i]);
    std::iota(groups[i].begin(), groups[i].end(), 0);
    rng.Shuffle(&groups[i]);
  }
  for (const int i : order) {
    const int group = groups[i].back();
    groups[i].pop_back();
    for (int j = 0; j < k; ++j) {
      plan->picks.push_back({i, images[i][group * k + j]});
    }
  }
  return plan;
}

std::vector<Pick> PKSampler::Batch(uint64_t number) {
  const uint64_t epoch = number / batches_;
  std::unique_ptr<Epoch>& plan = epochs_[epoch % 2];
  if (plan == nullptr || plan->number != epoch) plan = Plan(epoch);
  const size_t size = static_cast<size_t>(identities_) * images_;
  const auto begin = plan->picks.begin() + (number % batches_) * size;
  return std::vector<Pick>(begin, begin + size);
}

uint64_t EpochShuffle::At(uint64_t number) {
  const uint64_t epoch = number / n_;
  std::unique_ptr<Epoch>& plan = epochs_[epoch % 2];
  if (plan == nullptr || plan->number != epoch) {
    plan.reset(new Epoch{epoch, std::vector<uint32_t>(n_)});
    std::iota(plan->order.begin(), plan->order.end(), 0u);
    Rng rng(seed_, epoch);
    rng.Shuffle(&plan->order);
  }
  return plan->order[number % n_];
}

namespace {
// Keeps the draws of positives and negatives apart from the anchors' order.
constexpr uint64_t kPartnerSalt = 0x9e3779b97f4a7c15u;
}  // namespace

TripletSampler::TripletSampler(const std::vector<int>& images_per_identity,
                               uint64_t seed)
    : images_per_identity_(images_per_identity), seed_(seed), begin_(1, 0) {
  int people = 0;
  for (size_t i = 0; i < images_per_identity.size(); ++i) {
    const int n = images_per_identity[i];
    begin_.push_back(begin_.back() + n);
    people += n > 0;
    for (int image = 0; n >= 2 && image < n; ++image) {
      anchors_.push_back({static_cast<int>(i), image});
    }
  }
  INPUT_CHECK(people >= 2) << "triplets take at least 2 people; found "
                           << people;
  INPUT_CHECK(!anchors_.empty())
      << "triplets take a person with at least 2 images; none of " << people
      << " people has more than one";
  order_.reset(new EpochShuffle(anchors_.size(), seed));
}

std::vector<Pick> TripletSampler::Triplet(uint64_t number) {
  const Pick anchor = anchors_[order_->At(number)];
  const int own = images_per_identity_[anchor.identity];
  Rng rng(seed_ ^ kPartnerSalt, number);
  // Another one of own images: draw among the others, pass over the anchor.
  const int other = static_cast<int>(rng.Below(own - 1));
  const Pick positive = {anchor.identity,
                         other + (other >= anchor.image ? 1 : 0)};
  // All images in a row without the person's own.
  int64_t place = rng.Below(begin_.back() - own);
  if (place >= begin_[anchor.identity]) place += own;
  const auto after = std::upper_bound(begin_.begin(), begin_.end(), place);
  const int identity = static_cast<int>(after - begin_.begin()) - 1;
  const Pick negative = {identity,
                         static_cast<int>(place - begin_[identity])};
  return {anchor, positive, negative};
}

}  // namespace caffe
