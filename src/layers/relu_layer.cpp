// ReLULayer on the CPU. Bound by memory: one pass over the values.
#include "caffe/layers/relu_layer.hpp"

#include "core/independent_loop.hpp"
#include "core/parallel.hpp"

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

namespace {

// In place is safe: each value depends on its own index alone.
template <bool kLeaky, typename Dtype>
void MapForward(int64_t count, const Dtype* x, Dtype slope, Dtype* y) {
  ParallelFor(count, 1, [=](int64_t begin, int64_t end) {
    TERCET_INDEPENDENT_LOOP
    for (int64_t i = begin; i < end; ++i) {
      y[i] = ReluValue<kLeaky>(x[i], slope);
    }
  });
}

template <bool kLeaky, typename Dtype>
void MapBackward(int64_t count, const Dtype* x, const Dtype* dy, Dtype slope,
                 Dtype* dx) {
  ParallelFor(count, 1, [=](int64_t begin, int64_t end) {
    TERCET_INDEPENDENT_LOOP
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = ReluGradient<kLeaky>(x[i], dy[i], slope);
    }
  });
}

}  // namespace

template <typename Dtype>
void ReLULayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const auto map = slope_ == 0 ? MapForward<false, Dtype>
                               : MapForward<true, Dtype>;
  map(bottom[0]->count(), bottom[0]->cpu_data(), slope_,
      top[0]->mutable_cpu_data());
}

template <typename Dtype>
void ReLULayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const auto map = slope_ == 0 ? MapBackward<false, Dtype>
                               : MapBackward<true, Dtype>;
  // In place the bottom holds y, which has the sign of x.
  map(bottom[0]->count(), bottom[0]->cpu_data(), top[0]->cpu_diff(), slope_,
      bottom[0]->mutable_cpu_diff());
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
