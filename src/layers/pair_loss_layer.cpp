// PairLossLayer: hands the batch to loss/pair_loss.hpp.
#include "caffe/layers/pair_loss_layer.hpp"

#include <vector>

namespace caffe {

template <typename Dtype>
void PairLossLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  options_.margin = this->CurrentMargin();
  this->WithBank(bottom, [this](const auto& rows) {
    sums_ = metric::PairLossForward(options_, Threshold_cpu(), rows.x,
                                    rows.labels, rows.bank, rows.count, rows.D,
                                    &batch_);
  });
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(sums_.loss);
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void PairLossLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                        const vector<bool>& propagate_down,
                                        const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  metric::PairLossBackward(options_, this->BankAndBatch(bottom).x,
                           top[0]->cpu_diff()[0], &batch_,
                           bottom[0]->mutable_cpu_diff());
}

template <typename Dtype>
metric::TupleCount PairLossLayer<Dtype>::Count() {
  return this->CountOf(sums_);
}

template <typename Dtype>
metric::BatchHealth PairLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  return this->HealthOf(sums_, sums_.plain, options_.distance, bottom);
}

template <typename Dtype>
metric::BatchStatistics PairLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  return this->BatchStatisticsOf(options_.distance, bottom);
}

template <typename Dtype>
void PairLossLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top,
                                     vector<int>* sides) const {
  metric::PairLossBatch<Dtype> batch;
  batch.set_record(true);
  const typename BatchLossLayer<Dtype>::OnCpu on_cpu;
  const auto rows = this->BankAndBatch(bottom);
  metric::PairLossForward(options_, Threshold_cpu(), rows.x, rows.labels,
                          rows.bank, rows.count, rows.D, &batch);
  for (const vector<int>& row : batch.choices()) {
    sides->insert(sides->end(), row.begin(), row.end());
  }
}

INSTANTIATE_CLASS(PairLossLayer);

}  // namespace caffe
