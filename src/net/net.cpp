// Net, building: the layers are created and wired one after the other, their
// parameters gathered, and the parts that need no gradient left out.
#include "caffe/net.hpp"

#include <cmath>
#include <new>

#include "core/suggest.hpp"
#include "net/check_labels.hpp"
#include "net/check_phases.hpp"
#include "net/prototxt.hpp"

namespace caffe {

template <typename Dtype>
Net<Dtype>::Net(const NetParameter& param) {
  Init(param);
}

template <typename Dtype>
Net<Dtype>::Net(const string& file, Phase phase, int level,
                const vector<string>* stages) {
  NetParameter param;
  ReadNetFromPrototxt(file, &param);
  param.mutable_state()->set_phase(phase);
  param.mutable_state()->set_level(level);
  if (stages != nullptr) {
    for (const string& stage : *stages) {
      param.mutable_state()->add_stage(stage);
    }
  }
  Init(param);
}

namespace {

// A type that is not there, before what its options would be.
template <typename Dtype>
void CheckType(const LayerParameter& param) {
  try {
    LayerRegistry<Dtype>::CheckType(param);
  } catch (const Error& error) {
    const string place =
        param.has_source_location() ? param.source_location() + ": " : "";
    throw error.At(place + "layer '" + param.name() + "'");
  }
}

// "net.prototxt: " for a net whose layers were read from a file.
string NetPlace(const NetParameter& param) {
  if (param.layer_size() == 0) return "";
  const string& place = param.layer(0).source_location();
  return place.empty() ? "" : place.substr(0, place.rfind(':')) + ": ";
}

}  // namespace

template <typename Dtype>
void Net<Dtype>::Init(const NetParameter& param) {
  name_ = param.name();
  phase_ = param.state().phase();
  debug_info_ = param.debug_info();
  NetParameter filtered, split;
  FilterNet(param, &filtered);
  INPUT_CHECK(filtered.layer_size() > 0)
      << NetPlace(param)
      << (name_.empty() ? "the net" : "net '" + name_ + "'")
      << " has no layers in phase " << Phase_Name(phase_);
  for (const LayerParameter& layer : filtered.layer()) {
    CheckType<Dtype>(layer);
    CheckUnknownFields(layer);
  }
  CheckMining(filtered);
  WarnOfPhase(param, filtered);
  InsertSplits(filtered, &split);
  for (const LayerParameter& layer : split.layer()) AppendLayer(layer);
  PruneBackward();
  if (param.force_backward()) ForceBackward();
  FindOutputs();
  CheckLabelsOfPeople(*this);
}

template <typename Dtype>
string Net<Dtype>::WithoutSplits(int layer_id, string message) const {
  for (const int id : bottom_ids_[layer_id]) {
    const int maker = blob_maker_[id];
    if (string(layers_[maker]->type()) != "Split") continue;
    const string& from = blob_names_[id];
    const string& to = blob_names_[bottom_ids_[maker][0]];
    for (size_t at = message.find(from); at != string::npos;
         at = message.find(from, at + to.size())) {
      message.replace(at, from.size(), to);
    }
  }
  return message;
}

template <typename Dtype>
void Net<Dtype>::AtLayer(int layer_id, bool setting_up,
                         const std::function<void()>& step) const {
  try {
    step();
  } catch (const Error& error) {
    // While a net is set up, a layer's own CHECK speaks of the user's file.
    const bool input = setting_up && error.kind() == Error::kContract;
    throw error
        .With(input ? Error::kInput : error.kind(),
              WithoutSplits(layer_id, error.what()))
        .At(LayerPlace(layers_[layer_id]->layer_param()));
  } catch (const std::bad_alloc&) {
    INPUT_FAIL() << LayerPlace(layers_[layer_id]->layer_param())
                 << ": out of memory";
  }
}

template <typename Dtype>
void Net<Dtype>::AppendLayer(const LayerParameter& given) {
  const int layer_id = static_cast<int>(layers_.size());
  LayerParameter param(given);
  if (!param.has_phase()) param.set_phase(phase_);
  INPUT_CHECK(param.propagate_down_size() == 0 ||
              param.propagate_down_size() == param.bottom_size())
      << LayerPlace(param) << ": has " << param.propagate_down_size()
      << " propagate_down for " << param.bottom_size() << " bottom(s)";
  layers_.push_back(LayerRegistry<Dtype>::CreateLayer(param));
  layer_names_.push_back(param.name());
  AppendBottoms(param, layer_id);
  AppendTops(param, layer_id);
  AtLayer(layer_id, true, [&] {
    layers_[layer_id]->SetUp(bottom_vecs_[layer_id], top_vecs_[layer_id]);
    for (size_t i = 0; i < top_vecs_[layer_id].size(); ++i) {
      const Blob<Dtype>& top = *top_vecs_[layer_id][i];
      INPUT_CHECK(top.count() > 0 || top.num_axes() > 0)
          << "top '" << blob_names_[top_ids_[layer_id][i]]
          << "' has no shape";
      INPUT_CHECK(top.count() > 0)
          << "top '" << blob_names_[top_ids_[layer_id][i]]
          << "' has an axis of 0: its shape is "
          << top.shape_string();
    }
  });
  for (size_t i = 0; i < top_vecs_[layer_id].size(); ++i) {
    blob_loss_weights_[top_ids_[layer_id][i]] =
        layers_[layer_id]->loss(static_cast<int>(i));
  }
  IndexName(param, layer_id);
  AppendParams(param, layer_id);
}

// Parameters and states are found by their layer's name, so of the layers with
// one name only one may have any.
template <typename Dtype>
void Net<Dtype>::IndexName(const LayerParameter& param, int layer_id) {
  const auto stores = [this](int id) {
    return !layers_[id]->blobs().empty() || layers_[id]->HasState();
  };
  const auto known = layer_index_.emplace(param.name(), layer_id);
  if (known.second || !stores(layer_id)) return;
  const int earlier = known.first->second;
  INPUT_CHECK(!stores(earlier))
      << LayerPlace(param) << ": has the name of an earlier layer ("
      << LayerPlace(layers_[earlier]->layer_param())
      << "), and weights are found by the name: give it another";
  known.first->second = layer_id;
}

template <typename Dtype>
void Net<Dtype>::AppendBottoms(const LayerParameter& param, int layer_id) {
  bottom_vecs_.emplace_back();
  bottom_ids_.emplace_back();
  bottom_need_backward_.emplace_back();
  bool need_backward = false;
  for (int i = 0; i < param.bottom_size(); ++i) {
    const int id = blob_index_.at(param.bottom(i));
    bottom_vecs_[layer_id].push_back(blobs_[id].get());
    bottom_ids_[layer_id].push_back(id);
    unread_.erase(param.bottom(i));
    bool wanted = blob_need_backward_[id];
    if (param.propagate_down_size() > 0) wanted = param.propagate_down(i);
    bottom_need_backward_[layer_id].push_back(wanted);
    need_backward = need_backward || wanted;
  }
  layer_need_backward_.push_back(need_backward);
}

template <typename Dtype>
int Net<Dtype>::AppendBlob(const string& name, int layer_id) {
  const int id = static_cast<int>(blobs_.size());
  blobs_.push_back(std::make_shared<Blob<Dtype>>());
  blob_names_.push_back(name);
  blob_index_[name] = id;
  blob_maker_.push_back(layer_id);
  blob_need_backward_.push_back(false);
  blob_loss_weights_.push_back(0);
  return id;
}

template <typename Dtype>
void Net<Dtype>::AppendTops(const LayerParameter& param, int layer_id) {
  top_vecs_.emplace_back();
  top_ids_.emplace_back();
  const Layer<Dtype>& layer = *layers_[layer_id];
  for (int i = 0; i < param.top_size(); ++i) {
    const string& name = param.top(i);
    const auto known = blob_index_.find(name);
    int id;
    if (i < param.bottom_size() && param.bottom(i) == name) {
      INPUT_CHECK(layer.AllowInPlace())
          << LayerPlace(param) << ": cannot work in place: top '" << name
          << "' must have another name than its bottom";
      id = known->second;
    } else {
      INPUT_CHECK(known == blob_index_.end())
          << LayerPlace(param) << ": top '" << name
          << "' is made already by layer '"
          << layer_names_[blob_maker_[known->second]] << "'";
      id = AppendBlob(name, layer_id);
    }
    top_vecs_[layer_id].push_back(blobs_[id].get());
    top_ids_[layer_id].push_back(id);
    unread_.insert(name);
    if (param.type() == "Input") {
      input_blobs_.push_back(blobs_[id].get());
      input_indices_.push_back(id);
    }
  }
  if (!layer.AutoTopBlobs()) return;
  const int wanted = std::max(layer.MinTopBlobs(), layer.ExactNumTopBlobs());
  while (static_cast<int>(top_vecs_[layer_id].size()) < wanted) {
    const string name = "(automatic) " + param.name();
    const int id = AppendBlob(name, layer_id);
    top_vecs_[layer_id].push_back(blobs_[id].get());
    top_ids_[layer_id].push_back(id);
    unread_.insert(name);
  }
}

template <typename Dtype>
void Net<Dtype>::AppendParams(const LayerParameter& param, int layer_id) {
  Layer<Dtype>& layer = *layers_[layer_id];
  const int count = static_cast<int>(layer.blobs().size());
  INPUT_CHECK(layer.layer_param().param_size() <= count)
      << LayerPlace(param) << ": has " << layer.layer_param().param_size()
      << " param { } for " << count << " parameter(s)";
  bool need_backward = layer_need_backward_[layer_id];
  for (int i = 0; i < count; ++i) {
    // The layer may have changed its own copy (BatchNorm fixes its rates).
    const ParamSpec& spec = i < layer.layer_param().param_size()
                                ? layer.layer_param().param(i)
                                : ParamSpec::default_instance();
    INPUT_CHECK(std::isfinite(spec.lr_mult()) &&
                std::isfinite(spec.decay_mult()))
        << LayerPlace(param) << ": param " << i << " has lr_mult "
        << spec.lr_mult() << " and decay_mult " << spec.decay_mult()
        << ", wanted finite numbers";
    const bool learns = spec.lr_mult() != 0;
    need_backward = need_backward || learns;
    layer.set_param_propagate_down(i, learns);
    AtLayer(layer_id, true, [&] { AppendParam(spec, layer_id, i); });
  }
  layer_need_backward_[layer_id] = need_backward;
  if (!need_backward) return;
  for (int id : top_ids_[layer_id]) blob_need_backward_[id] = true;
}

template <typename Dtype>
void Net<Dtype>::AppendParam(const ParamSpec& spec, int layer_id,
                             int param_id) {
  const int net_param_id = static_cast<int>(params_.size());
  params_.push_back(layers_[layer_id]->blobs()[param_id]);
  param_layer_indices_.emplace_back(layer_id, param_id);
  param_display_names_.push_back(
      spec.name().empty() ? std::to_string(param_id) : spec.name());
  const auto owner = param_index_.find(spec.name());
  if (!spec.name().empty() && owner != param_index_.end()) {
    ShareParam(spec, owner->second, net_param_id);
    return;
  }
  param_owners_.push_back(-1);
  if (!spec.name().empty()) param_index_[spec.name()] = net_param_id;
  learnable_ids_.push_back(static_cast<int>(learnable_params_.size()));
  learnable_params_.push_back(params_[net_param_id].get());
  has_params_lr_.push_back(spec.has_lr_mult());
  has_params_decay_.push_back(spec.has_decay_mult());
  params_lr_.push_back(spec.lr_mult());
  params_weight_decay_.push_back(spec.decay_mult());
}

namespace {

// Each sharer may say a rate; two that are said must agree.
void MergeMultiplier(bool said, float value, const string& name,
                     const char* what, vector<bool>* has,
                     vector<float>* values, int id) {
  if (!said) return;
  INPUT_CHECK(!(*has)[id] || (*values)[id] == value)
      << "shared parameter '" << name << "' has " << what << " " << value
      << " here and " << (*values)[id] << " in an earlier layer";
  (*has)[id] = true;
  (*values)[id] = value;
}

}  // namespace

template <typename Dtype>
void Net<Dtype>::ShareParam(const ParamSpec& spec, int owner,
                            int net_param_id) {
  param_owners_.push_back(owner);
  const Blob<Dtype>& mine = *params_[net_param_id];
  const Blob<Dtype>& theirs = *params_[owner];
  const bool permissive = spec.share_mode() == ParamSpec::PERMISSIVE;
  const bool fits = permissive ? mine.count() == theirs.count()
                               : mine.shape() == theirs.shape();
  INPUT_CHECK(fits) << "shared parameter '" << spec.name() << "' is of shape "
                    << mine.shape_string() << " here and of shape "
                    << theirs.shape_string() << " in layer '"
                    << layer_names_[param_layer_indices_[owner].first] << "'";
  const int id = learnable_ids_[owner];
  learnable_ids_.push_back(id);
  MergeMultiplier(spec.has_lr_mult(), spec.lr_mult(), spec.name(), "lr_mult",
                  &has_params_lr_, &params_lr_, id);
  MergeMultiplier(spec.has_decay_mult(), spec.decay_mult(), spec.name(),
                  "decay_mult", &has_params_decay_, &params_weight_decay_, id);
  params_[net_param_id]->ShareData(theirs);
  params_[net_param_id]->ShareDiff(theirs);
}

template <typename Dtype>
void Net<Dtype>::PruneBackward() {
  set<string> under_loss;    // blobs that a loss depends on
  set<string> no_gradient;   // blobs whose gradient nobody wants
  for (int i = static_cast<int>(layers_.size()) - 1; i >= 0; --i) {
    bool contributes = false;
    bool unwanted = true;
    for (size_t j = 0; j < top_ids_[i].size(); ++j) {
      const string& name = blob_names_[top_ids_[i][j]];
      contributes = contributes || under_loss.count(name) > 0 ||
                    layers_[i]->loss(static_cast<int>(j)) != Dtype(0);
      unwanted = unwanted && no_gradient.count(name) > 0;
    }
    if (!contributes || unwanted) layer_need_backward_[i] = false;
    for (size_t j = 0; j < bottom_ids_[i].size(); ++j) {
      const string& name = blob_names_[bottom_ids_[i][j]];
      if (contributes) under_loss.insert(name);
      if (!contributes || unwanted) bottom_need_backward_[i][j] = false;
      if (!bottom_need_backward_[i][j]) no_gradient.insert(name);
    }
  }
}

template <typename Dtype>
void Net<Dtype>::ForceBackward() {
  for (size_t i = 0; i < layers_.size(); ++i) {
    layer_need_backward_[i] = true;
    for (size_t j = 0; j < bottom_ids_[i].size(); ++j) {
      const int bottom = static_cast<int>(j);
      bottom_need_backward_[i][j] = bottom_need_backward_[i][j] ||
                                    layers_[i]->AllowForceBackward(bottom);
    }
    for (size_t j = 0; j < layers_[i]->blobs().size(); ++j) {
      layers_[i]->set_param_propagate_down(static_cast<int>(j), true);
    }
  }
}

template <typename Dtype>
void Net<Dtype>::FindOutputs() {
  for (const string& name : unread_) {
    output_indices_.push_back(blob_index_.at(name));
  }
  std::sort(output_indices_.begin(), output_indices_.end());
  for (int id : output_indices_) output_blobs_.push_back(blobs_[id].get());
}

template <typename Dtype>
bool Net<Dtype>::has_blob(const string& name) const {
  return blob_index_.count(name) > 0;
}

template <typename Dtype>
shared_ptr<Blob<Dtype>> Net<Dtype>::blob_by_name(const string& name) const {
  const auto found = blob_index_.find(name);
  if (found == blob_index_.end()) return nullptr;
  return blobs_[found->second];
}

template <typename Dtype>
bool Net<Dtype>::has_layer(const string& name) const {
  return layer_index_.count(name) > 0;
}

template <typename Dtype>
shared_ptr<Layer<Dtype>> Net<Dtype>::layer_by_name(const string& name) const {
  const auto found = layer_index_.find(name);
  if (found == layer_index_.end()) return nullptr;
  return layers_[found->second];
}

INSTANTIATE_CLASS(Net);

}  // namespace caffe
