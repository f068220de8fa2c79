// NPairLoss: reads and checks the options, and hands the batch to
// loss/n_pair.hpp.
#include "caffe/layers/n_pair_loss_layer.hpp"

#include <cmath>
#include <vector>

namespace caffe {

template <typename Dtype>
void NPairLossLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  BatchLossLayer<Dtype>::LayerSetUp(bottom, top);
  const char kMessage[] = "n_pair_loss_param";
  const NPairLossParameter& param = this->layer_param_.n_pair_loss_param();
  INPUT_CHECK(std::isfinite(param.l2_weight()) && param.l2_weight() >= 0)
      << kMessage << ": l2_weight is " << param.l2_weight()
      << ", but must be finite and not negative";
  options_.mean = this->TakesMean();
  this->SetMemoryBank(kMessage, param.has_memory_bank(), param.memory_bank());
  options_.disjoint = param.pairs() == NPairLossParameter::DISJOINT;
  options_.l2 = param.l2_weight();
}

template <typename Dtype>
void NPairLossLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  this->WithBank(bottom, [&](const auto& rows) {
    sums_ = metric::NPairForward(options_, rows.x, rows.labels, rows.bank,
                                 rows.count, rows.D, &batch_);
    top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(
        metric::NPairLoss(options_, sums_, rows.count - rows.bank));
  });
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void NPairLossLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  const auto rows = this->BankAndBatch(bottom);
  metric::NPairBackward(options_, sums_, rows.x, top[0]->cpu_diff()[0],
                        rows.bank, rows.count, rows.D, &batch_,
                        bottom[0]->mutable_cpu_diff());
}

template <typename Dtype>
metric::TupleCount NPairLossLayer<Dtype>::Count() {
  return this->CountOf(sums_);
}

template <typename Dtype>
metric::BatchHealth NPairLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  return this->HealthOf(sums_, sums_.loss, metric::Distance::kSquaredL2,
                        bottom);
}

template <typename Dtype>
metric::BatchStatistics NPairLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  return this->BatchStatisticsOf(metric::Distance::kSquaredL2, bottom);
}

INSTANTIATE_CLASS(NPairLossLayer);
REGISTER_LAYER_CLASS(NPairLoss);

}  // namespace caffe
