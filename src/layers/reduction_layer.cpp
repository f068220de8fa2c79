// Reduction on the CPU; the manual is in the header.
#include "caffe/layers/reduction_layer.hpp"

#include "math/channels.hpp"

namespace caffe {

template <typename Dtype>
void ReductionLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  operation_ = this->layer_param_.reduction_param().operation();
}

template <typename Dtype>
void ReductionLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const ReductionParameter& param = this->layer_param_.reduction_param();
  const vector<int>& shape = bottom[0]->shape();
  // A single number has no axis to name; it is reduced to itself.
  const int axis =
      shape.empty() ? 0 : bottom[0]->CanonicalAxisIndex(param.axis());
  top[0]->Reshape(vector<int>(shape.begin(), shape.begin() + axis));
  shape_.outer = 1;
  shape_.channels = top[0]->count();
  shape_.inner = bottom[0]->count(axis);
  INPUT_CHECK(shape_.inner > 0)
      << "its bottom has no values to reduce (shape "
      << bottom[0]->shape_string() << ", axis " << axis << ")";
  coeff_ = static_cast<Dtype>(param.coeff());
  if (operation_ == ReductionParameter::MEAN) coeff_ /= shape_.inner;
  sums_.Reshape(top[0]->shape());
}

namespace {

// y = coeff times the sum of term(x) over each row. Few long rows are split
// among the threads, many rows are shared out.
template <typename Dtype, typename Term>
void SumRows(const ChannelShape& shape, Dtype coeff, const Dtype* x,
             const Term& term, Dtype* y) {
  ParallelFor(shape.channels, shape.inner, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Dtype* values = x + row * shape.inner;
      const double sum =
          ParallelSum<double>(shape.inner, [&](int64_t first, int64_t last) {
            return LaneSum(first, last,
                           [&](int64_t i) { return term(values[i]); });
          });
      y[row] = static_cast<Dtype>(coeff * sum);
    }
  });
}

}  // namespace

template <typename Dtype>
void ReductionLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  const int operation = operation_;
  SumRows(shape_, coeff_, bottom[0]->cpu_data(),
          [=](Dtype x) { return ReductionTerm(operation, x); },
          top[0]->mutable_cpu_data());
}

template <typename Dtype>
void ReductionLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* x = bottom[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype coeff = coeff_;
  const int operation = operation_;
  ForEachByChannel(shape_, [=](int64_t row) {
    const Dtype d = dy[row] * coeff;
    return [=](int64_t i) { dx[i] = d * ReductionSlope(operation, x[i]); };
  });
}

template <typename Dtype>
void ReductionLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top,
                                      vector<int>* sides) const {
  if (operation_ != ReductionParameter::ASUM) return;
  const Dtype* x = bottom[0]->cpu_data();
  for (int i = 0; i < bottom[0]->count(); ++i) {
    sides->push_back((x[i] > 0) - (x[i] < 0));
  }
}

INSTANTIATE_CLASS(ReductionLayer);
REGISTER_LAYER_CLASS(Reduction);

}  // namespace caffe
