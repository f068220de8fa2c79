// ContrastiveLoss: one pass over the pairs forward, one backward.
#include "caffe/layers/contrastive_loss_layer.hpp"

#include <cmath>
#include <vector>

#include "caffe/loss/contrastive.hpp"
#include "caffe/pairwise/distances.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  MetricLossLayer<Dtype>::LayerSetUp(bottom, top);
  const auto& param = this->layer_param_.contrastive_loss_param();
  INPUT_CHECK(std::isfinite(param.margin()) && param.margin() >= 0)
      << "contrastive_loss_param: margin is " << param.margin()
      << ", but must be finite and not negative";
  margin_ = param.margin();
  legacy_ = param.legacy_version();
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1 && bottom[1]->num_axes() >= 1 &&
              bottom[0]->shape(0) == bottom[1]->shape(0) &&
              bottom[0]->count() == bottom[1]->count())
      << "bottom 0 has shape " << bottom[0]->shape_string()
      << " and bottom 1 has shape " << bottom[1]->shape_string()
      << "; they must have the same shape";
  const int N = bottom[0]->shape(0);
  INPUT_CHECK(bottom[2]->count() == N)
      << "bottom 2 (whether a pair is similar) has shape "
      << bottom[2]->shape_string() << ", but must have one value for each of "
      << "the " << N << " rows of bottom 0, shape "
      << bottom[0]->shape_string();
  this->ReshapeTops(top);
  totals_.Reshape({kTotals});
  loss_rows_.Reshape({N});
  slope_.Reshape({N});
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  const Dtype* a = bottom[0]->cpu_data();
  const Dtype* b = bottom[1]->cpu_data();
  const Dtype* similar = bottom[2]->cpu_data();
  Dtype* loss = loss_rows_.mutable_cpu_data();
  Dtype* slope = slope_.mutable_cpu_data();
  const Dtype margin = margin_;
  const bool legacy = legacy_;
  ParallelFor(N, 3 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Dtype squared = metric::RowDistance(
          metric::Distance::kSquaredL2, a + i * D, b + i * D, D);
      metric::ContrastivePair(squared, similar[i] != 0, margin, legacy,
                              loss + i, slope + i);
    }
  });
  double* const totals = totals_.mutable_cpu_data();
  std::fill_n(totals, int{kTotals}, 0.);
  for (int64_t i = 0; i < N; ++i) {
    totals[kLossSum] += loss[i];
    totals[kActive] += loss[i] > 0;
    totals[kNotSimilar] += similar[i] == 0;
  }
  top[0]->mutable_cpu_data()[0] =
      static_cast<Dtype>(totals[kLossSum] / (2 * N));
  if (!std::isfinite(totals[kLossSum])) RefuseRows(bottom);
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::RefuseRows(
    const vector<Blob<Dtype>*>& bottom) {
  const int64_t D = bottom[0]->count(1);
  for (int64_t i = 0; i < bottom[0]->shape(0); ++i) {
    if (std::isfinite(loss_rows_.cpu_data()[i])) continue;
    metric::FailRowPair<Dtype>({"bottom 0", bottom[0]->cpu_data() + i * D},
                               {"bottom 1", bottom[1]->cpu_data() + i * D}, i,
                               D);
  }
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::CheckLabelNeedsNoGradient(
    const vector<bool>& propagate_down) const {
  INPUT_CHECK(!propagate_down[2])
      << "bottom 2 (whether a pair is similar) gets no gradient; set "
         "propagate_down: false for it";
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckLabelNeedsNoGradient(propagate_down);
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  const Dtype* a = bottom[0]->cpu_data();
  const Dtype* b = bottom[1]->cpu_data();
  const Dtype* slope = slope_.cpu_data();
  for (int which = 0; which < 2; ++which) {
    if (!propagate_down[which]) continue;
    const Dtype scale = (which == 0 ? 1 : -1) * top[0]->cpu_diff()[0] / N;
    Dtype* diff = bottom[which]->mutable_cpu_diff();
    ParallelFor(N, 3 * D, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Dtype row_scale = scale * slope[i];
        for (int64_t k = i * D; k < (i + 1) * D; ++k) {
          diff[k] = row_scale * (a[k] - b[k]);
        }
      }
    });
  }
}

template <typename Dtype>
metric::TupleCount ContrastiveLossLayer<Dtype>::Count() {
  return {slope_.shape(0), static_cast<int64_t>(totals_.cpu_data()[kActive])};
}

template <typename Dtype>
metric::BatchHealth ContrastiveLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchHealth health;
  health.count = Count();
  const double pairs = static_cast<double>(health.count.tuples);
  if (pairs > 0) {
    // In one point similar pairs have no loss, and the others all of it.
    const double apart = totals_.cpu_data()[kNotSimilar] / pairs;
    health.loss = totals_.cpu_data()[kLossSum] / pairs;
    health.collapsed_loss = apart * margin_ * (legacy_ ? 1 : margin_);
  }
  health.rows = this->Moments({bottom[0], bottom[1]});
  return health;
}

template <typename Dtype>
metric::BatchStatistics ContrastiveLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchStatistics statistics;
  statistics.count = Count();
  statistics.rows = this->Moments({bottom[0], bottom[1]});
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  vector<double> positive, negative;
  for (int64_t i = 0; i < N; ++i) {
    const double d = metric::RowDistance(
        metric::Distance::kL2, bottom[0]->cpu_data() + i * D,
        bottom[1]->cpu_data() + i * D, D);
    const bool similar = bottom[2]->cpu_data()[i] != 0;
    (similar ? positive : negative).push_back(d);
    metric::RowPair& hardest =
        similar ? statistics.farthest_positive : statistics.nearest_negative;
    if (hardest.row < 0 ||
        (similar ? d > hardest.distance : d < hardest.distance)) {
      hardest = {i, i, d};
    }
  }
  statistics.positive = metric::Summarise(&positive);
  statistics.negative = metric::Summarise(&negative);
  return statistics;
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::KinkSides(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top,
    vector<int>* sides) const {
  for (int i = 0; i < slope_.count(); ++i) {
    sides->push_back(slope_.cpu_data()[i] != 0);
  }
}

INSTANTIATE_CLASS(ContrastiveLossLayer);
REGISTER_LAYER_CLASS(ContrastiveLoss);

}  // namespace caffe
