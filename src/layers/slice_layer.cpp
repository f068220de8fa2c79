// SliceLayer on the CPU: one strided copy a top.
#include "caffe/layers/slice_layer.hpp"

#include "layers/copy_rows.hpp"

namespace caffe {

template <typename Dtype>
void SliceLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const SliceParameter& param = this->layer_param_.slice_param();
  INPUT_CHECK(!(param.has_axis() && param.has_slice_dim()))
      << "slice_param has both axis and slice_dim; they are two names of one "
         "option";
  const int points = param.slice_point_size();
  const int tops = static_cast<int>(top.size());
  INPUT_CHECK(points == 0 || points == tops - 1)
      << points << " slice_point(s) make " << points + 1
      << " tops, and it has " << tops;
}

template <typename Dtype>
vector<int> SliceLayer<Dtype>::TopSizes(int size, int tops) const {
  const SliceParameter& param = this->layer_param_.slice_param();
  if (param.slice_point_size() == 0) {
    INPUT_CHECK(size % tops == 0 && size >= tops)
        << "axis " << axis_ << " of size " << size << " does not divide into "
        << tops << " equal tops; say slice_point";
    return vector<int>(tops, size / tops);
  }
  vector<int> sizes;
  int64_t begin = 0;
  for (const int64_t end : param.slice_point()) {
    INPUT_CHECK(end > begin)
        << "slice_point " << end << " is not above the one before it, "
        << begin << "; they must ascend from 0";
    INPUT_CHECK(end < size)
        << "slice_point " << end << " is outside of axis " << axis_
        << ", which has size " << size;
    sizes.push_back(static_cast<int>(end - begin));
    begin = end;
  }
  sizes.push_back(static_cast<int>(size - begin));
  return sizes;
}

template <typename Dtype>
void SliceLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                const vector<Blob<Dtype>*>& top) {
  const SliceParameter& param = this->layer_param_.slice_param();
  const int64_t axis = param.has_slice_dim()
                           ? static_cast<int64_t>(param.slice_dim())
                           : param.axis();
  const int axes = bottom[0]->num_axes();
  INPUT_CHECK(axis >= -axes && axis < axes)
      << "cannot slice along axis " << axis << ": its bottom is of shape "
      << bottom[0]->shape_string();
  axis_ = static_cast<int>(axis < 0 ? axis + axes : axis);
  vector<int> shape = bottom[0]->shape();
  const vector<int> sizes =
      TopSizes(shape[axis_], static_cast<int>(top.size()));
  for (size_t k = 0; k < top.size(); ++k) {
    INPUT_CHECK(top[k] != bottom[0])
        << "cannot run in place: a top must have another name than the bottom";
    shape[axis_] = sizes[k];
    top[k]->Reshape(shape);
  }
  rows_ = bottom[0]->count(0, axis_);
  columns_ = bottom[0]->count(axis_);
}

template <typename Dtype>
void SliceLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  for (Blob<Dtype>* y : top) {
    const int width = y->count(axis_);
    CopyRows<Dtype>(rows_, width, x, columns_, y->mutable_cpu_data(), width);
    x += width;
  }
}

template <typename Dtype>
void SliceLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  for (const Blob<Dtype>* y : top) {
    const int width = y->count(axis_);
    CopyRows<Dtype>(rows_, width, y->cpu_diff(), width, dx, columns_);
    dx += width;
  }
}

INSTANTIATE_CLASS(SliceLayer);
REGISTER_LAYER_CLASS(Slice);

}  // namespace caffe
