// PairLossLayer on the device.
#include <vector>

#include "caffe/layers/pair_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
metric::PairLossDevice<Dtype> PairLossLayer<Dtype>::Device(
    const typename BatchLossLayer<Dtype>::Rows& rows) {
  const int B = rows.count, anchors = B - rows.bank;
  ints_.ReshapeFlat(metric::PairLossInts(B));
  values_.ReshapeFlat(metric::PairLossValues(B, rows.D));
  pair_sums_.ReshapeFlat(metric::PairLossDoubles(B));
  distances_.Reshape({anchors, B});
  slopes_.Reshape({anchors, B});
  logs_.Reshape({2 * B});
  return {ints_.mutable_gpu_data(),      values_.mutable_gpu_data(),
          pair_sums_.mutable_gpu_data(), distances_.mutable_gpu_data(),
          slopes_.mutable_gpu_data(),    logs_.mutable_gpu_data()};
}

template <typename Dtype>
void PairLossLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  options_.margin = this->CurrentMargin();
  this->WithBank(bottom, [&](const auto& rows) {
    const bool finite = metric::PairLossForwardGpu(
        options_, this->blobs_.empty() ? nullptr : this->blobs_[0]->gpu_data(),
        rows.x, rows.labels, rows.bank, rows.count, rows.D, Device(rows),
        top[0]->mutable_gpu_data(), &sums_);
    if (finite) return;
    this->RefuseRowsOnCpu(bottom, [this](const auto& on_cpu) {
      metric::PairLossForward(options_, Threshold_cpu(), on_cpu.x,
                              on_cpu.labels, 0, on_cpu.count, on_cpu.D,
                              &batch_);
    });
  });
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void PairLossLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                        const vector<bool>& propagate_down,
                                        const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  const auto rows = this->BankAndBatch(bottom);
  metric::PairLossBackwardGpu(options_, rows.x, top[0]->gpu_diff(), rows.bank,
                              rows.count, rows.D, Device(rows),
                              bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(PairLossLayer);

}  // namespace caffe
