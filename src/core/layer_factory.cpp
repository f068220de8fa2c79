// The layer registry: creation by type name, and the message for a type that
// is not there.
#include "caffe/layer_factory.hpp"

#include "caffe/layer.hpp"
#include "core/foreign_names.hpp"
#include "core/suggest.hpp"

namespace caffe {

template <typename Dtype>
typename LayerRegistry<Dtype>::CreatorRegistry&
LayerRegistry<Dtype>::Registry() {
  static CreatorRegistry registry;
  return registry;
}

template <typename Dtype>
void LayerRegistry<Dtype>::AddCreator(const string& type, Creator creator) {
  const bool added = Registry().emplace(type, creator).second;
  CHECK(added) << "layer type " << type << " is registered twice";
}

template <typename Dtype>
void LayerRegistry<Dtype>::CheckType(const LayerParameter& param) {
  INPUT_CHECK(!param.type().empty())
      << "has no type (tercet inspect --layers lists all)";
  if (Registry().count(param.type()) > 0) return;
  const string instead = InsteadOfType(param.type());
  INPUT_FAIL() << "unknown layer type '" << param.type() << "'"
               << (instead.empty()
                       ? DidYouMean(param.type(), LayerTypeList(), 3)
                       : "; " + instead)
               << " (tercet inspect --layers lists all)";
}

template <typename Dtype>
shared_ptr<Layer<Dtype>> LayerRegistry<Dtype>::CreateLayer(
    const LayerParameter& param) {
  CheckType(param);
  return Registry().at(param.type())(param);
}

template <typename Dtype>
vector<string> LayerRegistry<Dtype>::LayerTypeList() {
  vector<string> types;
  for (const auto& entry : Registry()) types.push_back(entry.first);
  return types;
}

template class LayerRegistry<float>;
template class LayerRegistry<double>;

}  // namespace caffe
