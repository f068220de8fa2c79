// Filling nets with weights; see the header.
#include "net/weight_filler.hpp"

#include <algorithm>
#include <utility>

#include "core/suggest.hpp"
#include "net/weights.hpp"

namespace caffe {
namespace {

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
      << " parameter(s) where the net wants " << blobs.size() << kAfresh;
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

bool SameValues(const BlobProto& a, const BlobProto& b) {
  const auto same = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end());
  };
  return same(a.data(), b.data()) && same(a.double_data(), b.double_data());
}

}  // namespace

template <typename Dtype>
vector<typename WeightFiller<Dtype>::Match> WeightFiller<Dtype>::FindMatches(
    const NetParameter& weights, const string& origin) const {
  vector<Match> matches;
  vector<string> ignored;
  for (const LayerParameter& stored : weights.layer()) {
    if (stored.blobs_size() == 0) continue;
    bool known = false;
    for (Net<Dtype>* net : nets_) {
      const auto layer = net->layer_by_name(stored.name());
      if (layer == nullptr) continue;
      CheckFit(stored, layer->blobs(),
               origin + ": layer '" + stored.name() + "' does not fit " +
                   LayerPlace(layer->layer_param()));
      matches.push_back({layer.get(), &stored});
      known = true;
    }
    if (!known) ignored.push_back(stored.name());
  }
  INPUT_CHECK(!matches.empty() || ignored.empty())
      << origin << ": none of its layers has the name of a layer of this net"
      << " (it has: " << ListNames(ignored) << ")";
  if (!ignored.empty()) {
    LOG(INFO) << origin << ": ignored " << ignored.size()
              << " layer(s) that the net lacks: " << ListNames(ignored);
  }
  return matches;
}

template <typename Dtype>
void WeightFiller<Dtype>::Fill(const NetParameter& weights,
                               const string& origin) {
  struct Source {
    const BlobProto* blob;
    string layer;
  };
  map<const SyncedMemory*, Source> sources;
  set<std::pair<const BlobProto*, const BlobProto*>> told;
  for (const Match& match : FindMatches(weights, origin)) {
    const string& name = match.stored->name();
    for (size_t i = 0; i < match.layer->blobs().size(); ++i) {
      Blob<Dtype>* const blob = match.layer->blobs()[i].get();
      const BlobProto& stored = match.stored->blobs(static_cast<int>(i));
      const auto found = sources.find(blob->data().get());
      if (found == sources.end()) {
        sources[blob->data().get()] = {&stored, name};
        CopyValues(stored, blob);
        continue;
      }
      if (found->second.blob == &stored) continue;
      // A train net and a test net may both share it.
      if (told.insert({found->second.blob, &stored}).second &&
          !SameValues(*found->second.blob, stored)) {
        LOG(WARNING) << origin << ": holds different values for layers '"
                     << found->second.layer << "' and '" << name
                     << "', which share parameter " << i
                     << " in the net: those of '" << name << "' are taken";
      }
      found->second = {&stored, name};
      CopyValues(stored, blob);
    }
  }
  for (const auto& source : sources) filled_.insert(source.first);
  origins_ += (origins_.empty() ? "" : ", ") + origin;
}

template <typename Dtype>
void WeightFiller<Dtype>::RefuseNothing() const {
  if (!filled_.empty()) return;
  vector<string> wanted;
  for (const auto& layer : nets_[0]->layers()) {
    if (!layer->blobs().empty()) wanted.push_back(layer->layer_param().name());
  }
  INPUT_CHECK(wanted.empty())
      << origins_ << ": holds no weights, only layers without; wanted weights "
      << "for " << ListNames(wanted);
}

template <typename Dtype>
void WeightFiller<Dtype>::Report() const {
  RefuseNothing();
  set<const SyncedMemory*> seen = filled_;
  for (size_t i = 0; i < nets_.size(); ++i) {
    vector<string> unfilled;
    for (const auto& layer : nets_[i]->layers()) {
      bool whole = true;
      for (const auto& blob : layer->blobs()) {
        whole = whole && seen.count(blob->data().get()) > 0;
      }
      if (!whole) unfilled.push_back(layer->layer_param().name());
    }
    // What a test net shares is told of once, with the net that owns it.
    for (const auto& blob : nets_[i]->params()) {
      seen.insert(blob->data().get());
    }
    if (unfilled.empty()) continue;
    LOG(WARNING) << origins_ << ": has nothing for " << unfilled.size()
                 << " layer(s) of "
                 << (i == 0 ? "the net" : "test net #" + std::to_string(i - 1))
                 << ", which keep their initial values: "
                 << ListNames(unfilled);
  }
}

template <typename Dtype>
void FillFromFiles(const vector<string>& files, Net<Dtype>* net) {
  WeightFiller<Dtype> filler({net});
  for (const string& file : files) {
    NetParameter weights;
    ReadWeights(file, &weights);
    filler.Fill(weights, file);
  }
  if (!files.empty()) filler.Report();
}

template class WeightFiller<float>;
template class WeightFiller<double>;
template void FillFromFiles<float>(const vector<string>&, Net<float>*);
template void FillFromFiles<double>(const vector<string>&, Net<double>*);

}  // namespace caffe
