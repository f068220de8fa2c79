// Which pairs are remembered beside their count: the nearest or farthest few,
// and a sample. Both are sets that do not depend on the order in which pairs
// come, so that they do not depend on the threads.
#ifndef TERCET_EVALUATION_PAIR_SAMPLE_HPP_
#define TERCET_EVALUATION_PAIR_SAMPLE_HPP_

#include <cstdint>
#include <limits>
#include <vector>

#include "caffe/evaluation/verification.hpp"

namespace caffe {
namespace metric {

// The `limit` nearest pairs, or the farthest; of equal ones those of the first
// rows. Their weight is 1.
class ExtremePairs {
 public:
  ExtremePairs(int64_t limit, bool farthest)
      : limit_(limit), sign_(farthest ? -1.f : 1.f) {}

  bool Wants(float distance) const {
    return limit_ > 0 && sign_ * distance <= bound_;
  }
  void Offer(float distance, int32_t i, int32_t j) {
    if (Wants(distance)) Take(distance, i, j);
  }
  // No distance above this is wanted; for the nearest alone.
  float bound() const { return limit_ > 0 ? bound_ : -1.f; }
  void Merge(const ExtremePairs& other);
  // The pairs, the nearest (or farthest) first.
  std::vector<ScoredPair> Take();

 private:
  bool Before(const ScoredPair& a, const ScoredPair& b) const;
  void Take(float distance, int32_t i, int32_t j);
  void Cut();

  int64_t limit_;
  float sign_;
  float bound_ = std::numeric_limits<float>::infinity();
  std::vector<ScoredPair> pairs_;
};

// Which columns of a row of pairs are in a sample of every stride-th pair.
class Stride {
 public:
  // Of `pairs` pairs at most about `limit`.
  Stride(int64_t pairs, int64_t limit)
      : step_(pairs <= limit ? 1 : (pairs + limit - 1) / limit) {}
  int64_t step() const { return step_; }
  // The first column from `from` on of row i.
  int64_t First(int64_t i, int64_t from) const;

 private:
  int64_t step_;
};

// The impostors' sample: every stride-th pair, and the nearest of all; then the
// others of the stride stand for what is not among the nearest.
std::vector<ScoredPair> JoinSamples(std::vector<ScoredPair> strided,
                                    std::vector<ScoredPair> nearest,
                                    int64_t pairs);

// Ascending by distance, then by rows.
void SortPairs(std::vector<ScoredPair>* pairs);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_EVALUATION_PAIR_SAMPLE_HPP_
