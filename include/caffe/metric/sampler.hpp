// Which images go into which batch: the only place that samples. It knows
// people and images as numbers, reads no file and makes no batch of pixels.
//
// Each sampler is a pure function of what it was made from, the seed and a
// batch (or triplet) number: nothing else need be saved to go on from there,
// and a number can be asked for in any order. Only the last epochs asked for
// are kept, so that going forward costs one plan an epoch. One object is for
// one thread at a time.
#ifndef CAFFE_METRIC_SAMPLER_HPP_
#define CAFFE_METRIC_SAMPLER_HPP_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace caffe {

// Image `image` (0 to images_per_identity[identity] - 1) of a person.
struct Pick {
  int identity;
  int image;
};

inline bool operator==(const Pick& a, const Pick& b) {
  return a.identity == b.identity && a.image == b.image;
}

// P people x K images a batch.
//
// An epoch. The n images of a person are permuted and cut in ceil(n / K)
// groups of K, the last filled up with others of the same person; a person
// with n < K takes no part. The epoch has M batches, the largest M for which
// P * M groups can be found with no person in a batch twice:
//
//   sum_i min(groups_i, M) >= P * M .
//
// Groups over that are left out at random. Then batch after batch is filled:
// a person with as many groups as there are batches left must be in this one,
// the others are drawn with a chance in proportion to their groups left; so
// the last batch is as full as the first. Each image is seen once in an epoch
// but for those left out (not at all) and those that fill up (twice).
//
// Throws Error(kInput) for P < 2, K < 1 and where fewer than P people have K
// images.
class PKSampler {
 public:
  PKSampler(const std::vector<int>& images_per_identity, int identities,
            int images, uint64_t seed);
  ~PKSampler();
  PKSampler(const PKSampler&) = delete;
  PKSampler& operator=(const PKSampler&) = delete;

  // M: batch b is batch b mod M of epoch b / M.
  int64_t batches_per_epoch() const { return batches_; }

  // Batch `number`: P * K picks, person by person. O(1) inside an epoch that
  // is planned, else O(N + images + P M log N) for N people.
  std::vector<Pick> Batch(uint64_t number);

 private:
  struct Epoch;
  std::unique_ptr<Epoch> Plan(uint64_t epoch) const;

  const std::vector<int> images_per_identity_;
  const int identities_;  // P
  const int images_;      // K
  const uint64_t seed_;
  std::vector<int> groups_;  // of each person in an epoch, 0 where n < K
  int64_t batches_ = 0;      // M
  std::unique_ptr<Epoch> epochs_[2];  // even and odd ones
};

// Number t is place t mod n of a permutation of 0 .. n - 1 that is new in
// each epoch t / n.
class EpochShuffle {
 public:
  EpochShuffle(uint64_t n, uint64_t seed) : n_(n), seed_(seed) {}
  uint64_t At(uint64_t number);

 private:
  struct Epoch {
    uint64_t number;
    std::vector<uint32_t> order;
  };
  const uint64_t n_;
  const uint64_t seed_;
  std::unique_ptr<Epoch> epochs_[2];
};

// Triplets: the anchor goes through all images of people with two images or
// more, in a new order each epoch; the positive is another image of the same
// person, the negative any image of any other person, evenly.
//
// Throws Error(kInput) where nobody has two images, or there is one person.
class TripletSampler {
 public:
  TripletSampler(const std::vector<int>& images_per_identity, uint64_t seed);

  // How many triplets an epoch has.
  int64_t anchors() const { return anchors_.size(); }

  // Triplet `number`: anchor, positive, negative.
  std::vector<Pick> Triplet(uint64_t number);

 private:
  const std::vector<int> images_per_identity_;
  const uint64_t seed_;
  std::vector<int64_t> begin_;  // images of the people before each, and all
  std::vector<Pick> anchors_;
  std::unique_ptr<EpochShuffle> order_;
};

}  // namespace caffe

#endif  // CAFFE_METRIC_SAMPLER_HPP_
