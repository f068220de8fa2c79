// Layer: what all layers share. Setting up, counting blobs, loss weights and
// the dispatch to the CPU or GPU functions.
#include "caffe/layer.hpp"

#include <mutex>

namespace caffe {

template <typename Dtype>
Layer<Dtype>::Layer(const LayerParameter& param)
    : layer_param_(param), phase_(param.phase()) {
  for (const BlobProto& stored : param.blobs()) {
    blobs_.push_back(std::make_shared<Blob<Dtype>>());
    blobs_.back()->FromProto(stored);
  }
}

template <typename Dtype>
void Layer<Dtype>::SetUp(const vector<Blob<Dtype>*>& bottom,
                         const vector<Blob<Dtype>*>& top) {
  CheckBlobCounts(bottom, top);
  LayerSetUp(bottom, top);
  Reshape(bottom, top);
  SetLossWeights(top);
}

namespace {

// Under debug_sync: whatever the GPU was given is done, or its error thrown.
void SyncForDebug() {
#ifdef TERCET_CUDA
  if (Caffe::debug_sync() && Caffe::mode() == Caffe::GPU) {
    CUDA_CHECK(cudaDeviceSynchronize());
  }
#endif
}

}  // namespace

template <typename Dtype>
Dtype Layer<Dtype>::Forward(const vector<Blob<Dtype>*>& bottom,
                            const vector<Blob<Dtype>*>& top) {
  Reshape(bottom, top);
  const bool on_gpu = Caffe::mode() == Caffe::GPU;
  if (on_gpu) {
    Forward_gpu(bottom, top);
  } else {
    Forward_cpu(bottom, top);
  }
  SyncForDebug();
  Dtype total = 0;
  for (size_t i = 0; i < top.size(); ++i) {
    if (this->loss(static_cast<int>(i)) == Dtype(0)) continue;
    const int count = top[i]->count();
#ifdef TERCET_CUDA
    if (on_gpu) {
      Dtype part = 0;
      caffe_gpu_dot(count, top[i]->gpu_data(), top[i]->gpu_diff(), &part);
      total += part;
      continue;
    }
#endif
    total += caffe_cpu_dot(count, top[i]->cpu_data(), top[i]->cpu_diff());
  }
  return total;
}

template <typename Dtype>
void Layer<Dtype>::Backward(const vector<Blob<Dtype>*>& top,
                            const vector<bool>& propagate_down,
                            const vector<Blob<Dtype>*>& bottom) {
  if (Caffe::mode() == Caffe::GPU) {
    Backward_gpu(top, propagate_down, bottom);
  } else {
    Backward_cpu(top, propagate_down, bottom);
  }
  SyncForDebug();
}

namespace {

void SayNoKernel(const char* type) {
  static std::mutex mutex;
  static set<string> said;
  std::lock_guard<std::mutex> lock(mutex);
  if (said.insert(type).second) {
    LOG(WARNING) << "layer type " << type
                 << " has no GPU code: it runs on the CPU";
  }
}

}  // namespace

template <typename Dtype>
void Layer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) {
  SayNoKernel(type());
  Forward_cpu(bottom, top);
}

template <typename Dtype>
void Layer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                const vector<bool>& propagate_down,
                                const vector<Blob<Dtype>*>& bottom) {
  SayNoKernel(type());
  Backward_cpu(top, propagate_down, bottom);
}

template <typename Dtype>
void Layer<Dtype>::ToProto(LayerParameter* param, bool write_diff) {
  param->Clear();
  param->set_name(layer_param_.name());
  param->set_type(layer_param_.type());
  for (const auto& blob : blobs_) blob->ToProto(param->add_blobs(), write_diff);
}

template <typename Dtype>
void Layer<Dtype>::set_loss(int top_index, Dtype value) {
  if (static_cast<int>(loss_.size()) <= top_index) {
    loss_.resize(top_index + 1, Dtype(0));
  }
  loss_[top_index] = value;
}

template <typename Dtype>
void Layer<Dtype>::set_param_propagate_down(const int param_id,
                                            const bool value) {
  if (static_cast<int>(param_propagate_down_.size()) <= param_id) {
    param_propagate_down_.resize(param_id + 1, true);
  }
  param_propagate_down_[param_id] = value;
}

namespace {

void CheckCount(const char* what, int have, int exact, int min, int max) {
  INPUT_CHECK(exact < 0 || have == exact)
      << "takes exactly " << exact << " " << what << "(s), and has " << have;
  INPUT_CHECK(min < 0 || have >= min)
      << "takes at least " << min << " " << what << "(s), and has " << have;
  INPUT_CHECK(max < 0 || have <= max)
      << "takes at most " << max << " " << what << "(s), and has " << have;
}

}  // namespace

template <typename Dtype>
void Layer<Dtype>::CheckBlobCounts(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) const {
  CheckCount("bottom", static_cast<int>(bottom.size()), ExactNumBottomBlobs(),
             MinBottomBlobs(), MaxBottomBlobs());
  CheckCount("top", static_cast<int>(top.size()), ExactNumTopBlobs(),
             MinTopBlobs(), MaxTopBlobs());
  if (EqualNumBottomTopBlobs()) {
    INPUT_CHECK(bottom.size() == top.size())
        << "takes as many tops as bottoms, and has " << bottom.size()
        << " bottom(s) and " << top.size() << " top(s)";
  }
}

template <typename Dtype>
void Layer<Dtype>::SetLossWeights(const vector<Blob<Dtype>*>& top) {
  const int given = layer_param_.loss_weight_size();
  if (given == 0) return;
  INPUT_CHECK(given == static_cast<int>(top.size()))
      << "has " << given << " loss_weight(s) for " << top.size() << " top(s)";
  for (size_t i = 0; i < top.size(); ++i) {
    const Dtype weight = layer_param_.loss_weight(static_cast<int>(i));
    INPUT_CHECK(std::isfinite(weight))
        << "loss_weight is not a finite number";
    if (weight == Dtype(0)) continue;
    set_loss(static_cast<int>(i), weight);
    caffe_set(top[i]->count(), weight, top[i]->mutable_cpu_diff());
  }
}

template class Layer<float>;
template class Layer<double>;

}  // namespace caffe
