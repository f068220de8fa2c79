// CenterLoss on the device.
#include <vector>

#include "caffe/layers/center_loss_layer.hpp"
#include "caffe/loss/center.hpp"
#include "math/channels.cuh"
#include "layers/labels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void SumDistances(const int* class_of, const Dtype* distances, int rows,
                  int normalization, double* sums, Dtype* loss) {
  ChannelSumsOnDevice(
      ChannelShape{1, 1, rows}, sums,
      [=] __device__(int64_t i, int64_t) -> double { return distances[i]; },
      [=] __device__(int64_t i, int64_t) -> double {
        return class_of[i] >= 0;
      });
  ForEach(1, [=] __device__(int64_t) {
    sums[2] =
        LossNormalizer(normalization, ChannelShape{rows, 1, 1}, sums[1]);
    *loss = static_cast<Dtype>(sums[0] / (2 * sums[2]));
  });
}

}  // namespace

template <typename Dtype>
void CenterLossLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                         const vector<Blob<Dtype>*>& top) {
  CheckLabelsOnDevice(Rule(), *bottom[1], rows_, 1, &bad_label_);
  int* class_of = class_of_.mutable_gpu_data();
  ClassesOnDevice(Rule(), bottom[1]->gpu_data(), rows_, class_of);
  Dtype* distances = distances_.mutable_gpu_data();
  metric::CenterDistancesGpu(bottom[0]->gpu_data(),
                             this->blobs_[0]->gpu_data(), class_of, rows_,
                             depth_, distances);
  SumDistances(class_of, distances, rows_, normalization_,
               sums_.mutable_gpu_data(), top[0]->mutable_gpu_data());
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void CenterLossLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                          const vector<bool>& propagate_down,
                                          const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  const Dtype* x = bottom[0]->gpu_data();
  const Dtype* centers = this->blobs_[0]->gpu_data();
  const int* class_of = class_of_.gpu_data();
  if (this->param_propagate_down_[0]) {
    metric::CenterUpdatesGpu(x, centers, class_of, rows_, depth_,
                             scratch_.mutable_gpu_data(),
                             this->blobs_[0]->mutable_gpu_diff());
  }
  if (propagate_down[0]) {
    metric::CenterGradientGpu(x, centers, class_of, top[0]->gpu_diff(),
                              sums_.gpu_data() + 2, rows_, depth_,
                              bottom[0]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(CenterLossLayer);

}  // namespace caffe
