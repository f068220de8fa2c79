// BatchTripletLoss: reads and checks the options, checks shapes, and hands the
// batch to mining/mining.hpp.
#include "caffe/layers/batch_triplet_loss_layer.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace caffe {

namespace {

using metric::Mining;
using metric::Normalization;

const char kMessage[] = "batch_triplet_loss_param";

void CheckRange(const char* name, float value, float least, float most,
                const char* wanted) {
  INPUT_CHECK(std::isfinite(value) && value >= least && value <= most)
      << kMessage << ": " << name << " is " << value << ", but must be "
      << wanted;
}

void CheckSchedule(const BatchTripletLossParameter& param) {
  int64_t before = 0;
  for (const auto& stage : param.mining_schedule()) {
    INPUT_CHECK(stage.has_from_iter() && stage.has_mining())
        << kMessage << ": mining_schedule has a stage without "
        << (stage.has_mining() ? "from_iter" : "mining");
    INPUT_CHECK(stage.from_iter() > before)
        << kMessage << ": mining_schedule has from_iter " << stage.from_iter()
        << " after " << before << ", but must have rising ones, from 1 on";
    before = stage.from_iter();
  }
}

}  // namespace

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  BatchLossLayer<Dtype>::LayerSetUp(bottom, top);
  const BatchTripletLossParameter& param =
      this->layer_param_.batch_triplet_loss_param();
  this->SetMargin(kMessage, param.margin(), param.margin_warmup_start(),
                  param.margin_warmup_iter());
  constexpr float kAny = std::numeric_limits<float>::max();
  CheckRange("cutoff", param.cutoff(), 1e-3f, 2, "in 0.001 to 2");
  CheckRange("limit", param.limit(), param.cutoff(), kAny,
             "finite and not below cutoff");
  CheckSchedule(param);
  INPUT_CHECK(!this->layer_param_.loss_param().has_ignore_label())
      << "loss_param has ignore_label, which this layer does not know";
  this->SetMemoryBank(kMessage, param.has_memory_bank(), param.memory_bank());
  options_.distance = static_cast<metric::Distance>(param.distance());
  options_.hinge = static_cast<metric::Hinge>(param.hinge());
  this->WarnWithoutMargin(options_.hinge);
  options_.cutoff = param.cutoff();
  options_.limit = param.limit();
  options_.normalization = static_cast<Normalization>(
      LossNormalization(this->layer_param_.loss_param()));
}

template <typename Dtype>
int BatchTripletLossLayer<Dtype>::Stage() const {
  const auto& schedule =
      this->layer_param_.batch_triplet_loss_param().mining_schedule();
  int stage = 0;
  while (stage < schedule.size() &&
         static_cast<int64_t>(schedule.Get(stage).from_iter()) <=
             this->iteration()) {
    ++stage;
  }
  return stage;
}

template <typename Dtype>
Mining BatchTripletLossLayer<Dtype>::FileMining() const {
  const BatchTripletLossParameter& param =
      this->layer_param_.batch_triplet_loss_param();
  const int stage = Stage();
  return static_cast<Mining>(
      stage == 0 ? param.mining() : param.mining_schedule(stage - 1).mining());
}

template <typename Dtype>
Mining BatchTripletLossLayer<Dtype>::CurrentMining() const {
  const Mining mining = FileMining();
  if (ease_ == 0 || mining == Mining::kBatchAll) return mining;
  return ease_ == 1 ? Mining::kSemiHard : Mining::kBatchAll;
}

template <typename Dtype>
string BatchTripletLossLayer<Dtype>::Eased() const {
  const Mining mining = CurrentMining();
  if (mining == FileMining()) return "";
  return "mining: " + BatchTripletLossParameter::Mining_Name(
                          static_cast<BatchTripletLossParameter::Mining>(
                              mining));
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::BeginForward() {
  options_.margin = this->CurrentMargin();
  options_.mining = CurrentMining();
  const bool draws = options_.mining == Mining::kDistanceWeighted ||
                     options_.mining == Mining::kRandom;
  draw_ = draws ? Caffe::rng().Uint64() : 0;
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::CountTriplets() {
  without_triplet_ = result_.triplets > 0 ? 0 : without_triplet_ + 1;
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
  BeginForward();
  this->WithBank(bottom, [this](const auto& rows) {
    result_ = metric::MiningForward(options_, rows.x, rows.labels, rows.bank,
                                    rows.count, rows.D, draw_, &batch_);
  });
  top[0]->mutable_cpu_data()[0] = static_cast<Dtype>(result_.loss);
  CountTriplets();
  this->FillStatistics(bottom, top);
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  this->CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  metric::MiningBackward(
      options_, this->BankAndBatch(bottom).x,
      static_cast<Dtype>(result_.factor * top[0]->cpu_diff()[0]), &batch_,
      bottom[0]->mutable_cpu_diff());
}

template <typename Dtype>
metric::TupleCount BatchTripletLossLayer<Dtype>::Count() {
  return {result_.triplets, result_.active};
}

template <typename Dtype>
metric::BatchHealth BatchTripletLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchHealth health;
  health.count = Count();
  if (result_.triplets > 0) {
    health.loss = result_.loss / result_.factor / result_.triplets;
  }
  this->SetHinge(options_.hinge, &health);
  health.rows = this->Moments({bottom[0]});
  health.typical_distance =
      metric::TypicalDistance(options_.distance, health.rows);
  health.stage = Stage();
  return health;
}

template <typename Dtype>
metric::BatchStatistics BatchTripletLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  return this->BatchStatisticsOf(options_.distance, bottom);
}

template <typename Dtype>
string BatchTripletLossLayer<Dtype>::CollapseAdvice() const {
  if (options_.mining != Mining::kBatchHard) {
    return BatchLossLayer<Dtype>::CollapseAdvice();
  }
  return "begin with mining: SEMI_HARD or BATCH_ALL (mining_schedule { "
         "from_iter: 500 mining: BATCH_HARD } goes on from there), or put a "
         "BatchNorm layer before the embedding's Normalize";
}

template <typename Dtype>
string BatchTripletLossLayer<Dtype>::HarderAdvice() const {
  return options_.mining == Mining::kBatchHard
             ? "raise margin"
             : "raise margin, or set mining: BATCH_HARD";
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::KinkSides(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top,
    vector<int>* sides) const {
  metric::MiningBatch<Dtype> batch;
  batch.set_record(true);
  const typename BatchLossLayer<Dtype>::OnCpu on_cpu;
  const auto rows = this->BankAndBatch(bottom);
  metric::MiningForward(options_, rows.x, rows.labels, rows.bank, rows.count,
                        rows.D, draw_, &batch);
  for (const vector<int>& row : batch.choices()) {
    sides->insert(sides->end(), row.begin(), row.end());
  }
}

INSTANTIATE_CLASS(BatchTripletLossLayer);
REGISTER_LAYER_CLASS(BatchTripletLoss);

}  // namespace caffe
