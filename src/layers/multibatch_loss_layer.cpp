// MultibatchLoss: reads its options and learns the threshold; the passes are
// PairLossLayer's.
#include "caffe/layers/multibatch_loss_layer.hpp"

#include <cmath>
#include <vector>

#include "layers/parameters.hpp"

namespace caffe {

template <typename Dtype>
void MultibatchLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  PairLossLayer<Dtype>::LayerSetUp(bottom, top);
  const char kMessage[] = "multibatch_loss_param";
  const MultibatchLossParameter& param =
      this->layer_param_.multibatch_loss_param();
  this->ReadOptions(kMessage, metric::PairLoss::kMultibatch, param);
  this->options_.balance = param.balance();
  INPUT_CHECK(std::isfinite(param.threshold()))
      << kMessage << ": threshold is " << param.threshold()
      << ", but must be finite";
  FillerParameter filler;
  filler.set_value(param.threshold());
  MakeOnlyParameter({1}, filler, "thresholds have", &this->blobs_);
  this->param_propagate_down_.resize(1, true);
}

template <typename Dtype>
void MultibatchLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  PairLossLayer<Dtype>::Backward_cpu(top, propagate_down, bottom);
  if (!this->param_propagate_down_[0]) return;
  this->blobs_[0]->mutable_cpu_diff()[0] +=
      static_cast<Dtype>(this->sums_.slope) * top[0]->cpu_diff()[0];
}

INSTANTIATE_CLASS(MultibatchLossLayer);
REGISTER_LAYER_CLASS(MultibatchLoss);

}  // namespace caffe
