// EuclideanLoss: squared distances of rows, summed in order.
#include "caffe/layers/euclidean_loss_layer.hpp"

#include <cmath>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

template <typename Dtype>
void EuclideanLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1 && bottom[1]->num_axes() >= 1 &&
              bottom[0]->shape(0) == bottom[1]->shape(0) &&
              bottom[0]->count() == bottom[1]->count())
      << "bottom 0 has shape " << bottom[0]->shape_string()
      << " and bottom 1 has shape " << bottom[1]->shape_string()
      << "; they must have the same shape";
  top[0]->Reshape(vector<int>());
  distance_.Reshape({bottom[0]->shape(0)});
}

template <typename Dtype>
void EuclideanLossLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                            const vector<Blob<Dtype>*>& top) {
  const int N = bottom[0]->shape(0);
  metric::RowDistances(metric::Distance::kSquaredL2, bottom[0]->cpu_data(),
                       bottom[1]->cpu_data(), N, bottom[0]->count(1),
                       distance_.mutable_cpu_data());
  double sum = 0;
  for (int i = 0; i < N; ++i) sum += distance_.cpu_data()[i];
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(sum / N / 2);
  // What came in not finite is its maker's, which Net::FirstNonFinite names.
  if (std::isfinite(sum) || !std::isfinite(bottom[0]->asum_data()) ||
      !std::isfinite(bottom[1]->asum_data())) {
    return;
  }
  const int64_t D = bottom[0]->count(1);
  for (int64_t i = 0; i < N; ++i) {
    if (std::isfinite(distance_.cpu_data()[i])) continue;
    metric::FailRowPair<Dtype>({"bottom 0", bottom[0]->cpu_data() + i * D},
                               {"bottom 1", bottom[1]->cpu_data() + i * D}, i,
                               D);
  }
}

template <typename Dtype>
void EuclideanLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* a = bottom[0]->cpu_data();
  const Dtype* b = bottom[1]->cpu_data();
  for (int which = 0; which < 2; ++which) {
    if (!propagate_down[which]) continue;
    const Dtype scale =
        (which == 0 ? 1 : -1) * top[0]->cpu_diff()[0] / bottom[0]->shape(0);
    Dtype* diff = bottom[which]->mutable_cpu_diff();
    ParallelFor(bottom[0]->count(), 2, [=](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) diff[k] = scale * (a[k] - b[k]);
    });
  }
}

INSTANTIATE_CLASS(EuclideanLossLayer);
REGISTER_LAYER_CLASS(EuclideanLoss);

}  // namespace caffe
