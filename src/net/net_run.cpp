// Net, running: forward, backward, and the reports about values on the way.
#include <algorithm>
#include <cmath>

#include "caffe/net.hpp"

namespace caffe {

template <typename Dtype>
Dtype Net<Dtype>::ForwardFromTo(int start, int end) {
  CHECK_GE(start, 0);
  CHECK_LT(end, static_cast<int>(layers_.size()));
  Dtype loss = 0;
  for (int i = start; i <= end; ++i) {
    AtLayer(i, false, [&] {
      loss += layers_[i]->Forward(bottom_vecs_[i], top_vecs_[i]);
    });
    if (debug_info_) ForwardDebugInfo(i);
  }
  return loss;
}

template <typename Dtype>
Dtype Net<Dtype>::ForwardFrom(int start) {
  return ForwardFromTo(start, static_cast<int>(layers_.size()) - 1);
}

template <typename Dtype>
Dtype Net<Dtype>::ForwardTo(int end) {
  return ForwardFromTo(0, end);
}

template <typename Dtype>
const vector<Blob<Dtype>*>& Net<Dtype>::Forward(Dtype* loss) {
  const Dtype value = ForwardFrom(0);
  if (loss != nullptr) *loss = value;
  return output_blobs_;
}

template <typename Dtype>
void Net<Dtype>::BackwardFromTo(int start, int end) {
  CHECK_GE(end, 0);
  CHECK_LT(start, static_cast<int>(layers_.size()));
  for (int i = start; i >= end; --i) {
    if (!layer_need_backward_[i]) continue;
    AtLayer(i, false, [&] {
      layers_[i]->Backward(top_vecs_[i], bottom_need_backward_[i],
                           bottom_vecs_[i]);
    });
    if (debug_info_) BackwardDebugInfo(i);
  }
}

template <typename Dtype>
void Net<Dtype>::Backward() {
  BackwardFromTo(static_cast<int>(layers_.size()) - 1, 0);
}

template <typename Dtype>
Dtype Net<Dtype>::ForwardBackward() {
  Dtype loss;
  Forward(&loss);
  Backward();
  return loss;
}

template <typename Dtype>
void Net<Dtype>::Reshape() {
  for (size_t i = 0; i < layers_.size(); ++i) {
    AtLayer(static_cast<int>(i), true, [&] {
      layers_[i]->Reshape(bottom_vecs_[i], top_vecs_[i]);
    });
  }
}

template <typename Dtype>
void Net<Dtype>::set_iteration(int iteration) {
  for (const auto& layer : layers_) layer->set_iteration(iteration);
}

template <typename Dtype>
void Net<Dtype>::ClearParamDiffs() {
  for (Blob<Dtype>* param : learnable_params_) {
#ifdef TERCET_CUDA
    if (Caffe::mode() == Caffe::GPU) {
      caffe_gpu_set(param->count(), Dtype(0), param->mutable_gpu_diff());
      continue;
    }
#endif
    caffe_set(param->count(), Dtype(0), param->mutable_cpu_diff());
  }
}

template <typename Dtype>
void Net<Dtype>::Update() {
  for (Blob<Dtype>* param : learnable_params_) param->Update();
}

namespace {

template <typename Dtype>
Dtype MeanAbsolute(Dtype sum, const Blob<Dtype>& blob) {
  return sum / std::max(blob.count(), 1);
}

}  // namespace

template <typename Dtype>
void Net<Dtype>::ForwardDebugInfo(int layer_id) const {
  for (size_t i = 0; i < top_vecs_[layer_id].size(); ++i) {
    const Blob<Dtype>& blob = *top_vecs_[layer_id][i];
    LOG(INFO) << "    [Forward] Layer " << layer_names_[layer_id]
              << ", top blob " << blob_names_[top_ids_[layer_id][i]]
              << " data: " << MeanAbsolute(blob.asum_data(), blob);
  }
  for (size_t i = 0; i < layers_[layer_id]->blobs().size(); ++i) {
    const Blob<Dtype>& blob = *layers_[layer_id]->blobs()[i];
    LOG(INFO) << "    [Forward] Layer " << layer_names_[layer_id]
              << ", param blob " << i
              << " data: " << MeanAbsolute(blob.asum_data(), blob);
  }
}

template <typename Dtype>
void Net<Dtype>::BackwardDebugInfo(int layer_id) const {
  const vector<Blob<Dtype>*>& bottoms = bottom_vecs_[layer_id];
  for (size_t i = 0; i < bottoms.size(); ++i) {
    if (!bottom_need_backward_[layer_id][i]) continue;
    LOG(INFO) << "    [Backward] Layer " << layer_names_[layer_id]
              << ", bottom blob " << blob_names_[bottom_ids_[layer_id][i]]
              << " diff: "
              << MeanAbsolute(bottoms[i]->asum_diff(), *bottoms[i]);
  }
  for (size_t i = 0; i < layers_[layer_id]->blobs().size(); ++i) {
    if (!layers_[layer_id]->param_propagate_down(static_cast<int>(i))) continue;
    const Blob<Dtype>& blob = *layers_[layer_id]->blobs()[i];
    LOG(INFO) << "    [Backward] Layer " << layer_names_[layer_id]
              << ", param blob " << i
              << " diff: " << MeanAbsolute(blob.asum_diff(), blob);
  }
}

template <typename Dtype>
string Net<Dtype>::NonFiniteIn(int layer_id, bool gradients) const {
  const string by =
      " of " + LayerPlace(layers_[layer_id]->layer_param());
  // Value by value: the sum of large ones is not finite either.
  string place;
  const auto bad = [gradients, &place](const Blob<Dtype>& blob) {
    const Dtype* values = gradients ? blob.cpu_diff() : blob.cpu_data();
    const Dtype* end = values + blob.count();
    const Dtype* found = std::find_if(
        values, end, [](Dtype value) { return !std::isfinite(value); });
    if (found == end) return false;
    if (blob.num_axes() > 0) {
      place = ", row " + std::to_string((found - values) / blob.count(1));
    }
    return true;
  };
  const string kind = gradients ? "gradient of " : "";
  const auto& params = layers_[layer_id]->blobs();
  for (size_t i = 0; i < params.size(); ++i) {
    if (bad(*params[i])) return kind + "parameter " + std::to_string(i) + by;
  }
  const vector<Blob<Dtype>*>& blobs =
      gradients ? bottom_vecs_[layer_id] : top_vecs_[layer_id];
  const vector<int>& ids =
      gradients ? bottom_ids_[layer_id] : top_ids_[layer_id];
  for (size_t i = 0; i < blobs.size(); ++i) {
    if (gradients && !bottom_need_backward_[layer_id][i]) continue;
    if (bad(*blobs[i])) {
      return kind + "blob '" + blob_names_[ids[i]] + "'" + by + place;
    }
  }
  return "";
}

template <typename Dtype>
string Net<Dtype>::FirstNonFinite() const {
  const int count = static_cast<int>(layers_.size());
  for (int i = 0; i < count; ++i) {
    const string found = NonFiniteIn(i, false);
    if (!found.empty()) return found;
  }
  for (int i = count - 1; i >= 0; --i) {
    if (!layer_need_backward_[i]) continue;
    const string found = NonFiniteIn(i, true);
    if (!found.empty()) return found;
  }
  return "";
}

template class Net<float>;
template class Net<double>;

}  // namespace caffe
