// BroadcastLayer: shapes and parameters of the layers with a small operand.
#include "caffe/layers/broadcast_layer.hpp"

#include "caffe/filler.hpp"

namespace caffe {

template <typename Dtype>
vector<int> BroadcastLayer<Dtype>::OperandShape(const Blob<Dtype>& bottom,
                                                int axis,
                                                int num_axes) const {
  const int first = bottom.CanonicalAxisIndex(axis);
  INPUT_CHECK(num_axes >= -1) << "num_axes is " << num_axes
                              << "; it must be -1 (all) or more";
  const int last = num_axes < 0 ? bottom.num_axes() : first + num_axes;
  INPUT_CHECK(last <= bottom.num_axes())
      << "axis " << axis << " and num_axes " << num_axes
      << " go beyond its bottom's shape " << bottom.shape_string();
  return vector<int>(bottom.shape().begin() + first,
                     bottom.shape().begin() + last);
}

template <typename Dtype>
void BroadcastLayer<Dtype>::ReshapeBroadcast(
    const vector<Blob<Dtype>*>& bottom, int axis, const Blob<Dtype>& operand,
    const vector<Blob<Dtype>*>& top) {
  const Blob<Dtype>& x = *bottom[0];
  const int axes = operand.num_axes();
  const int first = axes == 0 ? 0 : x.CanonicalAxisIndex(axis);
  bool fits = first + axes <= x.num_axes();
  for (int i = 0; fits && i < axes; ++i) {
    fits = x.shape(first + i) == operand.shape(i);
  }
  INPUT_CHECK(fits) << "the operand's shape " << operand.shape_string()
                    << " is not that of the bottom's axes from " << first
                    << " on (" << x.shape_string() << ")";
  shape_.outer = x.count(0, first);
  shape_.channels = operand.count();
  shape_.inner = x.count(first + axes);
  if (bottom[0] != top[0]) top[0]->ReshapeLike(x);
  sums_.Reshape({2, operand.count()});
}

template <typename Dtype>
void BroadcastLayer<Dtype>::MakeParameter(size_t index,
                                          const vector<int>& shape,
                                          const FillerParameter& filler) {
  if (this->blobs_.size() <= index) {
    CHECK_EQ(this->blobs_.size(), index);
    this->blobs_.push_back(std::make_shared<Blob<Dtype>>(shape));
    const shared_ptr<Filler<Dtype>> fill(GetFiller<Dtype>(filler));
    fill->Fill(this->blobs_[index].get());
  }
  if (this->param_propagate_down_.size() <= index) {
    this->param_propagate_down_.resize(index + 1, true);
  }
}

template class BroadcastLayer<float>;
template class BroadcastLayer<double>;

}  // namespace caffe
