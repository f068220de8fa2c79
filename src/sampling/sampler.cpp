// The samplers of people and of triplets, as said in the header; how an epoch
// of people is planned is sampler_plan.cpp's.

#include "caffe/sampling/sampler.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/rng.hpp"
#include "sampling/sampler_plan.hpp"

namespace caffe {

PKSampler::PKSampler(const std::vector<int>& images_per_identity,
                     int identities, int images, uint64_t seed,
                     const SetRule& rule) {
  CheckBatch(identities, images);
  const std::vector<int> counts =
      SetCounts(images_per_identity, identities, images, rule);
  const int64_t batches = MostBatches(counts, identities);
  plans_.reset(new EpochPlans(
      batches, int64_t{identities} * images, [=](uint64_t epoch) {
        Rng rng(seed, epoch);
        return PlanPeople(images_per_identity, counts, batches, identities,
                          images, &rng);
      }));
}

PKSampler::~PKSampler() = default;

int64_t PKSampler::batches_per_epoch() const { return plans_->batches(); }

std::vector<Pick> PKSampler::Batch(uint64_t number) {
  return plans_->Batch(number);
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
