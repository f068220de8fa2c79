// SoftmaxWithLoss on the GPU: the functions of softmax_loss_layer.cpp, in its
// order.
#include "caffe/layers/softmax_loss_layer.hpp"
#include "math/channels.cuh"
#include "layers/labels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void SumLosses(const ChannelShape& shape, const LabelRule& rule,
               const Dtype* prob, const Dtype* labels, double* sums) {
  ChannelSumsOnDevice(
      ChannelShape{1, 1, shape.per_channel()}, sums,
      [=] __device__(int64_t i, int64_t) -> double {
        if (rule.Ignores(labels[i])) return 0;
        const int64_t at =
            shape.Start(i / shape.inner, static_cast<int64_t>(labels[i])) +
            i % shape.inner;
        return LogLoss(prob[at]);
      },
      [=] __device__(int64_t i, int64_t) -> double {
        return !rule.Ignores(labels[i]);
      });
}

template <typename Dtype>
void Divide(const ChannelShape& shape, int normalization, double* sums,
            Dtype* loss) {
  ForEach(1, [=] __device__(int64_t) {
    sums[2] = LossNormalizer(normalization, shape, sums[1]);
    loss[0] = static_cast<Dtype>(sums[0] / sums[2]);
  });
}

template <typename Dtype>
void Gradient(const ChannelShape& shape, const LabelRule& rule,
              const Dtype* prob, const Dtype* labels, const Dtype* dy,
              const double* sums, Dtype* dx) {
  ForEach(shape.count(), [=] __device__(int64_t i) {
    const int64_t c = i / shape.inner % shape.channels;
    const int64_t row = i / (shape.inner * shape.channels);
    const Dtype label = labels[row * shape.inner + i % shape.inner];
    const Dtype weight = static_cast<Dtype>(dy[0] / sums[2]);
    dx[i] = rule.Ignores(label) ? Dtype(0)
                                : weight * LogLossSlope(prob[i], c, label);
  });
}

}  // namespace

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const Dtype* labels = bottom[1]->gpu_data();
  CheckLabelsOnDevice(Rule(), *bottom[1], shape_.per_channel(), shape_.inner,
                      &bad_label_);
  softmax_->Forward({bottom[0]}, {&prob_});
  double* sums = sums_.mutable_gpu_data();
  SumLosses(shape_, Rule(), prob_.gpu_data(), labels, sums);
  Divide(shape_, normalization_, sums, top[0]->mutable_gpu_data());
  if (top.size() > 1) top[1]->ShareData(prob_);
}

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  if (!propagate_down[0]) return;
  Gradient(shape_, Rule(), prob_.gpu_data(), bottom[1]->gpu_data(),
           top[0]->gpu_diff(), sums_.gpu_data(),
           bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(SoftmaxWithLossLayer);

}  // namespace caffe
