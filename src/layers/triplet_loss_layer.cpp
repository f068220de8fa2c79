// TripletLoss: reads and checks the options, checks shapes, and hands the rows
// to loss/triplet.hpp.
#include "caffe/layers/triplet_loss_layer.hpp"

#include <google/protobuf/descriptor.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/foreign_names.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

namespace {

using metric::Distance;
using metric::Hinge;
using metric::Normalization;

// Refuses the fields of other triplet layers, which would otherwise be read
// and not obeyed. The proto declares them from this number on.
constexpr int kFirstForeignField = 100;
void RefuseForeignFields(const TripletLossParameter& param) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  param.GetReflection()->ListFields(param, &fields);
  for (const auto* field : fields) {
    if (field->name() == "num_triplets" &&
        param.GetReflection()->GetInt32(param, field) == 1) {
      continue;
    }
    INPUT_CHECK(field->number() < kFirstForeignField)
        << "triplet_loss_param has the field '" << field->name()
        << "' of another triplet layer; "
        << InsteadOfField("TripletLossParameter", field->name());
  }
}

// What stands in the file; else the older form's default.
Normalization NormalizationOf(const LossParameter& param, bool half) {
  if (param.has_normalization() || param.has_normalize()) {
    return static_cast<Normalization>(LossNormalization(param));
  }
  return half ? Normalization::kBatchSize : Normalization::kNone;
}

void CheckNotNegative(const char* name, float value) {
  INPUT_CHECK(std::isfinite(value) && value >= 0)
      << "triplet_loss_param: " << name << " is " << value
      << ", but must be finite and not negative";
}

}  // namespace

template <typename Dtype>
void TripletLossLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                         const vector<Blob<Dtype>*>& top) {
  MetricLossLayer<Dtype>::LayerSetUp(bottom, top);
  const TripletLossParameter& param =
      this->layer_param_.triplet_loss_param();
  RefuseForeignFields(param);
  this->SetMargin("triplet_loss_param", param.margin(),
                  param.margin_warmup_start(), param.margin_warmup_iter());
  CheckNotNegative("intra_margin", param.intra_margin());
  CheckNotNegative("intra_weight", param.intra_weight());
  const LossParameter& loss = this->layer_param_.loss_param();
  INPUT_CHECK(!loss.has_ignore_label())
      << "loss_param has ignore_label, but a triplet has no label; give a "
         "fourth bottom of weights to leave rows out";
  options_.distance = static_cast<Distance>(param.distance());
  options_.hinge = static_cast<Hinge>(param.hinge());
  this->WarnWithoutMargin(options_.hinge);
  options_.intra_margin = param.intra_margin();
  options_.intra_weight = param.intra_weight();
  options_.half = param.half();
  options_.normalization = NormalizationOf(loss, param.half());
}

template <typename Dtype>
string TripletLossLayer<Dtype>::BottomName(int index) const {
  static const char* const kRoles[] = {"anchor", "positive", "negative",
                                       "weights"};
  string name = "bottom " + std::to_string(index) + " ";
  if (index < this->layer_param_.bottom_size()) {
    name += "'" + this->layer_param_.bottom(index) + "' ";
  }
  return name + "(" + kRoles[index] + ")";
}

template <typename Dtype>
void TripletLossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1)
      << BottomName(0) << " is a scalar, but must have a row for each triplet";
  const int N = bottom[0]->shape(0);
  for (int i = 1; i < 3; ++i) {
    INPUT_CHECK(bottom[i]->num_axes() >= 1 && bottom[i]->shape(0) == N &&
                bottom[i]->count() == bottom[0]->count())
        << BottomName(i) << " has shape " << bottom[i]->shape_string()
        << ", but " << BottomName(0) << " has shape "
        << bottom[0]->shape_string() << "; they must have the same shape";
  }
  if (bottom.size() > 3) {
    INPUT_CHECK(bottom[3]->count() == N)
        << BottomName(3) << " has shape " << bottom[3]->shape_string()
        << ", but must have one value for each of the " << N << " rows of "
        << BottomName(0) << ", shape " << bottom[0]->shape_string();
  }
  this->ReshapeTops(top);
  rows_.Reshape({N, metric::kTripletRowSize});
  factor_.Reshape({1});
  totals_.Reshape({metric::kTripletTotals});
}

