// What only the whole net shows: a loss that takes its positives from the batch
// needs batches that hold any.
#include "caffe/net.hpp"

namespace caffe {

namespace {

// The last layer before `end` that makes a blob, or null.
const LayerParameter* MakerOf(const NetParameter& net, const string& blob,
                              int end) {
  for (int i = end - 1; i >= 0; --i) {
    for (const string& top : net.layer(i).top()) {
      if (top == blob) return &net.layer(i);
    }
  }
  return nullptr;
}

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
  for (int i = 0; i < net.layer_size(); ++i) {
    const LayerParameter& layer = net.layer(i);
    if (!NeedsPositives(layer) || layer.bottom_size() < 2) continue;
    const LayerParameter* const maker = MakerOf(net, layer.bottom(1), i);
    if (maker == nullptr || maker->type() != "IdentityData") continue;
    INPUT_CHECK(maker->identity_data_param().images_per_identity() != 1)
        << LayerPlace(layer) << ": mining takes a positive for each image, but "
        << LayerPlace(*maker)
        << " draws images_per_identity: 1; wanted at least 2";
  }
}

}  // namespace caffe
