// BatchTripletLoss on the device.
#include <vector>

#include "caffe/layers/batch_triplet_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
metric::MiningDevice<Dtype> BatchTripletLossLayer<Dtype>::Device(
    const typename BatchLossLayer<Dtype>::Rows& rows) {
  const int B = rows.count, anchors = B - rows.bank;
  ints_.ReshapeFlat(metric::MiningInts(B));
  values_.ReshapeFlat(metric::MiningValues(B, rows.D));
  sums_.ReshapeFlat(metric::MiningSums(B));
  distances_.Reshape({anchors, B});
  const bool dense = options_.mining != metric::Mining::kBatchHard;
  if (dense) slopes_.Reshape({anchors, B});
  return {ints_.mutable_gpu_data(), values_.mutable_gpu_data(),
          sums_.mutable_gpu_data(), distances_.mutable_gpu_data(),
          dense ? slopes_.mutable_gpu_data() : nullptr};
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  BeginForward();
  this->WithBank(bottom, [&](const auto& rows) {
    const bool finite = metric::MiningForwardGpu(
        options_, rows.x, rows.labels, rows.bank, rows.count, rows.D, draw_,
        Device(rows), top[0]->mutable_gpu_data(), &result_);
    if (finite) return;
    this->RefuseRowsOnCpu(bottom, [this](const auto& on_cpu) {
      metric::MiningForward(options_, on_cpu.x, on_cpu.labels, 0, on_cpu.count,
                            on_cpu.D, draw_, &batch_);
    });
  });
  CountTriplets();
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  const auto rows = this->BankAndBatch(bottom);
  metric::MiningBackwardGpu(options_, rows.x, result_.factor,
                            top[0]->gpu_diff(), rows.bank, rows.count, rows.D,
                            Device(rows), bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(BatchTripletLossLayer);

}  // namespace caffe
