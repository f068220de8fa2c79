// PairLossLayer: the base of losses over all pairs of a batch whose arithmetic
// is loss/pair_loss.hpp. To BatchLossLayer it adds the passes; options, and
// what is learned beside the embeddings, are each layer's.
#ifndef CAFFE_LAYERS_PAIR_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_PAIR_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/batch_loss_layer.hpp"
#include "caffe/loss/pair_loss.hpp"

namespace caffe {

template <typename Dtype>
class PairLossLayer : public BatchLossLayer<Dtype> {
 public:
  explicit PairLossLayer(const LayerParameter& param)
      : BatchLossLayer<Dtype>(param) {}

  metric::TupleCount Count() override;
  // A pair is active for long, so all active is no sign (hinged is false).
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  const char* tuples() const override { return "pairs"; }
  // The hinges, and where an unsquared distance is 0.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return static_cast<int64_t>(bottom[0]->count()) * bottom[0]->shape(0);
  }

 protected:
  // For LayerSetUp: the options that all have, of the message named so; Error
  // kInput where one is out of range.
  template <typename Param>
  void ReadOptions(const char* message, metric::PairLoss loss,
                   const Param& param) {
    this->SetMargin(message, param.margin(), param.margin_warmup_start(),
                    param.margin_warmup_iter());
    this->SetMemoryBank(message, param.has_memory_bank(), param.memory_bank());
    options_.loss = loss;
    options_.distance = static_cast<metric::Distance>(param.distance());
    options_.mean = this->TakesMean();
  }

  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#endif

  metric::PairLossOptions options_;
  metric::PairSums sums_;  // of the last Forward

 private:
  // Parameter 0, where a layer has one: what PairLossForward takes.
  const Dtype* Threshold_cpu() const {
    return this->blobs_.empty() ? nullptr : this->blobs_[0]->cpu_data();
  }

  metric::PairLossBatch<Dtype> batch_;
#ifdef TERCET_CUDA
  // The memory of the GPU's passes.
  metric::PairLossDevice<Dtype> Device(
      const typename BatchLossLayer<Dtype>::Rows& rows);
  Blob<int> ints_;
  Blob<Dtype> values_;
  Blob<double> pair_sums_;
  Blob<Dtype> distances_;
  Blob<Dtype> slopes_;
  Blob<Dtype> logs_;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_PAIR_LOSS_LAYER_HPP_
