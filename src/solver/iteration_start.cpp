// The start of an iteration; see the header.
#include "solver/iteration_start.hpp"

namespace caffe {
namespace {

template <typename Dtype, typename Use>
void ForEachWrittenParam(const Net<Dtype>& net, const Use& use) {
  for (const auto& layer : net.layers()) {
    if (!layer->ForwardWritesParams()) continue;
    for (const auto& blob : layer->blobs()) use(blob.get());
  }
}

}  // namespace

template <typename Dtype>
void IterationStart<Dtype>::Remember(const Net<Dtype>& net) {
  rng_ = Caffe::rng();
  for (const auto& layer : net.layers()) {
    const int64_t taken = layer->BatchesTaken();
    if (taken >= 0) taken_[layer->layer_param().name()] = taken;
  }
  size_t count = 0;
  ForEachWrittenParam(net, [&](const Blob<Dtype>* param) {
    if (count == written_.size()) written_.emplace_back(new Blob<Dtype>);
    written_[count++]->CopyFrom(*param, false, true);
  });
}

template <typename Dtype>
void IterationStart<Dtype>::PutBackParams(const Net<Dtype>& net) const {
  size_t count = 0;
  ForEachWrittenParam(net, [&](Blob<Dtype>* param) {
    param->CopyFrom(*written_.at(count++));
  });
}

template <typename Dtype>
void IterationStart<Dtype>::PutBack(const std::string& prefix,
                                    const Net<Dtype>& net,
                                    SolverState* state) const {
  PutBackParams(net);
  state->mutable_rng()->set_key(rng_.seed());
  state->mutable_rng()->set_stream(rng_.stream());
  state->mutable_rng()->set_counter(rng_.position());
  for (LayerState& layer : *state->mutable_layer_state()) {
    if (layer.name().compare(0, prefix.size(), prefix) != 0) continue;
    const auto found = taken_.find(layer.name().substr(prefix.size()));
    if (found != taken_.end()) layer.set_cursor(found->second);
  }
}

template class IterationStart<float>;
template class IterationStart<double>;

}  // namespace caffe
