// Batches of people and their neighbours, as said in sampler.hpp. Who is whose
// neighbour is told from outside.

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/sampling/sampler.hpp"
#include "sampling/sampler_plan.hpp"

namespace caffe {

namespace {

// Keeps the draws of neighbours' images apart from the plan of the epoch.
constexpr uint64_t kNeighbourSalt = 0xc2b2ae3d27d4eb4fu;

bool IsIn(const std::vector<int>& people, int person) {
  return std::find(people.begin(), people.end(), person) != people.end();
}

// Anyone of `eligible`, which is sorted, but those of `people`.
int AnyOther(const std::vector<int>& eligible, std::vector<int> people,
             Rng* rng) {
  std::sort(people.begin(), people.end());
  size_t place = rng->Below(eligible.size() - people.size());
  for (const int person : people) {
    place += person <= eligible[place];
  }
  return eligible[place];
}

// k of n images, each once, or where there are fewer again and again.
void DrawImages(int person, int n, int k, Rng* rng, std::vector<Pick>* picks) {
  std::vector<int> images(n);
  std::iota(images.begin(), images.end(), 0);
  for (int j = 0; j < k; ++j) {
    if (j < n) std::swap(images[j], images[j + rng->Below(n - j)]);
    picks->push_back({person, images[j % n]});
  }
}

}  // namespace

void CheckNeighbours(int identities, int neighbours) {
  INPUT_CHECK(neighbours >= 1 && neighbours < identities)
      << "hard_identities: neighbours is " << neighbours << "; wanted 1 to "
      << identities - 1 << " (identities_per_batch less one)";
}

HardSampler::HardSampler(const std::vector<int>& images_per_identity,
                         int identities, int images, int neighbours,
                         uint64_t seed, const SetRule& rule)
    : images_per_identity_(images_per_identity), identities_(identities),
      images_(images), seed_(seed) {
  CheckBatch(identities, images);
  CheckNeighbours(identities, neighbours);
  const std::vector<int> counts =
      SetCounts(images_per_identity, identities, images, rule);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) eligible_.push_back(static_cast<int>(i));
  }
  const int people = static_cast<int>(eligible_.size());
  width_ = std::min(identities, people) - 1;
  seeds_ = identities / (1 + neighbours) + (identities % (1 + neighbours) > 0);
  const int64_t batches = MostBatches(counts, seeds_);
  plans_.reset(new EpochPlans(
      batches, int64_t{seeds_} * images,
      [this, counts, batches](uint64_t epoch) {
        Rng rng(seed_, epoch);
        return PlanPeople(images_per_identity_, counts, batches, seeds_,
                          images_, &rng);
      }));
  neighbours_.assign(images_per_identity.size() * width_, -1);
}

HardSampler::~HardSampler() = default;

void HardSampler::SetNeighbours(std::vector<int32_t> neighbours) {
  CHECK_EQ(neighbours.size(), neighbours_.size());
  neighbours_ = std::move(neighbours);
}

int HardSampler::NextNeighbour(int person, const std::vector<int>& people,
                               int* place) const {
  const int32_t* const row =
      &neighbours_[static_cast<size_t>(person) * width_];
  while (*place < width_ && row[*place] >= 0) {
    const int next = row[(*place)++];
    if (!IsIn(people, next)) return next;
  }
  return -1;
}

std::vector<Pick> HardSampler::Batch(uint64_t number) {
  std::vector<Pick> picks = plans_->Batch(number);
  std::vector<int> people;
  for (int s = 0; s < seeds_; ++s) {
    people.push_back(picks[s * images_].identity);
  }
  std::vector<int> places(seeds_, 0);
  Rng rng(seed_ ^ kNeighbourSalt, number);
  for (int s = 0; static_cast<int>(people.size()) < identities_;
       s = (s + 1) % seeds_) {
    int next = NextNeighbour(people[s], people, &places[s]);
    if (next < 0) next = AnyOther(eligible_, people, &rng);
    people.push_back(next);
    DrawImages(next, images_per_identity_[next], images_, &rng, &picks);
  }
  return picks;
}

}  // namespace caffe
