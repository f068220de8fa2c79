// What MiningForward keeps for MiningBackward, behind MiningBatch.
#ifndef TERCET_MINING_MINING_STATE_HPP_
#define TERCET_MINING_MINING_STATE_HPP_

#include <cstdint>
#include <vector>

#include "caffe/mining/mining.hpp"
#include "pairwise/pair_slopes.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// A positive and a negative of the same anchor.
struct MiningPick {
  int32_t positive;
  int32_t negative;
};

// The working memory of a thread that chooses triplets.
template <typename T>
struct MiningSlot {
  std::vector<T> weights;
  std::vector<T> thresholds;
  std::vector<int64_t> counts;
  std::vector<int32_t> ranks;
  std::vector<MiningPick> picks;
  std::vector<double> chances;
};

template <typename T>
struct MiningState {
  RowSet<T> rows;
  PairSlopes<T> slopes;
  // What each anchor adds.
  std::vector<double> loss;
  std::vector<int64_t> triplets;
  std::vector<int64_t> active;
  // One for each of the slopes' slots.
  std::vector<MiningSlot<T>> slots;
  bool record = false;
  std::vector<std::vector<int>> choices;
};

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_MINING_STATE_HPP_
