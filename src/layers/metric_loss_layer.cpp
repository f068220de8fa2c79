// MetricLossLayer: loss weights, statistics and margin of all metric losses.
#include "caffe/layers/metric_loss_layer.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/device.hpp"

namespace caffe {

template <typename Dtype>
void MetricLossLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  LossLayer<Dtype>::LayerSetUp(bottom, top);
  LayerParameter& param = this->layer_param_;
  // The statistics are no losses, and need not be given a weight.
  while (param.loss_weight_size() < static_cast<int>(top.size())) {
    param.add_loss_weight(0);
  }
  for (int i = 1; i < param.loss_weight_size(); ++i) {
    INPUT_CHECK(param.loss_weight(i) == 0)
        << "loss_weight " << i << " is " << param.loss_weight(i)
        << ", but top " << i << " has no gradient; it must be 0";
  }
}

template <typename Dtype>
string MetricLossLayer<Dtype>::CollapseAdvice() const {
  return "lower base_lr, or put a BatchNorm layer before the embedding's "
         "Normalize";
}

template <typename Dtype>
string MetricLossLayer<Dtype>::HarderAdvice() const {
  return "raise margin";
}

template <typename Dtype>
string MetricLossLayer<Dtype>::SlowAdvice() const {
  return "raise base_lr, or lower margin";
}

template <typename Dtype>
void MetricLossLayer<Dtype>::ReshapeTops(const vector<Blob<Dtype>*>& top) {
  for (size_t i = 0; i < top.size() && i < 3; ++i) {
    top[i]->Reshape(vector<int>());
  }
  if (top.size() > 3) top[3]->Reshape({metric::kStatisticsValues});
}

template <typename Dtype>
void MetricLossLayer<Dtype>::FillStatistics(const vector<Blob<Dtype>*>& bottom,
                                            const vector<Blob<Dtype>*>& top) {
  if (top.size() < 2) return;
  const metric::TupleCount count = Count();
  top[1]->mutable_cpu_data()[0] = static_cast<Dtype>(count.ActiveShare());
  if (top.size() > 2) {
    top[2]->mutable_cpu_data()[0] = static_cast<Dtype>(count.tuples);
  }
  if (top.size() > 3) {
    metric::StatisticsValues(Statistics(bottom), top[3]->mutable_cpu_data());
  }
}

template <typename Dtype>
metric::RowMoments MetricLossLayer<Dtype>::Moments(
    const vector<const Blob<Dtype>*>& blobs, int axis) {
  const int64_t N = blobs[0]->count(0, axis), D = blobs[0]->count(axis);
  vector<const Dtype*> parts;
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    for (const Blob<Dtype>* blob : blobs) parts.push_back(blob->gpu_data());
    const int64_t size = metric::MomentDoubles(parts.size(), N, D);
    work_.ReshapeFlat(size);
    metric::MeasureRowsGpu(parts, N, D, work_.mutable_gpu_data());
    metric::RowMoments moments;
    double numbers[2];
    CopyToHost(numbers, work_.gpu_data(), sizeof(numbers));
    moments.norm = numbers[0];
    moments.spread = numbers[1];
    return moments;
  }
#endif
  for (const Blob<Dtype>* blob : blobs) parts.push_back(blob->cpu_data());
  return metric::MeasureRows(parts, N, D);
}

template <typename Dtype>
void MetricLossLayer<Dtype>::SetMargin(const char* message, float margin,
                                       float start, uint32_t warmup) {
  const auto check = [message](const char* name, float value) {
    INPUT_CHECK(std::isfinite(value) && value >= 0)
        << message << ": " << name << " is " << value
        << ", but must be finite and not negative";
  };
  check("margin", margin);
  check("margin_warmup_start", start);
  constexpr uint32_t kMost = 1u << 30;
  margin_ = margin;
  margin_start_ = start;
  margin_warmup_ = static_cast<int>(std::min(warmup, kMost));
}

template <typename Dtype>
void MetricLossLayer<Dtype>::WarnWithoutMargin(metric::Hinge hinge) const {
  if (hinge != metric::Hinge::kHard || margin_ > 0 || this->phase_ != TRAIN) {
    return;
  }
  LOG(WARNING) << "layer '" << this->layer_param_.name() << "' ("
               << this->type()
               << "): margin is 0 with a hard hinge: the loss is 0 where all "
                  "embeddings are one point, and nothing parts them";
}

template <typename Dtype>
double MetricLossLayer<Dtype>::CurrentMargin() const {
  if (this->iteration() >= margin_warmup_) return margin_;
  const double share =
      static_cast<double>(this->iteration()) / margin_warmup_;
  return margin_start_ + share * (margin_ - margin_start_);
}

INSTANTIATE_CLASS(MetricLossLayer);

}  // namespace caffe
