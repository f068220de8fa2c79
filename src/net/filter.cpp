// Which layers of a file a net keeps: include and exclude rules against the
// phase, level and stages.
#include "net/filter.hpp"

#include <algorithm>

#include "caffe/net.hpp"

namespace caffe {

string LayerPlace(const LayerParameter& layer) {
  string place;
  if (layer.has_source_location()) place = layer.source_location() + ": ";
  return place + "layer '" + layer.name() + "' (" + layer.type() + ")";
}

bool StateMeetsRule(const NetState& state, const NetStateRule& rule) {
  if (rule.has_phase() && rule.phase() != state.phase()) return false;
  if (rule.has_min_level() && state.level() < rule.min_level()) return false;
  if (rule.has_max_level() && state.level() > rule.max_level()) return false;
  const set<string> stages(state.stage().begin(), state.stage().end());
  for (const string& stage : rule.stage()) {
    if (stages.count(stage) == 0) return false;
  }
  for (const string& stage : rule.not_stage()) {
    if (stages.count(stage) > 0) return false;
  }
  return true;
}

bool KeepsLayer(const NetState& state, const LayerParameter& layer) {
  const auto met = [&state](const NetStateRule& rule) {
    return StateMeetsRule(state, rule);
  };
  if (layer.include_size() > 0) {
    return std::any_of(layer.include().begin(), layer.include().end(), met);
  }
  return std::none_of(layer.exclude().begin(), layer.exclude().end(), met);
}

void FilterNet(const NetParameter& param, NetParameter* filtered) {
  const NetState& state = param.state();
  *filtered = param;
  filtered->clear_layer();
  for (const LayerParameter& layer : param.layer()) {
    if (layer.include_size() > 0 && layer.exclude_size() > 0) {
      INPUT_FAIL() << LayerPlace(layer)
                   << ": has include and exclude rules; only one kind is "
                      "possible";
    }
    if (KeepsLayer(state, layer)) *filtered->add_layer() = layer;
  }
}

}  // namespace caffe
