// BatchLossLayer: the base of losses over the rows of a batch with their
// labels. To MetricLossLayer it adds the checks of the two bottoms and the
// memory bank; the loss is each layer's.
#ifndef CAFFE_LAYERS_BATCH_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_BATCH_LOSS_LAYER_HPP_

#include <memory>
#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
class MemoryBank;

// Bottoms
//   0  embeddings  B x D   further axes are flattened into D
//   1  labels      B       any finite numbers; get no gradient
// Tops
//   0 to 3                 as in metric_loss_layer.hpp
//
// memory_bank { size: M  start_iter: n } keeps the last M rows of the batches
// of training from iteration n on. The rows of a batch are then held against
// those of the bank, too, which get no gradient; rows of one image may meet.
// In phase TEST there is no bank. Snapshots hold it.
//
// Wang et al.: Cross-batch memory for embedding learning, arXiv 1912.06798.
template <typename Dtype>
class BatchLossLayer : public MetricLossLayer<Dtype> {
 public:
  explicit BatchLossLayer(const LayerParameter& param);
  ~BatchLossLayer() override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  void SaveState(LayerState* state) const override;
  void LoadState(const LayerState& state) override;
  bool HasState() const override { return bank_ != nullptr; }

 protected:
  // For LayerSetUp of a layer whose options are named so in messages. Error
  // kInput: a bank of no rows, or of too many.
  void SetMemoryBank(const char* message, bool given,
                     const MemoryBankParameter& param);

  // What a loss looks at: the rows of the bank, and behind them the batch's.
  struct Rows {
    int bank;  // rows before the batch's
    int count;
    int D;
    const Dtype* x;       // count x D
    const Dtype* labels;  // count
  };
  // Once a Forward: forward(rows) of the batch, behind the bank where it is in
  // use; on the device in GPU mode. A batch that it refuses by an exception is
  // not kept. BankAndBatch says the rows again, for Backward and KinkSides.
  template <typename Forward>
  void WithBank(const vector<Blob<Dtype>*>& bottom, const Forward& forward) {
    const Rows rows = AppendToBank(bottom);
    try {
      forward(rows);
    } catch (...) {
      DiscardBatch();
      throw;
    }
  }
  Rows BankAndBatch(const vector<Blob<Dtype>*>& bottom) const;

  // CPU mode while it lives: for KinkSides, which has the CPU's decisions.
  class OnCpu {
   public:
    OnCpu() { Caffe::set_mode(Caffe::CPU); }
    ~OnCpu() { Caffe::set_mode(before_); }
    OnCpu(const OnCpu&) = delete;
    OnCpu& operator=(const OnCpu&) = delete;

   private:
    const Caffe::Brew before_ = Caffe::mode();
  };

  void CheckLabelsNeedNoGradient(const vector<bool>& propagate_down) const;
  // Whether a loss over pairs is their mean, or with loss_param
  // { normalization: NONE } their sum. Error kInput: ignore_label is given.
  bool TakesMean() const;
  // Of a loss over pairs, by the sums of its last Forward.
  template <typename Sums>
  static metric::TupleCount CountOf(const Sums& sums) {
    return {static_cast<int64_t>(sums.pairs),
            static_cast<int64_t>(sums.active)};
  }
  template <typename Sums>
  metric::BatchHealth HealthOf(const Sums& sums, double loss,
                               metric::Distance kind,
                               const vector<Blob<Dtype>*>& bottom) {
    metric::BatchHealth health;
    health.count = CountOf(sums);
    if (sums.pairs > 0) {
      health.loss = loss / sums.pairs;
      health.collapsed_loss = sums.collapsed / sums.pairs;
    }
    health.rows = this->Moments({bottom[0]});
    health.typical_distance = metric::TypicalDistance(kind, health.rows);
    return health;
  }
#ifdef TERCET_CUDA
  // For a Forward_gpu that met what is not finite: forward(rows), the CPU's, of
  // the batch alone, says which row it is; Error kInput in any case.
  template <typename Forward>
  [[noreturn]] static void RefuseRowsOnCpu(const vector<Blob<Dtype>*>& bottom,
                                           const Forward& forward) {
    forward(Rows{0, bottom[0]->shape(0), bottom[0]->count(1),
                 bottom[0]->cpu_data(), bottom[1]->cpu_data()});
    throw Error::NotFinite("an embedding is too long for its square");
  }
#endif
  // Statistics of the batch alone.
  metric::BatchStatistics BatchStatisticsOf(
      metric::Distance kind, const vector<Blob<Dtype>*>& bottom);

 private:
  Rows AppendToBank(const vector<Blob<Dtype>*>& bottom);
  void DiscardBatch();

  std::unique_ptr<MemoryBank<Dtype>> bank_;
  int bank_start_ = 0;
  bool bank_in_use_ = false;  // at the last Forward
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_BATCH_LOSS_LAYER_HPP_
