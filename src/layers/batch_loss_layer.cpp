// BatchLossLayer: the two bottoms and the memory bank of losses over a batch.
#include "caffe/layers/batch_loss_layer.hpp"

#include <algorithm>
#include <vector>

#include "layers/memory_bank.hpp"

namespace caffe {

template <typename Dtype>
BatchLossLayer<Dtype>::BatchLossLayer(const LayerParameter& param)
    : MetricLossLayer<Dtype>(param) {}

template <typename Dtype>
BatchLossLayer<Dtype>::~BatchLossLayer() = default;

template <typename Dtype>
void BatchLossLayer<Dtype>::SetMemoryBank(const char* message, bool given,
                                          const MemoryBankParameter& param) {
  if (!given) return;
  constexpr uint32_t kMost = 1u << 24;
  INPUT_CHECK(param.size() >= 1 && param.size() <= kMost)
      << message << ": memory_bank has size " << param.size()
      << ", but must have one of 1 to " << kMost << " rows";
  if (this->phase_ == TEST) return;
  bank_.reset(new MemoryBank<Dtype>(static_cast<int>(param.size())));
  bank_start_ = static_cast<int>(std::min(param.start_iter(), 1u << 30));
}

template <typename Dtype>
void BatchLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1)
      << "bottom 0 (embeddings) is a scalar, but must have a row for each "
         "image";
  INPUT_CHECK(bottom[1]->count() == bottom[0]->shape(0))
      << "bottom 1 (labels) has shape " << bottom[1]->shape_string()
      << ", but must have one value for each of the " << bottom[0]->shape(0)
      << " rows of bottom 0 (embeddings), shape "
      << bottom[0]->shape_string();
  this->ReshapeTops(top);
  if (bank_) bank_->Reshape(bottom[0]->shape(0), bottom[0]->count(1));
}

template <typename Dtype>
typename BatchLossLayer<Dtype>::Rows BatchLossLayer<Dtype>::AppendToBank(
    const vector<Blob<Dtype>*>& bottom) {
  bank_in_use_ = bank_ != nullptr && this->iteration() >= bank_start_;
  if (bank_in_use_) bank_->Append(*bottom[0], *bottom[1]);
  return BankAndBatch(bottom);
}

template <typename Dtype>
void BatchLossLayer<Dtype>::DiscardBatch() {
  if (bank_in_use_) bank_->Discard();
}

template <typename Dtype>
typename BatchLossLayer<Dtype>::Rows BatchLossLayer<Dtype>::BankAndBatch(
    const vector<Blob<Dtype>*>& bottom) const {
  Rows rows;
  rows.bank = bank_in_use_ ? bank_->held() : 0;
  rows.count = rows.bank + bottom[0]->shape(0);
  rows.D = bottom[0]->count(1);
  const Blob<Dtype>& x = bank_in_use_ ? bank_->rows() : *bottom[0];
  const Blob<Dtype>& labels = bank_in_use_ ? bank_->labels() : *bottom[1];
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    rows.x = x.gpu_data();
    rows.labels = labels.gpu_data();
    return rows;
  }
#endif
  rows.x = x.cpu_data();
  rows.labels = labels.cpu_data();
  return rows;
}

template <typename Dtype>
void BatchLossLayer<Dtype>::CheckLabelsNeedNoGradient(
    const vector<bool>& propagate_down) const {
  INPUT_CHECK(!propagate_down[1])
      << "bottom 1 (labels) gets no gradient; set propagate_down: false for it";
}

template <typename Dtype>
bool BatchLossLayer<Dtype>::TakesMean() const {
  const LossParameter& param = this->layer_param_.loss_param();
  INPUT_CHECK(!param.has_ignore_label())
      << "loss_param has ignore_label, which this layer does not know";
  return LossNormalization(param) != LossParameter::NONE;
}

template <typename Dtype>
metric::BatchStatistics BatchLossLayer<Dtype>::BatchStatisticsOf(
    metric::Distance kind, const vector<Blob<Dtype>*>& bottom) {
  metric::BatchStatistics statistics;
  statistics.count = this->Count();
  statistics.rows = this->Moments({bottom[0]});
  metric::DescribePairs(kind, bottom[0]->cpu_data(), bottom[1]->cpu_data(),
                        bottom[0]->shape(0), bottom[0]->count(1),
                        &statistics);
  return statistics;
}

template <typename Dtype>
void BatchLossLayer<Dtype>::SaveState(LayerState* state) const {
  if (bank_) bank_->Save(state);
}

template <typename Dtype>
void BatchLossLayer<Dtype>::LoadState(const LayerState& state) {
  if (bank_) bank_->Load(state);
}

INSTANTIATE_CLASS(BatchLossLayer);

}  // namespace caffe
