// CenterLoss: reads and checks the options, checks shapes and labels, and hands
// the rows to loss/center.hpp.
#include "caffe/layers/center_loss_layer.hpp"

#include <cmath>
#include <vector>

#include "caffe/loss/center.hpp"
#include "layers/labels.hpp"
#include "layers/parameters.hpp"
#include "math/channels.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

template <typename Dtype>
void CenterLossLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  MetricLossLayer<Dtype>::LayerSetUp(bottom, top);
  const CenterLossParameter& param = this->layer_param_.center_loss_param();
  const int classes = NumOutput("center_loss_param", param);
  depth_ = bottom[0]->count(bottom[0]->CanonicalAxisIndex(param.axis()));
  INPUT_CHECK(depth_ > 0) << "bottom 0 (features) has shape "
                          << bottom[0]->shape_string()
                          << "; wanted at least one value a row";
  MakeOnlyParameter({classes, depth_}, param.center_filler(), "centres have",
                    &this->blobs_);
  this->param_propagate_down_.resize(1, true);
  normalization_ = LossNormalization(this->layer_param_.loss_param());
}

template <typename Dtype>
LabelRule CenterLossLayer<Dtype>::Rule() const {
  const LossParameter& param = this->layer_param_.loss_param();
  return {this->blobs_[0]->shape(0), param.has_ignore_label(),
          param.ignore_label()};
}

template <typename Dtype>
int64_t CenterLossLayer<Dtype>::ClassCount() const {
  return Rule().classes;
}

template <typename Dtype>
bool CenterLossLayer<Dtype>::AcceptsLabel(int label) const {
  return Rule().Accepts(static_cast<double>(label));
}

template <typename Dtype>
void CenterLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  axis_ = bottom[0]->CanonicalAxisIndex(
      this->layer_param_.center_loss_param().axis());
  INPUT_CHECK(bottom[0]->count(axis_) == depth_)
      << "bottom 0 (features) has " << bottom[0]->count(axis_)
      << " values a row; the centres are for " << depth_;
  rows_ = bottom[0]->count(0, axis_);
  CheckLabelCount(*bottom[1], rows_, *bottom[0], "features");
  this->ReshapeTops(top);
  class_of_.Reshape({rows_});
  distances_.Reshape({rows_});
  sums_.Reshape({3});
  scratch_.ReshapeFlat(metric::CenterScratch(rows_));
  bad_label_.Reshape({1});
}

template <typename Dtype>
void CenterLossLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                         const vector<Blob<Dtype>*>& top) {
  const Dtype* labels = bottom[1]->cpu_data();
  CheckLabels(Rule(), labels, rows_, 1);
  int* class_of = class_of_.mutable_cpu_data();
  Classes(Rule(), labels, rows_, class_of);
  Dtype* distances = distances_.mutable_cpu_data();
  metric::CenterDistances(bottom[0]->cpu_data(), this->blobs_[0]->cpu_data(),
                          class_of, rows_, depth_, distances);
  double* sums = sums_.mutable_cpu_data();
  ChannelSums(
      ChannelShape{1, 1, rows_}, sums,
      [=](int64_t i, int64_t) { return distances[i]; },
      [=](int64_t i, int64_t) { return class_of[i] >= 0; });
  sums[2] = LossNormalizer(normalization_, ChannelShape{rows_, 1, 1}, sums[1]);
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(sums[0] / (2 * sums[2]));
  if (!std::isfinite(sums[0])) RefuseRows(bottom);
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void CenterLossLayer<Dtype>::RefuseRows(const vector<Blob<Dtype>*>& bottom) {
  const int* class_of = class_of_.cpu_data();
  for (int64_t i = 0; i < rows_; ++i) {
    if (class_of[i] < 0 || std::isfinite(distances_.cpu_data()[i])) continue;
    const Dtype* const x = bottom[0]->cpu_data() + i * depth_;
    const Dtype* const center =
        this->blobs_[0]->cpu_data() + int64_t{class_of[i]} * depth_;
    for (int k = 0; k < depth_; ++k) {
      if (std::isfinite(center[k])) continue;
      metric::FailRows(center, -class_of[i], 1, depth_, "the centres");
    }
    metric::FailRowPair<Dtype>({"bottom 0 (features)", x},
                               {"the centre of its class", center}, i, depth_);
  }
}

template <typename Dtype>
void CenterLossLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                          const vector<bool>& propagate_down,
                                          const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  const Dtype* x = bottom[0]->cpu_data();
  const Dtype* centers = this->blobs_[0]->cpu_data();
  const int* class_of = class_of_.cpu_data();
  if (this->param_propagate_down_[0]) {
    metric::CenterUpdates(x, centers, class_of, rows_, depth_,
                          scratch_.mutable_cpu_data(),
                          this->blobs_[0]->mutable_cpu_diff());
  }
  if (propagate_down[0]) {
    const Dtype scale =
        static_cast<Dtype>(top[0]->cpu_diff()[0] / sums_.cpu_data()[2]);
    metric::CenterGradient(x, centers, class_of, scale, rows_, depth_,
                           bottom[0]->mutable_cpu_diff());
  }
}

// Rows of a class that is ignored do not count, nor those at their centre.
template <typename Dtype>
metric::TupleCount CenterLossLayer<Dtype>::Count() {
  metric::TupleCount count;
  count.tuples = static_cast<int64_t>(sums_.cpu_data()[1]);
  const Dtype* distances = distances_.cpu_data();
  const int* class_of = class_of_.cpu_data();
  for (int i = 0; i < rows_; ++i) {
    count.active += class_of[i] >= 0 && distances[i] > 0;
  }
  return count;
}

// The loss has no margin, so its value tells nothing; the rows do.
template <typename Dtype>
metric::BatchHealth CenterLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchHealth health;
  const double rows = sums_.cpu_data()[1];
  health.count.tuples = static_cast<int64_t>(rows);
  if (rows > 0) health.loss = sums_.cpu_data()[0] / 2 / rows;
  health.rows = this->Moments({bottom[0]}, axis_);
  return health;
}

template <typename Dtype>
metric::BatchStatistics CenterLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchStatistics statistics;
  statistics.count = Count();
  statistics.rows = this->Moments({bottom[0]}, axis_);
  metric::DescribePairs(metric::Distance::kSquaredL2, bottom[0]->cpu_data(),
                        bottom[1]->cpu_data(), rows_, depth_, &statistics);
  return statistics;
}

INSTANTIATE_CLASS(CenterLossLayer);
REGISTER_LAYER_CLASS(CenterLoss);

}  // namespace caffe
