// The remembered pairs of pair_sample.hpp.
#include "evaluation/pair_sample.hpp"

#include <algorithm>
#include <tuple>

#include "caffe/util/rng.hpp"

namespace caffe {
namespace metric {

namespace {

bool Ascending(const ScoredPair& a, const ScoredPair& b) {
  return std::tie(a.distance, a.i, a.j) < std::tie(b.distance, b.i, b.j);
}

}  // namespace

void SortPairs(std::vector<ScoredPair>* pairs) {
  std::sort(pairs->begin(), pairs->end(), Ascending);
}

bool ExtremePairs::Before(const ScoredPair& a, const ScoredPair& b) const {
  if (a.distance != b.distance) {
    return sign_ * a.distance < sign_ * b.distance;
  }
  return std::tie(a.i, a.j) < std::tie(b.i, b.j);
}

void ExtremePairs::Take(float distance, int32_t i, int32_t j) {
  constexpr size_t kSpare = 1024;
  pairs_.push_back(ScoredPair{distance, i, j, 1});
  if (pairs_.size() >= 2 * static_cast<size_t>(limit_) + kSpare) Cut();
}

void ExtremePairs::Cut() {
  if (static_cast<int64_t>(pairs_.size()) <= limit_) return;
  std::nth_element(
      pairs_.begin(), pairs_.begin() + (limit_ - 1), pairs_.end(),
      [this](const ScoredPair& a, const ScoredPair& b) {
        return Before(a, b);
      });
  pairs_.resize(limit_);
  bound_ = sign_ * pairs_.back().distance;
}

void ExtremePairs::Merge(const ExtremePairs& other) {
  for (const ScoredPair& pair : other.pairs_) {
    Offer(pair.distance, pair.i, pair.j);
  }
}

std::vector<ScoredPair> ExtremePairs::Take() {
  Cut();
  std::sort(
      pairs_.begin(), pairs_.end(),
      [this](const ScoredPair& a, const ScoredPair& b) {
        return Before(a, b);
      });
  return std::move(pairs_);
}

int64_t Stride::First(int64_t i, int64_t from) const {
  if (step_ == 1) return from;
  const uint64_t place = (PhiloxAt(0, i).v[0] + from) % step_;
  return place == 0 ? from : from + step_ - place;
}

std::vector<ScoredPair> JoinSamples(std::vector<ScoredPair> strided,
                                    std::vector<ScoredPair> nearest,
                                    int64_t pairs) {
  if (!nearest.empty()) {
    const ScoredPair last = nearest.back();
    strided.erase(std::remove_if(strided.begin(), strided.end(),
                                 [&last](const ScoredPair& pair) {
                                   return !Ascending(last, pair);
                                 }),
                  strided.end());
  }
  const int64_t rest = pairs - static_cast<int64_t>(nearest.size());
  for (ScoredPair& pair : strided) {
    pair.weight = static_cast<float>(rest) / strided.size();
  }
  SortPairs(&strided);
  nearest.insert(nearest.end(), strided.begin(), strided.end());
  return nearest;
}

}  // namespace metric
}  // namespace caffe