template <typename Dtype>
void TripletLossLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  options_.margin = this->CurrentMargin();
  metric::TripletForward(
      options_, bottom[0]->cpu_data(), bottom[1]->cpu_data(),
      bottom[2]->cpu_data(),
      bottom.size() > 3 ? bottom[3]->cpu_data() : nullptr,
      bottom[0]->shape(0), bottom[0]->count(1), rows_.mutable_cpu_data(),
      top[0]->mutable_cpu_data(), factor_.mutable_cpu_data(),
      totals_.mutable_cpu_data());
  if (!std::isfinite(top[0]->cpu_data()[0])) RefuseRows(bottom);
  this->FillStatistics(bottom, top);
}

// Why a loss is not finite: the first row to blame, where there is one.
template <typename Dtype>
void TripletLossLayer<Dtype>::RefuseRows(const vector<Blob<Dtype>*>& bottom) {
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  for (int64_t i = 0; i < N; ++i) {
    const Dtype weight = bottom.size() > 3 ? bottom[3]->cpu_data()[i] : 1;
    INPUT_CHECK(std::isfinite(weight) && weight >= 0)
        << BottomName(3) << " has " << weight << " in row " << i
        << ", but a weight must be finite and not negative";
    if (weight == 0) continue;
    const metric::NamedRow<Dtype> anchor = {BottomName(0),
                                            bottom[0]->cpu_data() + i * D};
    for (int other = 1; other < 3; ++other) {
      const metric::NamedRow<Dtype> row = {BottomName(other),
                                           bottom[other]->cpu_data() + i * D};
      const Dtype d = rows_.cpu_data()[i * metric::kTripletRowSize + other - 1];
      if (!std::isfinite(d)) metric::FailRowPair(anchor, row, i, D);
    }
  }
}

template <typename Dtype>
void TripletLossLayer<Dtype>::CheckWeightsNeedNoGradient(
    const vector<bool>& propagate_down) const {
  INPUT_CHECK(propagate_down.size() < 4 || !propagate_down[3])
      << BottomName(3) << " gets no gradient; set propagate_down: false for it";
}

template <typename Dtype>
void TripletLossLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckWeightsNeedNoGradient(propagate_down);
  Dtype* diff[3];
  for (int i = 0; i < 3; ++i) {
    diff[i] = propagate_down[i] ? bottom[i]->mutable_cpu_diff() : nullptr;
  }
  metric::TripletBackward(
      options_, bottom[0]->cpu_data(), bottom[1]->cpu_data(),
      bottom[2]->cpu_data(), rows_.cpu_data(),
      top[0]->cpu_diff()[0] * factor_.cpu_data()[0], bottom[0]->shape(0),
      bottom[0]->count(1), diff[0], diff[1], diff[2]);
}

template <typename Dtype>
metric::TupleCount TripletLossLayer<Dtype>::Count() {
  const double* totals = totals_.cpu_data();
  return {static_cast<int64_t>(totals[metric::kTripletWeighted]),
          static_cast<int64_t>(totals[metric::kTripletActive])};
}

template <typename Dtype>
bool TripletLossLayer<Dtype>::IsMasked(const vector<Blob<Dtype>*>& bottom,
                                       int64_t row) {
  return bottom.size() > 3 && bottom[3]->cpu_data()[row] == 0;
}

