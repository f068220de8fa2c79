// Net, parameters: sharing them with other nets, and writing them. How they are
// filled from files is weight_filler.cpp.
#include <algorithm>

#include "caffe/net.hpp"
#include "net/weight_filler.hpp"
#include "net/weights.hpp"

namespace caffe {
// The parameter of another net that is one of this one's by its layer's name
// and by its own: an index of other.params(), or -1. Error kInput where the two
// say different things.
template <typename Dtype>
int Net<Dtype>::ParamIn(const Net& other, int net_param_id) const {
  const pair<int, int>& place = param_layer_indices_[net_param_id];
  const LayerParameter& layer = layers_[place.first]->layer_param();
  const auto same_layer = other.layer_index_.find(layer.name());
  int by_layer = -1;
  if (same_layer != other.layer_index_.end()) {
    const pair<int, int> there(same_layer->second, place.second);
    by_layer = static_cast<int>(
        std::find(other.param_layer_indices_.begin(),
                  other.param_layer_indices_.end(), there) -
        other.param_layer_indices_.begin());
  }
  const string name =
      place.second < layer.param_size() ? layer.param(place.second).name() : "";
  const auto same_name = other.param_index_.find(name);
  if (name.empty() || same_name == other.param_index_.end()) return by_layer;
  const int by_name = same_name->second;
  INPUT_CHECK(by_layer < 0 || other.learnable_ids_[by_layer] ==
                                  other.learnable_ids_[by_name])
      << "parameter " << place.second << " has the name '" << name
      << "', and so has another than this layer's own in the net that is "
         "trained: give it the same param names in both";
  return by_name;
}

template <typename Dtype>
void Net<Dtype>::ShareTrainedLayersWith(const Net* other) {
  for (const auto& named : layer_index_) {
    const auto found = other->layer_index_.find(named.first);
    if (found == other->layer_index_.end()) continue;
    const size_t mine = layers_[named.second]->blobs().size();
    const size_t theirs = other->layers_[found->second]->blobs().size();
    AtLayer(named.second, true, [&] {
      INPUT_CHECK(mine == theirs)
          << "has " << mine << " parameter(s), and the layer of this "
          << "name in the other net has " << theirs;
    });
  }
  // Of each parameter, with all that share it, the other net's.
  vector<int> source(params_.size(), -1);
  for (size_t i = 0; i < params_.size(); ++i) {
    const int id = static_cast<int>(i);
    const pair<int, int>& place = param_layer_indices_[i];
    AtLayer(place.first, true, [&] {
      const int found = ParamIn(*other, id);
      if (found < 0) return;
      const Blob<Dtype>& theirs = *other->params_[found];
      const int owner = param_owners_[i] < 0 ? id : param_owners_[i];
      INPUT_CHECK(params_[i]->shape() == theirs.shape() ||
                  (owner != id && params_[i]->count() == theirs.count()))
          << "parameter " << place.second << " is of shape "
          << params_[i]->shape_string() << ", and in the other net of shape "
          << theirs.shape_string();
      INPUT_CHECK(source[owner] < 0 || other->learnable_ids_[source[owner]] ==
                                           other->learnable_ids_[found])
          << "parameter " << place.second << " is one with that of layer '"
          << layer_names_[param_layer_indices_[owner].first]
          << "' here, and another in the net that is trained: give them the "
             "same param names in both";
      source[owner] = found;
    });
  }
  for (size_t i = 0; i < params_.size(); ++i) {
    const int owner =
        param_owners_[i] < 0 ? static_cast<int>(i) : param_owners_[i];
    if (source[owner] < 0) continue;
    params_[i]->ShareData(*other->params_[source[owner]]);
  }
}

template <typename Dtype>
void Net<Dtype>::CopyTrainedLayersFrom(const NetParameter& weights,
                                       const string& origin) {
  WeightFiller<Dtype> filler({this});
  filler.Fill(weights, origin);
  filler.Report();
}

template <typename Dtype>
void Net<Dtype>::CopyTrainedLayersFrom(const string& file) {
  NetParameter weights;
  ReadWeights(file, &weights);
  CopyTrainedLayersFrom(weights, file);
}

template <typename Dtype>
void Net<Dtype>::ToProto(NetParameter* param, bool write_diff) const {
  param->Clear();
  param->set_name(name_);
  for (const auto& layer : layers_) {
    layer->ToProto(param->add_layer(), write_diff);
  }
}

template class Net<float>;
template class Net<double>;

}  // namespace caffe
