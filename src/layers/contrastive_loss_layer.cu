// ContrastiveLoss on the device: one warp a pair forward, one thread a
// coordinate backward.
#include <vector>

#include "caffe/layers/contrastive_loss_layer.hpp"
#include "caffe/loss/contrastive.hpp"
#include "pairwise/reduce.cuh"
#include "math/channels.cuh"

namespace caffe {

namespace {

template <typename Dtype>
void RunForward(const Dtype* a, const Dtype* b, const Dtype* similar,
                Dtype margin, bool legacy, int64_t N, int64_t D, Dtype* rows,
                Dtype* slope, Dtype* loss, double* sum_and_active,
                double* not_similar) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    const Dtype* x = a + i * D;
    const Dtype* y = b + i * D;
    const Dtype squared = metric::WarpRowSum<Dtype>(
        D, lane, [=](int64_t k) { return (x[k] - y[k]) * (x[k] - y[k]); });
    if (lane != 0) return;
    metric::ContrastivePair(squared, similar[i] != 0, margin, legacy, rows + i,
                            slope + i);
  });
  metric::SumRows(
      N, [=] __device__(int64_t i) { return rows[i]; },
      [=] __device__(double sum, int64_t active) {
        *loss = static_cast<Dtype>(sum / (2 * N));
        sum_and_active[0] = sum;
        sum_and_active[1] = static_cast<double>(active);
      });
  metric::SumRows(
      N, [=] __device__(int64_t i) { return similar[i] == 0 ? 1. : 0.; },
      [=] __device__(double count, int64_t) { *not_similar = count; });
}

template <typename Dtype>
void RunBackward(const Dtype* a, const Dtype* b, const Dtype* slope,
                 const Dtype* loss_diff, Dtype sign, int64_t N, int64_t D,
                 Dtype* diff) {
  MapByChannel(
      ChannelShape{1, N, D},
      [=] __device__(int64_t i, Dtype x, Dtype y) {
        return sign * *loss_diff / N * slope[i] * (x - y);
      },
      diff, a, b);
}

}  // namespace

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  double* const totals = totals_.mutable_gpu_data();
  RunForward(bottom[0]->gpu_data(), bottom[1]->gpu_data(),
             bottom[2]->gpu_data(), margin_, legacy_, bottom[0]->shape(0),
             bottom[0]->count(1), loss_rows_.mutable_gpu_data(),
             slope_.mutable_gpu_data(), top[0]->mutable_gpu_data(),
             totals + kLossSum, totals + kNotSimilar);
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void ContrastiveLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckLabelNeedsNoGradient(propagate_down);
  for (int which = 0; which < 2; ++which) {
    if (!propagate_down[which]) continue;
    RunBackward(bottom[0]->gpu_data(), bottom[1]->gpu_data(), slope_.gpu_data(),
                top[0]->gpu_diff(), Dtype(which == 0 ? 1 : -1),
                bottom[0]->shape(0), bottom[0]->count(1),
                bottom[which]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(ContrastiveLossLayer);

}  // namespace caffe