// All rows, as long as they are numbers: else without those of weight 0, which
// may be anything.
template <typename Dtype>
metric::RowMoments TripletLossLayer<Dtype>::RowMomentsOf(
    const vector<Blob<Dtype>*>& bottom) {
  const metric::RowMoments all =
      this->Moments({bottom[0], bottom[1], bottom[2]});
  if (bottom.size() < 4 || std::isfinite(all.norm + all.spread)) return all;
  const int64_t D = bottom[0]->count(1);
  vector<const Dtype*> rows;
  for (int64_t i = 0; i < bottom[0]->shape(0); ++i) {
    if (IsMasked(bottom, i)) continue;
    for (int b = 0; b < 3; ++b) rows.push_back(bottom[b]->cpu_data() + i * D);
  }
  return metric::MeasureRows(rows, 1, D);
}

template <typename Dtype>
metric::BatchHealth TripletLossLayer<Dtype>::Health(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchHealth health;
  health.count = Count();
  if (health.count.tuples > 0) {
    const double* totals = totals_.cpu_data();
    health.loss = totals[metric::kTripletLossSum] /
                  totals[metric::kTripletWeightSum];
  }
  this->SetHinge(options_.hinge, &health);
  health.rows = RowMomentsOf(bottom);
  health.typical_distance =
      metric::TypicalDistance(options_.distance, health.rows);
  return health;
}

template <typename Dtype>
metric::BatchStatistics TripletLossLayer<Dtype>::Statistics(
    const vector<Blob<Dtype>*>& bottom) {
  metric::BatchStatistics statistics;
  statistics.count = Count();
  statistics.rows = RowMomentsOf(bottom);
  vector<double> positive, negative;
  for (int64_t i = 0; i < rows_.shape(0); ++i) {
    const Dtype* row = rows_.cpu_data() + i * metric::kTripletRowSize;
    const double far = row[metric::kPositiveDistance];
    const double near = row[metric::kNegativeDistance];
    // Of a row of weight 0 that holds what is no number.
    if (!std::isfinite(far) || !std::isfinite(near)) continue;
    if (positive.empty() || far > statistics.farthest_positive.distance) {
      statistics.farthest_positive = {i, i, far};
    }
    if (negative.empty() || near < statistics.nearest_negative.distance) {
      statistics.nearest_negative = {i, i, near};
    }
    positive.push_back(far);
    negative.push_back(near);
  }
  statistics.positive = metric::Summarise(&positive);
  statistics.negative = metric::Summarise(&negative);
  return statistics;
}

template <typename Dtype>
string TripletLossLayer<Dtype>::HarderAdvice() const {
  return "raise margin, or mine the triplets in the batch (BatchTripletLoss)";
}

template <typename Dtype>
void TripletLossLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top,
                                        vector<int>* sides) const {
  const int N = bottom[0]->shape(0), D = bottom[0]->count(1);
  const Dtype* other[2] = {bottom[1]->cpu_data(), bottom[2]->cpu_data()};
  const Dtype* anchor = bottom[0]->cpu_data();
  for (int i = 0; i < N; ++i) {
    const Dtype* row = rows_.cpu_data() + i * metric::kTripletRowSize;
    const Dtype positive = row[metric::kPositiveDistance];
    const Dtype negative = row[metric::kNegativeDistance];
    const Dtype margin = static_cast<Dtype>(options_.margin);
    if (options_.hinge == Hinge::kHard) {
      sides->push_back(positive - negative + margin > 0);
    }
    if (options_.intra_weight != 0) {
      sides->push_back(positive > static_cast<Dtype>(options_.intra_margin));
    }
    if (options_.distance == Distance::kL2) {
      sides->push_back(positive != 0);
      sides->push_back(negative != 0);
    }
    if (options_.distance == Distance::kCosine) {
      sides->push_back(row[metric::kInverseAnchor] != 0);
      sides->push_back(row[metric::kInversePositive] != 0);
      sides->push_back(row[metric::kInverseNegative] != 0);
    }
    if (options_.distance != Distance::kL1) continue;
    for (const Dtype* y : other) {
      for (int k = i * D; k < (i + 1) * D; ++k) {
        sides->push_back((anchor[k] > y[k]) - (anchor[k] < y[k]));
      }
    }
  }
}

INSTANTIATE_CLASS(TripletLossLayer);
REGISTER_LAYER_CLASS(TripletLoss);

}  // namespace caffe
