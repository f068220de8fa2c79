// FlattenLayer, on either device: the top's shape; the values are shared.
#include "caffe/layers/flatten_layer.hpp"

namespace caffe {

template <typename Dtype>
void FlattenLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(top[0] != bottom[0])
      << "cannot run in place: its top must have another name than its bottom";
  const FlattenParameter& param = this->layer_param_.flatten_param();
  const int first = bottom[0]->CanonicalAxisIndex(param.axis());
  const int last = bottom[0]->CanonicalAxisIndex(param.end_axis());
  INPUT_CHECK(first <= last)
      << "axis " << param.axis() << " comes after end_axis "
      << param.end_axis() << " in its bottom of shape "
      << bottom[0]->shape_string();
  const vector<int>& from = bottom[0]->shape();
  vector<int> shape(from.begin(), from.begin() + first);
  shape.push_back(bottom[0]->count(first, last + 1));
  shape.insert(shape.end(), from.begin() + last + 1, from.end());
  top[0]->Reshape(shape);
}

template <typename Dtype>
void FlattenLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  top[0]->ShareData(*bottom[0]);
}

template <typename Dtype>
void FlattenLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (propagate_down[0]) bottom[0]->ShareDiff(*top[0]);
}

INSTANTIATE_CLASS(FlattenLayer);
REGISTER_LAYER_CLASS(Flatten);

}  // namespace caffe
