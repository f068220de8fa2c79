// SoftmaxWithLoss on the CPU; the manual is in the header. The probabilities
// are a Softmax layer's.
#include "caffe/layers/softmax_loss_layer.hpp"

#include "core/parallel.hpp"
#include "layers/labels.hpp"
#include "math/channels.hpp"

namespace caffe {

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  // Only the first top is a loss.
  LossLayer<Dtype>::LayerSetUp(bottom, top);
  if (top.size() > 1 && this->layer_param_.loss_weight_size() == 1) {
    this->layer_param_.add_loss_weight(0);
  }
  LayerParameter softmax;
  softmax.set_type("Softmax");
  softmax.set_phase(this->phase_);
  *softmax.mutable_softmax_param() = this->layer_param_.softmax_param();
  softmax_ = LayerRegistry<Dtype>::CreateLayer(softmax);
  softmax_->SetUp({bottom[0]}, {&prob_});
  normalization_ = LossNormalization(this->layer_param_.loss_param());
}

template <typename Dtype>
LabelRule SoftmaxWithLossLayer<Dtype>::Rule() const {
  const LossParameter& param = this->layer_param_.loss_param();
  return {shape_.channels, param.has_ignore_label(), param.ignore_label()};
}

template <typename Dtype>
int64_t SoftmaxWithLossLayer<Dtype>::ClassCount() const {
  return Rule().classes;
}

template <typename Dtype>
bool SoftmaxWithLossLayer<Dtype>::AcceptsLabel(int label) const {
  return Rule().Accepts(static_cast<double>(label));
}

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  LossLayer<Dtype>::Reshape(bottom, top);
  shape_ = ScoreShape(*bottom[0], *bottom[1],
                      this->layer_param_.softmax_param().axis());
  softmax_->Reshape({bottom[0]}, {&prob_});
  if (top.size() > 1) top[1]->ReshapeLike(*bottom[0]);
  sums_.Reshape({3});
  bad_label_.Reshape({1});
}

namespace {

// sums: the loss, and the number of positions that count.
template <typename Dtype>
void SumLosses(const ChannelShape& shape, const LabelRule& rule,
               const Dtype* prob, const Dtype* labels, double* sums) {
  ChannelSums(
      ChannelShape{1, 1, shape.per_channel()}, sums,
      [=](int64_t i, int64_t) {
        if (rule.Ignores(labels[i])) return Dtype(0);
        const int64_t at =
            shape.Start(i / shape.inner, static_cast<int64_t>(labels[i])) +
            i % shape.inner;
        return LogLoss(prob[at]);
      },
      [=](int64_t i, int64_t) { return !rule.Ignores(labels[i]); });
}

}  // namespace

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const Dtype* labels = bottom[1]->cpu_data();
  CheckLabels(Rule(), labels, shape_.per_channel(), shape_.inner);
  softmax_->Forward({bottom[0]}, {&prob_});
  double* sums = sums_.mutable_cpu_data();
  SumLosses(shape_, Rule(), prob_.cpu_data(), labels, sums);
  sums[2] = LossNormalizer(normalization_, shape_, sums[1]);
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(sums[0] / sums[2]);
  if (top.size() > 1) top[1]->ShareData(prob_);
}

template <typename Dtype>
void SoftmaxWithLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  if (!propagate_down[0]) return;
  const ChannelShape shape = shape_;
  const LabelRule rule = Rule();
  const Dtype* prob = prob_.cpu_data();
  const Dtype* labels = bottom[1]->cpu_data();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype weight =
      static_cast<Dtype>(top[0]->cpu_diff()[0] / sums_.cpu_data()[2]);
  ParallelFor(
      shape.outer, shape.channels * shape.inner,
      [=](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const Dtype* label = labels + row * shape.inner;
          for (int64_t c = 0; c < shape.channels; ++c) {
            const int64_t start = shape.Start(row, c);
            for (int64_t j = 0; j < shape.inner; ++j) {
              dx[start + j] =
                  rule.Ignores(label[j])
                      ? Dtype(0)
                      : weight * LogLossSlope(prob[start + j], c, label[j]);
            }
          }
        }
      });
}

INSTANTIATE_CLASS(SoftmaxWithLossLayer);
REGISTER_LAYER_CLASS(SoftmaxWithLoss);

}  // namespace caffe
