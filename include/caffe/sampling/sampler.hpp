// Which images go into which batch: the only place that samples. It knows
// people and images as numbers, reads no file and makes no batch of pixels.
//
// Each sampler is a pure function of what it was made from, the seed and a
// batch (or triplet) number: nothing else need be saved to go on from there,
// and a number can be asked for in any order. Only the last epochs asked for
// are kept, so that going forward costs one plan an epoch. One object is for
// one thread at a time.
#ifndef CAFFE_SAMPLING_SAMPLER_HPP_
#define CAFFE_SAMPLING_SAMPLER_HPP_

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

// What becomes of people with fewer than K images; the values are those of
// IdentityDataParameter.TooFew.
enum class TooFew {
  kSkip = 0,   // they take no part
  kRepeat = 1  // their images stand in a set of K more than once
};

// What has its turn once in an epoch; the values are those of
// IdentityDataParameter.Draw.
enum class DrawBy {
  kImages = 0,     // each image, so that people with many are drawn more often
  kIdentities = 1  // each person, with K images drawn at random
};

// How the images of people are cut in sets of K.
struct SetRule {
  SetRule(TooFew few = TooFew::kSkip, DrawBy what = DrawBy::kImages)  // NOLINT
      : too_few(few), draw_by(what) {}
  TooFew too_few;
  DrawBy draw_by;
};

// Batches of people with K images each.
class BatchSampler {
 public:
  virtual ~BatchSampler() = default;
  // Batch `number`: P * K picks, person by person, all people different.
  virtual std::vector<Pick> Batch(uint64_t number) = 0;
};

class EpochPlans;

// P people x K images a batch.
//
// An epoch. The n images of a person are permuted and cut in ceil(n / K)
// sets of K, the last filled up with others of the same person; with
// kIdentities there is one set of K of them. A person with
// n < K takes no part; with kRepeat he has one set, in which each of his images
// stands K / n times, rounded up or down (nobody has a set without images).
// The epoch has M batches, the largest M for which P * M sets can be found
// with no person in a batch twice:
//
//   sum_i min(sets_i, M) >= P * M .
//
// Sets over that are left out at random. Then batch after batch is filled:
// a person with as many sets as there are batches left must be in this one,
// the others are drawn with a chance in proportion to their sets left; so
// the last batch is as full as the first. Each image is seen once in an epoch
// but for those left out (not at all) and those that fill up (twice).
//
// Throws Error(kInput) for P < 2, K < 1 and where fewer than P people have a
// set.
class PKSampler : public BatchSampler {
 public:
  PKSampler(const std::vector<int>& images_per_identity, int identities,
            int images, uint64_t seed, const SetRule& rule = SetRule());
  ~PKSampler() override;

  // M: batch b is batch b mod M of epoch b / M.
  int64_t batches_per_epoch() const;

  // O(1) inside an epoch that is planned, else O(N + images + P M log N) for N
  // people.
  std::vector<Pick> Batch(uint64_t number) override;

 private:
  std::unique_ptr<EpochPlans> plans_;
};

// Throws Error(kInput) where P is no multiple of G, or P / G < 2.
void CheckGroups(int identities, int groups);

// P people x K images a batch, P / G of them from each of G groups of people
// (families, cameras, kinds of a thing), so that each image meets negatives of
// its own group.
//
// An epoch. Sets of K as above. With the sets of each group as many cells of
// P / G different people are filled as can be, and with the cells as many
// batches of G different groups, both as PKSampler fills its batches; a set or
// a cell that is too much is left out at random.
//
// group[i], from 0, is the group of person i. Throws Error(kInput) as
// CheckGroups, and where K < 1 or fewer than G groups have P / G people with a
// set.
class GroupSampler : public BatchSampler {
 public:
  GroupSampler(const std::vector<int>& images_per_identity,
               const std::vector<int>& group, int identities, int images,
               int groups, uint64_t seed, const SetRule& rule = SetRule());
  ~GroupSampler() override;

  int64_t batches_per_epoch() const;
  std::vector<Pick> Batch(uint64_t number) override;

 private:
  std::unique_ptr<EpochPlans> plans_;
};

// Throws Error(kInput) for L < 1 or L >= P neighbours of each.
void CheckNeighbours(int identities, int neighbours);

// P people x K images a batch: S = ceil(P / (1 + L)) people drawn as PKSampler
// draws S a batch, so that each image has its turn among them once in an epoch,
// and L neighbours of each. First come the S people, then for one after the
// other of these his nearest neighbour that is not in the batch yet, then the
// next nearest, until there are P. Where he has none left that are known,
// anyone is drawn. Which images of these are taken is drawn evenly.
//
// Doppelgangers of random people: Smirnov et al., "Doppelganger Mining for Face
// Representation Learning", ICCV Workshops 2017; classes near a random one by
// the means of their embeddings: Suh et al., "Stochastic Class-Based Hard
// Example Mining for Deep Metric Learning", CVPR 2019.
//
// Throws Error(kInput) as PKSampler and CheckNeighbours.
class HardSampler : public BatchSampler {
 public:
  HardSampler(const std::vector<int>& images_per_identity, int identities,
              int images, int neighbours, uint64_t seed,
              const SetRule& rule = SetRule());
  ~HardSampler() override;

  // How many neighbours of each person can be of use: P - 1, or N - 1.
  int width() const { return width_; }
  // Whom Batch takes for whose neighbours from now on: place (i, j) of N x
  // width is the j-th nearest of person i, or -1 where no more are known. Until
  // then nobody has any.
  void SetNeighbours(std::vector<int32_t> neighbours);
  const std::vector<int32_t>& neighbours() const { return neighbours_; }

  // A function of the number and of the neighbours that are set.
  std::vector<Pick> Batch(uint64_t number) override;

 private:
  // The nearest neighbour of a person that is not among `people`, from *place
  // of his on; -1 where none is known.
  int NextNeighbour(int person, const std::vector<int>& people,
                    int* place) const;

  const std::vector<int> images_per_identity_;
  const int identities_;  // P
  const int images_;      // K
  const uint64_t seed_;
  int seeds_ = 0;  // S
  int width_ = 0;
  std::vector<int> eligible_;  // who has a set, in order
  std::vector<int32_t> neighbours_;
  std::unique_ptr<EpochPlans> plans_;
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

#endif  // CAFFE_SAMPLING_SAMPLER_HPP_
