// Accuracy on the GPU: the functions of accuracy_layer.cpp, in its order; one
// warp a position. Only whole numbers are added atomically.
#include "caffe/layers/accuracy_layer.hpp"
#include "math/channels.cuh"
#include "layers/labels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void FindRight(const ChannelShape& shape, const LabelRule& rule, int top_k,
               const Dtype* scores, const Dtype* labels, int* right) {
  ForEachWarp(shape.per_channel(), [=] __device__(int64_t i, int lane) {
    if (rule.Ignores(labels[i])) {
      if (lane == 0) right[i] = -1;
      return;
    }
    const Dtype* score =
        scores + shape.Start(i / shape.inner, 0) + i % shape.inner;
    const int64_t label = static_cast<int64_t>(labels[i]);
    const Dtype own = score[label * shape.inner];
    int before = 0;
    for (int64_t c = lane; c < shape.channels; c += kWarpSize) {
      before += c != label && Outranks(score[c * shape.inner], own);
    }
    before = WarpSum(before);
    if (lane == 0) right[i] = before < top_k;
  });
}

template <typename Dtype>
void Share(const ChannelShape& shape, const int* right, double* sums,
           Dtype* accuracy) {
  ChannelSumsOnDevice(
      ChannelShape{1, 1, shape.per_channel()}, sums,
      [=] __device__(int64_t i, int64_t) -> double { return right[i] == 1; },
      [=] __device__(int64_t i, int64_t) -> double { return right[i] >= 0; });
  ForEach(1, [=] __device__(int64_t) {
    accuracy[0] =
        sums[1] == 0 ? Dtype(0) : static_cast<Dtype>(sums[0]) / sums[1];
  });
}

template <typename Dtype>
void ClassAccuracy(const ChannelShape& shape, const Dtype* labels,
                   const int* right, int* counts, Dtype* accuracy) {
  const int64_t classes = shape.channels;
  ForEach(2 * classes, [=] __device__(int64_t k) { counts[k] = 0; });
  ForEach(shape.per_channel(), [=] __device__(int64_t i) {
    if (right[i] < 0) return;
    const int64_t label = static_cast<int64_t>(labels[i]);
    atomicAdd(counts + label, right[i]);
    atomicAdd(counts + classes + label, 1);
  });
  ForEach(classes, [=] __device__(int64_t c) {
    const int all = counts[classes + c];
    accuracy[c] = all == 0 ? Dtype(0) : static_cast<Dtype>(counts[c]) / all;
  });
}

}  // namespace

template <typename Dtype>
void AccuracyLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const Dtype* labels = bottom[1]->gpu_data();
  CheckLabelsOnDevice(Rule(), *bottom[1], shape_.per_channel(), shape_.inner,
                      &bad_label_);
  int* right = right_.mutable_gpu_data();
  FindRight(shape_, Rule(), top_k_, bottom[0]->gpu_data(), labels, right);
  Share(shape_, right, sums_.mutable_gpu_data(), top[0]->mutable_gpu_data());
  if (top.size() > 1) {
    ClassAccuracy(shape_, labels, right, per_class_.mutable_gpu_data(),
                  top[1]->mutable_gpu_data());
  }
}

INSTANTIATE_LAYER_GPU_FORWARD(AccuracyLayer);

}  // namespace caffe
