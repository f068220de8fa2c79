// NPairLoss on the device.
#include <vector>

#include "caffe/layers/n_pair_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
metric::NPairDevice<Dtype> NPairLossLayer<Dtype>::Device(
    const typename BatchLossLayer<Dtype>::Rows& rows) {
  const int B = rows.count;
  slopes_.Reshape({B - rows.bank, B});
  ints_.ReshapeFlat(metric::NPairInts(B));
  row_sums_.ReshapeFlat(metric::NPairDoubles(B));
  return {slopes_.mutable_gpu_data(), ints_.mutable_gpu_data(),
          row_sums_.mutable_gpu_data()};
}

template <typename Dtype>
void NPairLossLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  this->WithBank(bottom, [&](const auto& rows) {
    const bool finite = metric::NPairForwardGpu(
        options_, rows.x, rows.labels, rows.bank, rows.count, rows.D,
        Device(rows), top[0]->mutable_gpu_data(), &sums_);
    if (finite) return;
    this->RefuseRowsOnCpu(bottom, [this](const auto& on_cpu) {
      metric::NPairForward(options_, on_cpu.x, on_cpu.labels, 0, on_cpu.count,
                           on_cpu.D, &batch_);
    });
  });
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void NPairLossLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  const auto rows = this->BankAndBatch(bottom);
  metric::NPairBackwardGpu(options_, sums_, rows.x, top[0]->gpu_diff(),
                           rows.bank, rows.count, rows.D, Device(rows),
                           bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(NPairLossLayer);

}  // namespace caffe
