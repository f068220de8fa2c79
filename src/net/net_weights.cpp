// Net, parameters: copying them from files and other nets, and writing them.
#include "caffe/net.hpp"
#include "core/suggest.hpp"
#include "net/weights.hpp"

namespace caffe {
namespace {

// One line each for what stays without a partner.
void ReportUnmatched(const string& origin, const vector<string>& ignored,
                     const vector<string>& unfilled) {
  if (!ignored.empty()) {
    LOG(INFO) << origin << ": ignored " << ignored.size()
              << " layer(s) that the net lacks: " << ListNames(ignored);
  }
  if (!unfilled.empty()) {
    LOG(WARNING) << origin << ": has nothing for " << unfilled.size()
                 << " layer(s) of the net, which keep their initial values: "
                 << ListNames(unfilled);
  }
}

// Weights go by the names of layers.
constexpr char kAfresh[] =
    " (to learn the layer afresh, give it another name in the net)";

// Refuses what a file holds for a layer where the parameters are others.
template <typename Dtype>
void CheckFit(const LayerParameter& stored,
              const vector<shared_ptr<Blob<Dtype>>>& blobs,
              const string& place) {
  INPUT_CHECK(stored.blobs_size() == static_cast<int>(blobs.size()))
      << place << ": it has " << stored.blobs_size()
      << " parameter(s) where the net wants " << blobs.size()
      << kAfresh;
  for (int i = 0; i < stored.blobs_size(); ++i) {
    INPUT_CHECK(StoredShapeFits(stored.blobs(i), blobs[i]->shape()))
        << place << ": its parameter " << i << " is of shape "
        << ShapeText(StoredShape(stored.blobs(i))) << " where the net wants "
        << ShapeText(blobs[i]->shape()) << kAfresh;
  }
}

// The values alone: the shape, which may be written in an old form, stays.
template <typename Dtype>
void CopyValues(BlobProto stored, Blob<Dtype>* blob) {
  stored.clear_num();
  stored.clear_channels();
  stored.clear_height();
  stored.clear_width();
  stored.clear_shape();
  for (int dim : blob->shape()) stored.mutable_shape()->add_dim(dim);
  blob->FromProto(stored, false);
}

}  // namespace

template <typename Dtype>
void Net<Dtype>::ShareTrainedLayersWith(const Net* other) {
  for (size_t i = 0; i < other->layers().size(); ++i) {
    const auto found = layer_index_.find(other->layer_names()[i]);
    if (found == layer_index_.end()) continue;
    auto& theirs = other->layers()[i]->blobs();
    auto& mine = layers_[found->second]->blobs();
    AtLayer(found->second, true, [&] {
      INPUT_CHECK(mine.size() == theirs.size())
          << "has " << mine.size() << " parameter(s), and the layer of this "
          << "name in the other net has " << theirs.size();
      for (size_t j = 0; j < mine.size(); ++j) {
        INPUT_CHECK(mine[j]->shape() == theirs[j]->shape())
            << "parameter " << j << " is of shape " << mine[j]->shape_string()
            << ", and in the other net of shape " << theirs[j]->shape_string();
        mine[j]->ShareData(*theirs[j]);
      }
    });
  }
}

template <typename Dtype>
void Net<Dtype>::CopyTrainedLayersFrom(const NetParameter& weights,
                                       const string& origin) {
  vector<pair<int, const LayerParameter*>> matches;
  vector<string> ignored;
  set<string> filled;
  for (const LayerParameter& stored : weights.layer()) {
    if (stored.blobs_size() == 0) continue;
    const auto found = layer_index_.find(stored.name());
    if (found == layer_index_.end()) {
      ignored.push_back(stored.name());
      continue;
    }
    Layer<Dtype>& layer = *layers_[found->second];
    CheckFit(stored, layer.blobs(),
             origin + ": layer '" + stored.name() + "' does not fit " +
                 LayerPlace(layer.layer_param()));
    matches.emplace_back(found->second, &stored);
    filled.insert(stored.name());
  }
  INPUT_CHECK(!matches.empty() || ignored.empty())
      << origin << ": none of its layers has the name of a layer of this net"
      << " (it has: " << ListNames(ignored) << ")";
  for (const auto& match : matches) {
    const auto& blobs = layers_[match.first]->blobs();
    for (size_t i = 0; i < blobs.size(); ++i) {
      CopyValues(match.second->blobs(static_cast<int>(i)), blobs[i].get());
    }
  }
  vector<string> unfilled;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool has_params = !layers_[i]->blobs().empty();
    if (has_params && filled.count(layer_names_[i]) == 0) {
      unfilled.push_back(layer_names_[i]);
    }
  }
  ReportUnmatched(origin, ignored, unfilled);
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
