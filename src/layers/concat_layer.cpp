// ConcatLayer on the CPU: one strided copy a bottom.
#include "caffe/layers/concat_layer.hpp"

#include "layers/copy_rows.hpp"

namespace caffe {

template <typename Dtype>
void ConcatLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const ConcatParameter& param = this->layer_param_.concat_param();
  INPUT_CHECK(!(param.has_axis() && param.has_concat_dim()))
      << "concat_param has both axis and concat_dim; they are two names of "
         "one option";
}

template <typename Dtype>
void ConcatLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                 const vector<Blob<Dtype>*>& top) {
  const ConcatParameter& param = this->layer_param_.concat_param();
  const int64_t axis = param.has_concat_dim()
                           ? static_cast<int64_t>(param.concat_dim())
                           : param.axis();
  const int axes = bottom[0]->num_axes();
  INPUT_CHECK(axis >= -axes && axis < axes)
      << "cannot concatenate along axis " << axis
      << ": its first bottom is of shape " << bottom[0]->shape_string();
  axis_ = static_cast<int>(axis < 0 ? axis + axes : axis);
  vector<int> shape = bottom[0]->shape();
  int64_t total = 0;
  for (size_t k = 0; k < bottom.size(); ++k) {
    INPUT_CHECK(bottom[k] != top[0])
        << "cannot run in place: its top must have another name than its "
           "bottoms";
    vector<int> rest = bottom[k]->shape();
    if (static_cast<int>(rest.size()) == axes) rest[axis_] = shape[axis_];
    INPUT_CHECK(rest == shape)
        << "its bottoms may differ in axis " << axis_ << " only; bottom 0 is "
        << "of shape " << bottom[0]->shape_string() << " and bottom " << k
        << " of shape " << bottom[k]->shape_string();
    total += bottom[k]->shape(axis_);
  }
  INPUT_CHECK(total <= INT_MAX)
      << "its bottoms are too large together: " << total
      << " along axis " << axis_;
  shape[axis_] = static_cast<int>(total);
  top[0]->Reshape(shape);
  rows_ = top[0]->count(0, axis_);
  columns_ = top[0]->count(axis_);
}

template <typename Dtype>
void ConcatLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  Dtype* y = top[0]->mutable_cpu_data();
  for (const Blob<Dtype>* x : bottom) {
    const int width = x->count(axis_);
    CopyRows<Dtype>(rows_, width, x->cpu_data(), width, y, columns_);
    y += width;
  }
}

template <typename Dtype>
void ConcatLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                      const vector<bool>& propagate_down,
                                      const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->cpu_diff();
  for (size_t k = 0; k < bottom.size(); ++k) {
    const int width = bottom[k]->count(axis_);
    if (propagate_down[k]) {
      CopyRows<Dtype>(rows_, width, dy, columns_,
                      bottom[k]->mutable_cpu_diff(), width);
    }
    dy += width;
  }
}

INSTANTIATE_CLASS(ConcatLayer);
REGISTER_LAYER_CLASS(Concat);

}  // namespace caffe
