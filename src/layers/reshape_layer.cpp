// ReshapeLayer, on either device: the top's shape; the values are shared.
#include "caffe/layers/reshape_layer.hpp"

namespace caffe {

template <typename Dtype>
void ReshapeLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  const ReshapeParameter& param = this->layer_param_.reshape_param();
  INPUT_CHECK(param.num_axes() >= -1)
      << "reshape_param's num_axes is " << param.num_axes()
      << "; it must be -1 or more";
  int inferred = 0;
  for (const int64_t dim : param.shape().dim()) {
    INPUT_CHECK(dim >= -1 && dim <= INT_MAX)
        << "reshape_param's shape has a dim of " << dim
        << "; a dim is -1, 0 or a size";
    if (dim == -1) ++inferred;
  }
  INPUT_CHECK(inferred <= 1)
      << "reshape_param's shape has " << inferred
      << " dims of -1; one at most can be worked out";
}

template <typename Dtype>
void ReshapeLayer<Dtype>::ReplacedAxes(const Blob<Dtype>& bottom, int* begin,
                                       int* end) const {
  const ReshapeParameter& param = this->layer_param_.reshape_param();
  const int axes = bottom.num_axes();
  INPUT_CHECK(param.axis() >= -axes - 1 && param.axis() <= axes)
      << "reshape_param's axis " << param.axis()
      << " is outside of its bottom of shape " << bottom.shape_string();
  *begin = param.axis() >= 0 ? param.axis() : param.axis() + axes + 1;
  *end = axes;
  if (param.num_axes() == -1) return;
  INPUT_CHECK(param.num_axes() <= axes - *begin)
      << "reshape_param's num_axes is " << param.num_axes() << ", but from "
      << "axis " << *begin << " on its bottom has " << axes - *begin
      << " axes (" << bottom.shape_string() << ")";
  *end = *begin + param.num_axes();
}

template <typename Dtype>
void ReshapeLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(top[0] != bottom[0])
      << "cannot run in place: its top must have another name than its bottom";
  const BlobShape& wanted = this->layer_param_.reshape_param().shape();
  const vector<int>& from = bottom[0]->shape();
  int begin = 0, end = 0;
  ReplacedAxes(*bottom[0], &begin, &end);
  vector<int> shape(from.begin(), from.begin() + begin);
  int inferred = -1;
  for (int i = 0; i < wanted.dim_size(); ++i) {
    const int dim = static_cast<int>(wanted.dim(i));
    INPUT_CHECK(dim != 0 || begin + i < bottom[0]->num_axes())
        << "reshape_param's dim " << i << " is 0, but its bottom has no axis "
        << begin + i << " to keep (" << bottom[0]->shape_string() << ")";
    if (dim == -1) inferred = begin + i;
    shape.push_back(dim == 0 ? from[begin + i] : dim);
  }
  shape.insert(shape.end(), from.begin() + end, from.end());
  if (inferred >= 0) {
    shape[inferred] = 1;
    const Blob<Dtype> others(shape);
    INPUT_CHECK(others.count() > 0 &&
                bottom[0]->count() % others.count() == 0)
        << "the dim of -1 cannot be worked out: the " << bottom[0]->count()
        << " values of its bottom (" << bottom[0]->shape_string()
        << ") do not divide by the product of the other dims, "
        << others.count();
    shape[inferred] = bottom[0]->count() / others.count();
  }
  top[0]->Reshape(shape);
  INPUT_CHECK(top[0]->count() == bottom[0]->count())
      << "a bottom of shape " << bottom[0]->shape_string()
      << " cannot be reshaped to " << top[0]->shape_string()
      << ": the counts differ";
}

template <typename Dtype>
void ReshapeLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  top[0]->ShareData(*bottom[0]);
}

template <typename Dtype>
void ReshapeLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (propagate_down[0]) bottom[0]->ShareDiff(*top[0]);
}

INSTANTIATE_CLASS(ReshapeLayer);
REGISTER_LAYER_CLASS(Reshape);

}  // namespace caffe
