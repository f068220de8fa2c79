// ContrastiveLoss: one pass over the pairs forward, one backward.
#include "caffe/layers/contrastive_loss_layer.hpp"

#include <cmath>
#include <vector>

#include "caffe/metric/contrastive.hpp"
#include "caffe/metric/distances.hpp"
#include "caffe/util/parallel.hpp"

namespace caffe {

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  LossLayer<Dtype>::LayerSetUp(bottom, top);
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
  top[0]->Reshape(vector<int>());
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
  double sum = 0;
  for (int64_t i = 0; i < N; ++i) sum += loss[i];
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(sum / (2 * N));
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
