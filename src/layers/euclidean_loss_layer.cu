// EuclideanLoss on the device: one warp a row forward, one thread a coordinate
// backward.
#include <vector>

#include "caffe/layers/euclidean_loss_layer.hpp"
#include "pairwise/reduce.cuh"
#include "math/map.cuh"

namespace caffe {

namespace {

template <typename Dtype>
void RunForward(const Dtype* a, const Dtype* b, int64_t N, int64_t D,
                Dtype* distance, Dtype* loss) {
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    const Dtype* x = a + i * D;
    const Dtype* y = b + i * D;
    const Dtype squared = metric::WarpRowSum<Dtype>(
        D, lane, [=](int64_t k) { return (x[k] - y[k]) * (x[k] - y[k]); });
    if (lane == 0) distance[i] = squared;
  });
  metric::SumRows(
      N, [=] __device__(int64_t i) { return distance[i]; },
      [=] __device__(double sum, int64_t) {
        *loss = static_cast<Dtype>(sum / N / 2);
      });
}

template <typename Dtype>
void RunBackward(const Dtype* a, const Dtype* b, const Dtype* loss_diff,
                 Dtype sign, int64_t N, int64_t D, Dtype* diff) {
  Map(
      N * D,
      [=] __device__(Dtype x, Dtype y) {
        return sign * *loss_diff / N * (x - y);
      },
      diff, a, b);
}

}  // namespace

template <typename Dtype>
void EuclideanLossLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                            const vector<Blob<Dtype>*>& top) {
  RunForward(bottom[0]->gpu_data(), bottom[1]->gpu_data(), bottom[0]->shape(0),
             bottom[0]->count(1), distance_.mutable_gpu_data(),
             top[0]->mutable_gpu_data());
}

template <typename Dtype>
void EuclideanLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  for (int which = 0; which < 2; ++which) {
    if (!propagate_down[which]) continue;
    RunBackward(bottom[0]->gpu_data(), bottom[1]->gpu_data(),
                top[0]->gpu_diff(), Dtype(which == 0 ? 1 : -1),
                bottom[0]->shape(0), bottom[0]->count(1),
                bottom[which]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(EuclideanLossLayer);

}  // namespace caffe
