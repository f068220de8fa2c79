// BatchTripletLoss: reads and checks the options, checks shapes, and hands the
// batch to metric/mining.hpp.
#include "caffe/layers/batch_triplet_loss_layer.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace caffe {

namespace {

using metric::Mining;
using metric::Normalization;

Normalization NormalizationOf(const LossParameter& param) {
  if (!param.has_normalization() && param.has_normalize()) {
    return param.normalize() ? Normalization::kValid
                             : Normalization::kBatchSize;
  }
  return static_cast<Normalization>(param.normalization());
}

void CheckRange(const char* name, float value, float least, float most,
                const char* wanted) {
  INPUT_CHECK(std::isfinite(value) && value >= least && value <= most)
      << "batch_triplet_loss_param: " << name << " is " << value
      << ", but must be " << wanted;
}

}  // namespace

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  LossLayer<Dtype>::LayerSetUp(bottom, top);
  // The statistics are no losses, and need not be given a weight.
  while (this->layer_param_.loss_weight_size() <
         static_cast<int>(top.size())) {
    this->layer_param_.add_loss_weight(0);
  }
  for (int i = 1; i < this->layer_param_.loss_weight_size(); ++i) {
    INPUT_CHECK(this->layer_param_.loss_weight(i) == 0)
        << "loss_weight " << i << " is " << this->layer_param_.loss_weight(i)
        << ", but top " << i << " has no gradient; it must be 0";
  }
  const BatchTripletLossParameter& param =
      this->layer_param_.batch_triplet_loss_param();
  constexpr float kAny = std::numeric_limits<float>::max();
  CheckRange("margin", param.margin(), 0, kAny, "finite and not negative");
  CheckRange("cutoff", param.cutoff(), 1e-3f, 2, "in 0.001 to 2");
  CheckRange("limit", param.limit(), param.cutoff(), kAny,
             "finite and not below cutoff");
  INPUT_CHECK(!this->layer_param_.loss_param().has_ignore_label())
      << "loss_param has ignore_label, which this layer does not know";
  options_.mining = static_cast<Mining>(param.mining());
  options_.distance = static_cast<metric::Distance>(param.distance());
  options_.hinge = static_cast<metric::Hinge>(param.hinge());
  options_.margin = param.margin();
  options_.cutoff = param.cutoff();
  options_.limit = param.limit();
  options_.normalization = NormalizationOf(this->layer_param_.loss_param());
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                           const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1)
      << "bottom 0 (embeddings) is a scalar, but must have a row for each "
         "image";
  INPUT_CHECK(bottom[1]->count() == bottom[0]->shape(0))
      << "bottom 1 (labels) has shape " << bottom[1]->shape_string()
      << ", but must have one value for each of the " << bottom[0]->shape(0)
      << " rows of bottom 0 (embeddings), shape "
      << bottom[0]->shape_string();
  for (Blob<Dtype>* blob : top) blob->Reshape(vector<int>());
}

template <typename Dtype>
uint64_t BatchTripletLossLayer<Dtype>::NextDraw() const {
  const bool draws = options_.mining == Mining::kDistanceWeighted ||
                     options_.mining == Mining::kRandom;
  return draws ? Caffe::rng().Uint64() : 0;
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::CountTriplets(int64_t triplets) {
  without_triplet_ = triplets > 0 ? 0 : without_triplet_ + 1;
  if (without_triplet_ > 0 && without_triplet_ % kWarnAfter == 0) {
    LOG(WARNING) << "layer '" << this->layer_param_.name()
                 << "' (BatchTripletLoss): no triplet in the last "
                 << without_triplet_
                 << " batches, so nothing is learned; a batch must hold two "
                    "people and two images of one of them";
  }
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  draw_ = NextDraw();
  const metric::MiningResult result = metric::MiningForward(
      options_, bottom[0]->cpu_data(), bottom[1]->cpu_data(),
      bottom[0]->shape(0), bottom[0]->count(1), draw_, &batch_);
  factor_ = result.factor;
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(result.loss);
  const double triplets = static_cast<double>(result.triplets);
  if (top.size() > 1) {
    top[1]->mutable_cpu_data()[0] = static_cast<Dtype>(
        triplets > 0 ? static_cast<double>(result.active) / triplets : 0);
  }
  if (top.size() > 2) {
    top[2]->mutable_cpu_data()[0] = static_cast<Dtype>(triplets);
  }
  CountTriplets(result.triplets);
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::CheckLabelsNeedNoGradient(
    const vector<bool>& propagate_down) const {
  INPUT_CHECK(!propagate_down[1])
      << "bottom 1 (labels) gets no gradient; set propagate_down: false for it";
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  metric::MiningBackward(
      options_, bottom[0]->cpu_data(),
      static_cast<Dtype>(factor_ * top[0]->cpu_diff()[0]), &batch_,
      bottom[0]->mutable_cpu_diff());
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::KinkSides(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top,
    vector<int>* sides) const {
  metric::MiningBatch<Dtype> batch;
  batch.record = true;
  metric::MiningForward(options_, bottom[0]->cpu_data(), bottom[1]->cpu_data(),
                        bottom[0]->shape(0), bottom[0]->count(1), draw_,
                        &batch);
  for (const vector<int>& row : batch.choices) {
    sides->insert(sides->end(), row.begin(), row.end());
  }
}

INSTANTIATE_CLASS(BatchTripletLossLayer);
REGISTER_LAYER_CLASS(BatchTripletLoss);

}  // namespace caffe
