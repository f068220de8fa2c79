// A blob that several layers read gets a Split layer, so that each reader has
// a gradient of its own and the sum is formed in one place.
#include "caffe/net.hpp"
#include "core/suggest.hpp"

namespace caffe {
namespace {

typedef pair<int, int> TopIndex;  // layer, top of the layer

struct Usage {
  map<TopIndex, int> readers;       // how many bottoms read each top
  map<TopIndex, float> loss_weight; // of each top that is a loss
  map<pair<int, int>, TopIndex> source;  // layer, bottom -> the top it reads
};

// The loss weight of a top. Where the file says none, the first top of a type
// that ends in "Loss" has 1.
float LossWeight(const LayerParameter& layer, int top) {
  if (layer.loss_weight_size() > 0) {
    return top < layer.loss_weight_size() ? layer.loss_weight(top) : 0;
  }
  static const string kSuffix = "Loss";
  const string& type = layer.type();
  const bool is_loss =
      type.size() >= kSuffix.size() &&
      type.compare(type.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
  return is_loss && top == 0 ? 1 : 0;
}

// Follows the blob names through the layers, in-place ones included.
Usage FindUsage(const NetParameter& param) {
  Usage usage;
  map<string, TopIndex> newest;
  vector<string> names;
  for (int i = 0; i < param.layer_size(); ++i) {
    const LayerParameter& layer = param.layer(i);
    for (int j = 0; j < layer.bottom_size(); ++j) {
      const string& name = layer.bottom(j);
      const auto found = newest.find(name);
      if (found == newest.end()) {
        INPUT_FAIL() << LayerPlace(layer) << ": bottom '" << name
                     << "' is made by no earlier layer"
                     << DidYouMean(name, names) << " (have: "
                     << (names.empty() ? "none" : ListNames(names)) << ")";
      }
      usage.source[{i, j}] = found->second;
      ++usage.readers[found->second];
    }
    for (int j = 0; j < layer.top_size(); ++j) {
      if (newest.count(layer.top(j)) == 0) names.push_back(layer.top(j));
      newest[layer.top(j)] = {i, j};
      const float weight = LossWeight(layer, j);
      if (weight != 0) usage.loss_weight[{i, j}] = weight;
    }
  }
  // The loss itself is one more reader of a top that others read.
  for (const auto& entry : usage.loss_weight) {
    int& readers = usage.readers[entry.first];
    if (readers > 0) ++readers;
  }
  return usage;
}

string SplitBase(const LayerParameter& layer, int top) {
  return layer.top(top) + "_" + layer.name() + "_" + std::to_string(top) +
         "_split";
}

// Moves the loss weight of a top to the split that follows it.
void SilenceLoss(int top, LayerParameter* layer) {
  while (layer->loss_weight_size() < layer->top_size()) {
    layer->add_loss_weight(0);
  }
  layer->set_loss_weight(top, 0);
}

void AppendSplit(const LayerParameter& layer, int top, int readers,
                 float loss_weight, NetParameter* out) {
  LayerParameter* split = out->add_layer();
  split->set_name(SplitBase(layer, top));
  split->set_type("Split");
  if (layer.has_source_location()) {
    split->set_source_location(layer.source_location());
  }
  split->add_bottom(layer.top(top));
  for (int k = 0; k < readers; ++k) {
    split->add_top(SplitBase(layer, top) + "_" + std::to_string(k));
    if (loss_weight != 0) split->add_loss_weight(k == 0 ? loss_weight : 0);
  }
}

}  // namespace

void InsertSplits(const NetParameter& param, NetParameter* out) {
  Usage usage = FindUsage(param);
  map<TopIndex, int> next;  // the next free output of each split
  *out = param;
  out->clear_layer();
  for (int i = 0; i < param.layer_size(); ++i) {
    const int position = out->layer_size();
    *out->add_layer() = param.layer(i);
    LayerParameter* layer = out->mutable_layer(position);
    for (int j = 0; j < layer->bottom_size(); ++j) {
      const TopIndex source = usage.source[{i, j}];
      if (usage.readers[source] < 2) continue;
      layer->set_bottom(j, SplitBase(param.layer(source.first),
                                     source.second) +
                               "_" + std::to_string(next[source]++));
    }
    for (int j = 0; j < param.layer(i).top_size(); ++j) {
      const int readers = usage.readers[{i, j}];
      if (readers < 2) continue;
      const auto loss = usage.loss_weight.find({i, j});
      const bool is_loss = loss != usage.loss_weight.end();
      if (is_loss) {
        // The loss takes the split's first output; readers take the others.
        SilenceLoss(j, out->mutable_layer(position));
        next[{i, j}] = 1;
      }
      AppendSplit(param.layer(i), j, readers, is_loss ? loss->second : 0, out);
    }
  }
}

}  // namespace caffe
