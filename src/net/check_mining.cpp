// What only the whole net shows: a loss that mines positives needs batches
// that hold any.
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

}  // namespace

void CheckMining(const NetParameter& net) {
  for (int i = 0; i < net.layer_size(); ++i) {
    const LayerParameter& layer = net.layer(i);
    if (layer.type() != "BatchTripletLoss" || layer.bottom_size() < 2) {
      continue;
    }
    const LayerParameter* const maker = MakerOf(net, layer.bottom(1), i);
    if (maker == nullptr || maker->type() != "IdentityData") continue;
    INPUT_CHECK(maker->identity_data_param().images_per_identity() != 1)
        << LayerPlace(layer) << ": mining takes a positive for each image, but "
        << LayerPlace(*maker)
        << " draws images_per_identity: 1; wanted at least 2";
  }
}

}  // namespace caffe
