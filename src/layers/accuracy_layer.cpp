// Accuracy on the CPU; the manual is in the header.
#include "caffe/layers/accuracy_layer.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "layers/labels.hpp"

namespace caffe {

template <typename Dtype>
LabelRule AccuracyLayer<Dtype>::Rule() const {
  const AccuracyParameter& param = this->layer_param_.accuracy_param();
  return {shape_.channels, param.has_ignore_label(), param.ignore_label()};
}

template <typename Dtype>
int64_t AccuracyLayer<Dtype>::ClassCount() const {
  return Rule().classes;
}

template <typename Dtype>
bool AccuracyLayer<Dtype>::AcceptsLabel(int label) const {
  return Rule().Accepts(static_cast<double>(label));
}

template <typename Dtype>
void AccuracyLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const AccuracyParameter& param = this->layer_param_.accuracy_param();
  shape_ = ScoreShape(*bottom[0], *bottom[1], param.axis());
  INPUT_CHECK(param.top_k() >= 1 && param.top_k() <= shape_.channels)
      << "top_k is " << param.top_k() << "; it must be from 1 to the number "
      << "of classes, " << shape_.channels;
  top_k_ = static_cast<int>(param.top_k());
  const int classes = static_cast<int>(shape_.channels);
  top[0]->Reshape(vector<int>());
  right_.ReshapeFlat(shape_.per_channel());
  if (top.size() > 1) {
    top[1]->Reshape({classes});
    per_class_.Reshape({2, classes});
  }
  sums_.Reshape({2});
  bad_label_.Reshape({1});
}

namespace {

template <typename Dtype>
void FindRight(const ChannelShape& shape, const LabelRule& rule, int top_k,
               const Dtype* scores, const Dtype* labels, int* right) {
  ParallelFor(
      shape.per_channel(), shape.channels, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          if (rule.Ignores(labels[i])) {
            right[i] = -1;
            continue;
          }
          const Dtype* score =
              scores + shape.Start(i / shape.inner, 0) + i % shape.inner;
          const int64_t label = static_cast<int64_t>(labels[i]);
          const Dtype own = score[label * shape.inner];
          int64_t before = 0;
          for (int64_t c = 0; c < shape.channels; ++c) {
            before += c != label && Outranks(score[c * shape.inner], own);
          }
          right[i] = before < top_k;
        }
      });
}

template <typename Dtype>
void ClassAccuracy(const ChannelShape& shape, const Dtype* labels,
                   const int* right, int* counts, Dtype* accuracy) {
  const int64_t classes = shape.channels;
  std::fill(counts, counts + 2 * classes, 0);
  for (int64_t i = 0; i < shape.per_channel(); ++i) {
    if (right[i] < 0) continue;
    const int64_t label = static_cast<int64_t>(labels[i]);
    counts[label] += right[i];
    counts[classes + label] += 1;
  }
  for (int64_t c = 0; c < classes; ++c) {
    const int all = counts[classes + c];
    accuracy[c] = all == 0 ? Dtype(0) : static_cast<Dtype>(counts[c]) / all;
  }
}

}  // namespace

template <typename Dtype>
void AccuracyLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const Dtype* labels = bottom[1]->cpu_data();
  CheckLabels(Rule(), labels, shape_.per_channel(), shape_.inner);
  int* right = right_.mutable_cpu_data();
  FindRight(shape_, Rule(), top_k_, bottom[0]->cpu_data(), labels, right);
  int* last = right + shape_.per_channel();
  const int64_t hits = std::count(right, last, 1);
  const int64_t all = hits + std::count(right, last, 0);
  top[0]->mutable_cpu_data()[0] =
      all == 0 ? Dtype(0) : static_cast<Dtype>(hits) / all;
  if (top.size() > 1) {
    ClassAccuracy(shape_, labels, right, per_class_.mutable_cpu_data(),
                  top[1]->mutable_cpu_data());
  }
}

template <typename Dtype>
void AccuracyLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                        const vector<bool>& propagate_down,
                                        const vector<Blob<Dtype>*>& bottom) {
  INPUT_CHECK(!propagate_down[0] && !propagate_down[1])
      << "an accuracy has no gradient: it cannot be trained on";
}

INSTANTIATE_CLASS(AccuracyLayer);
REGISTER_LAYER_CLASS(Accuracy);

}  // namespace caffe
