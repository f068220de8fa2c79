// SigmoidLayer on the CPU.
#include "caffe/layers/sigmoid_layer.hpp"

#include "core/parallel.hpp"

namespace caffe {
namespace {

// Elementary operations that one value costs, for the choice of threads.
constexpr int kForwardWork = 16;

}  // namespace

template <typename Dtype>
void SigmoidLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  ParallelFor(bottom[0]->count(), kForwardWork,
              [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = SigmoidValue(x[i]);
  });
}

template <typename Dtype>
void SigmoidLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* y = top[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  ParallelFor(bottom[0]->count(), 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = SigmoidGradient(y[i], dy[i]);
    }
  });
}

INSTANTIATE_CLASS(SigmoidLayer);
REGISTER_LAYER_CLASS(Sigmoid);

}  // namespace caffe
