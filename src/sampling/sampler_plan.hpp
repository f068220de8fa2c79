// What the samplers plan an epoch with: the images of each person cut in sets
// of K, and batches filled with different people (or groups of them). Which
// sampler plans what is sampler*.cpp's.
#ifndef TERCET_SAMPLING_SAMPLER_PLAN_HPP_
#define TERCET_SAMPLING_SAMPLER_PLAN_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "caffe/sampling/sampler.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

// Error(kInput) for P < 2 or K < 1.
void CheckBatch(int identities, int images);

// In how many sets of k images those of each person are cut, with kIdentities
// one: none where there are fewer, but with kRepeat one, if there is any image.
// Error(kInput) where fewer than `identities` people have a set.
std::vector<int> SetCounts(const std::vector<int>& images_per_identity,
                           int identities, int k, const SetRule& rule);

// The images of all people, cut in sets.
class ImageSets {
 public:
  // counts: the sets of each person.
  ImageSets(const std::vector<int>& images_per_identity,
            const std::vector<int>& counts, int k, Rng* rng);
  // Draws in which order the sets of a person are taken.
  void Shuffle(Rng* rng);
  // Takes a set of a person that has one left.
  void Take(int identity, std::vector<Pick>* picks);

 private:
  const int k_;
  std::vector<std::vector<int>> images_;
  std::vector<std::vector<int>> left_;
};

// The largest M for which M batches can be filled with p different ones each,
// i being in at most counts[i] of them; 0 where fewer than p are in any:
//
//   sum_i min(counts[i], M) >= p M .
int64_t MostBatches(const std::vector<int>& counts, int p);

// Fills `batches` <= MostBatches(counts, p) batches: who is in each, p a batch.
// What is too much is left out at random. Then one with as many places as there
// are batches left must be in the next one, the others are drawn with a chance
// in proportion to their places; so the last batch is as full as the first.
std::vector<int> PlanBatches(const std::vector<int>& counts, int64_t batches,
                             int p, Rng* rng);

// The picks of an epoch of `batches` batches of p people with a set each.
std::vector<Pick> PlanPeople(const std::vector<int>& images_per_identity,
                             const std::vector<int>& counts, int64_t batches,
                             int p, int k, Rng* rng);

// Epochs of batches of one size, of which the last ones asked for are kept.
class EpochPlans {
 public:
  // The picks of an epoch, batch by batch.
  typedef std::function<std::vector<Pick>(uint64_t epoch)> Plan;

  EpochPlans(int64_t batches, int64_t size, Plan plan)
      : batches_(batches), size_(size), plan_(std::move(plan)) {}
  int64_t batches() const { return batches_; }
  std::vector<Pick> Batch(uint64_t number);

 private:
  struct Epoch {
    uint64_t number;
    std::vector<Pick> picks;
  };
  const int64_t batches_, size_;
  const Plan plan_;
  std::unique_ptr<Epoch> epochs_[2];  // even and odd ones
};

}  // namespace caffe

#endif  // TERCET_SAMPLING_SAMPLER_PLAN_HPP_
