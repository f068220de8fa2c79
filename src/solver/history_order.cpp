// The order of histories; see the header.
#include "solver/history_order.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/suggest.hpp"

namespace caffe {
namespace {

// The users of a parameter: layers, and which of their blobs it is.
typedef std::vector<std::pair<std::string, int>> Users;

template <typename Dtype>
std::vector<Users> UsersIn(const Net<Dtype>& net) {
  std::vector<Users> all(net.learnable_params().size());
  for (size_t i = 0; i < net.params().size(); ++i) {
    const auto& place = net.param_layer_indices()[i];
    all[net.learnable_param_ids()[i]].emplace_back(
        net.layer_names()[place.first], place.second);
  }
  return all;
}

std::vector<Users> UsersIn(const SolverState& state) {
  std::vector<Users> all;
  for (const ParamPlace& place : state.history_of()) {
    INPUT_CHECK(place.layer_size() > 0 &&
                place.layer_size() == place.blob_size())
        << "is damaged: a history belongs to nobody";
    all.emplace_back();
    for (int i = 0; i < place.layer_size(); ++i) {
      all.back().emplace_back(place.layer(i), place.blob(i));
    }
  }
  return all;
}

// Each blob of each layer: weights do not tell which of them are one.
std::vector<Users> UsersIn(const NetParameter& weights) {
  std::vector<Users> all;
  for (const LayerParameter& layer : weights.layer()) {
    for (int i = 0; i < layer.blobs_size(); ++i) {
      all.push_back({{layer.name(), i}});
    }
  }
  return all;
}

template <typename Dtype>
std::vector<std::string> LayersWithParams(const Net<Dtype>& net) {
  std::vector<std::string> names;
  for (const auto& layer : net.layers()) {
    if (!layer->blobs().empty()) names.push_back(layer->layer_param().name());
  }
  return names;
}

std::vector<std::string> LayersWithParams(const NetParameter& weights) {
  std::vector<std::string> names;
  for (const LayerParameter& layer : weights.layer()) {
    if (layer.blobs_size() > 0) names.push_back(layer.name());
  }
  return names;
}

std::vector<std::string> LayersOf(const std::vector<Users>& all) {
  std::vector<std::string> names;
  for (const Users& users : all) {
    for (const auto& user : users) {
      if (names.empty() || names.back() != user.first) {
        names.push_back(user.first);
      }
    }
  }
  return names;
}

// Those of `names` that are not among `others`.
std::vector<std::string> Missing(const std::vector<std::string>& names,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::find(others.begin(), others.end(), name) == others.end()) {
      missing.push_back(name);
    }
  }
  return missing;
}

void CheckSameLayers(const std::vector<Users>& wanted,
                     const std::vector<Users>& stored) {
  const auto fresh = Missing(LayersOf(wanted), LayersOf(stored));
  const auto gone = Missing(LayersOf(stored), LayersOf(wanted));
  INPUT_CHECK(fresh.empty() && gone.empty())
      << "is of another net: it has "
      << (gone.empty() ? "" : "layer(s) " + ListNames(gone) +
                                  ", which this net lacks")
      << (gone.empty() || fresh.empty() ? "" : ", and ")
      << (fresh.empty() ? "" : "nothing for this net's layer(s) " +
                                   ListNames(fresh));
}

// Which of the stored histories each parameter's is.
std::vector<int> Sources(const std::vector<Users>& wanted,
                         const std::vector<Users>& stored) {
  std::map<std::pair<std::string, int>, int> places;
  for (size_t i = 0; i < stored.size(); ++i) {
    for (const auto& user : stored[i]) places[user] = static_cast<int>(i);
  }
  std::vector<int> sources;
  std::vector<bool> taken(stored.size(), false);
  for (const Users& users : wanted) {
    int source = -1;
    for (const auto& user : users) {
      const auto found = places.find(user);
      if (found == places.end()) continue;
      const bool same = source < 0 || source == found->second;
      INPUT_CHECK(same && (source >= 0 || !taken[found->second]))
          << "is of another net: parameter " << user.second << " of layer '"
          << user.first << "' is shared in only one of the two";
      source = found->second;
      taken[source] = true;
    }
    INPUT_CHECK(source >= 0)
        << "has no history for parameter " << users[0].second << " of layer '"
        << users[0].first << "'";
    sources.push_back(source);
  }
  INPUT_CHECK(sources.size() == stored.size())
      << "holds the histories of " << stored.size()
      << " parameters, where this net has " << sources.size();
  return sources;
}

}  // namespace

template <typename Dtype>
std::string HistoryName(const Net<Dtype>& net, int i) {
  const auto user = UsersIn(net)[i][0];
  return "the history of layer '" + user.first + "', parameter " +
         std::to_string(user.second);
}

template <typename Dtype>
void NameHistory(const Net<Dtype>& net, SolverState* state) {
  state->clear_history_of();
  for (const Users& users : UsersIn(net)) {
    ParamPlace* place = state->add_history_of();
    for (const auto& user : users) {
      place->add_layer(user.first);
      place->add_blob(user.second);
    }
  }
}

template <typename Dtype>
void OrderHistory(const Net<Dtype>& net, const NetParameter& weights,
                  int histories, SolverState* state) {
  const std::vector<Users> wanted = UsersIn(net);
  const bool named = state->history_of_size() > 0 || wanted.empty();
  std::vector<Users> stored = named ? UsersIn(*state) : UsersIn(weights);
  CheckSameLayers(wanted, stored);
  const size_t held = state->history_size();
  if (!named && held != stored.size() * histories) {
    // Some parameters are one, and the weights do not say which.
    INPUT_CHECK(LayersWithParams(net) == LayersWithParams(weights))
        << "is of a net whose layers stand in another order: "
        << ListNames(LayersWithParams(weights));
    return;
  }
  const std::vector<int> sources = Sources(wanted, stored);
  INPUT_CHECK(held == sources.size() * histories)
      << "holds " << held << " blobs of history, where this solver has "
      << sources.size() * histories << " for this net";
  google::protobuf::RepeatedPtrField<BlobProto> before;
  before.Swap(state->mutable_history());
  for (int k = 0; k < histories; ++k) {
    const int first = k * static_cast<int>(sources.size());
    for (const int source : sources) {
      state->add_history()->Swap(before.Mutable(first + source));
    }
  }
}

#define TERCET_INSTANTIATE_HISTORY(Dtype)                                    \
  template std::string HistoryName(const Net<Dtype>&, int);                  \
  template void NameHistory(const Net<Dtype>&, SolverState*);                \
  template void OrderHistory(const Net<Dtype>&, const NetParameter&, int,    \
                             SolverState*)
TERCET_INSTANTIATE_HISTORY(float);
TERCET_INSTANTIATE_HISTORY(double);
#undef TERCET_INSTANTIATE_HISTORY

}  // namespace caffe
