// ReLULayer on the CPU. Bound by memory: one pass over the values.
#include "caffe/layers/relu_layer.hpp"

#include "caffe/util/parallel.hpp"

namespace caffe {

template <typename Dtype>
void ReLULayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  slope_ = this->layer_param_.relu_param().negative_slope();
  INPUT_CHECK(std::isfinite(slope_))
      << "negative_slope is " << slope_ << "; it must be a finite number";
}

template <typename Dtype>
void ReLULayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0] != top[0] || slope_ >= 0)
      << "cannot run in place with negative_slope " << slope_
      << " below 0: the sign of the input would be lost";
  NeuronLayer<Dtype>::Reshape(bottom, top);
}

template <typename Dtype>
void ReLULayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  const Dtype slope = slope_;
  ParallelFor(bottom[0]->count(), 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = ReluValue(x[i], slope);
  });
}

template <typename Dtype>
void ReLULayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  // In place this is y, which has the sign of x.
  const Dtype* x = bottom[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype slope = slope_;
  ParallelFor(bottom[0]->count(), 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = ReluGradient(x[i], dy[i], slope);
    }
  });
}

template <typename Dtype>
void ReLULayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                 const vector<Blob<Dtype>*>& top,
                                 vector<int>* sides) const {
  const Dtype* x = bottom[0]->cpu_data();
  for (int i = 0; i < bottom[0]->count(); ++i) sides->push_back(x[i] > 0);
}

INSTANTIATE_CLASS(ReLULayer);
REGISTER_LAYER_CLASS(ReLU);

}  // namespace caffe
