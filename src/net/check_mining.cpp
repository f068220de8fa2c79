// What only the whole net shows: a loss that takes its positives from the batch
// needs batches that hold any.
#include "caffe/net.hpp"

namespace caffe {

namespace {

// Whether a loss finds no positive in a batch of one image a person. With a
// memory bank it finds some in earlier batches.
bool NeedsPositives(const LayerParameter& layer) {
  if (layer.type() == "BatchTripletLoss") {
    return !layer.batch_triplet_loss_param().has_memory_bank();
  }
  if (layer.type() == "MultibatchLoss") {
    return !layer.multibatch_loss_param().has_memory_bank();
  }
  if (layer.type() == "LiftedStructureLoss") {
    return !layer.lifted_structure_loss_param().has_memory_bank();
  }
  if (layer.type() == "NPairLoss") {
    const NPairLossParameter& param = layer.n_pair_loss_param();
    return !param.has_memory_bank() ||
           param.pairs() == NPairLossParameter::DISJOINT;
  }
  return false;
}

}  // namespace

void CheckMining(const NetParameter& net) {
  map<string, const LayerParameter*> makers;  // of each blob, the last so far
  for (const LayerParameter& layer : net.layer()) {
    const bool needs = NeedsPositives(layer) && layer.bottom_size() > 1;
    const auto found = needs ? makers.find(layer.bottom(1)) : makers.end();
    const LayerParameter* const maker =
        found == makers.end() ? nullptr : found->second;
    for (const string& top : layer.top()) makers[top] = &layer;
    if (maker == nullptr || maker->type() != "IdentityData") continue;
    INPUT_CHECK(maker->identity_data_param().images_per_identity() != 1)
        << LayerPlace(layer) << ": mining takes a positive for each image, but "
        << LayerPlace(*maker)
        << " draws images_per_identity: 1; wanted at least 2";
  }
}

}  // namespace caffe
