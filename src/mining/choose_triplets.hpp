// The choice of the triplets of one anchor, or of batch-hard for all anchors at
// once: what they add to the loss and to the slopes.
#ifndef TERCET_MINING_CHOOSE_TRIPLETS_HPP_
#define TERCET_MINING_CHOOSE_TRIPLETS_HPP_

#include <cstdint>

#include "caffe/mining/mining.hpp"
#include "mining/mining_state.hpp"
#include "pairwise/row_measure.hpp"

namespace caffe {
namespace metric {

// An anchor, and what is done with it.
template <typename T>
struct MiningAnchor : Anchor<T> {
  const MiningOptions* options;
  const RowKernels<T>* kernels;
  MiningState<T>* state;
  MiningSlot<T>* slot;
  uint64_t draw;
};

// Fills state->loss, triplets, active and the anchor's slopes.
template <typename T>
void ChooseTriplets(const MiningAnchor<T>& anchor);

// The same from slot->picks, with the two distances of each.
template <typename T>
void FinishPicks(const MiningAnchor<T>& anchor, const T* positive_distances,
                 const T* negative_distances);

// kBatchHard without a bank: the same for all anchors, from half of the
// products.
template <typename T>
void ChooseHardest(const MiningOptions& options, MiningState<T>* state);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_CHOOSE_TRIPLETS_HPP_
