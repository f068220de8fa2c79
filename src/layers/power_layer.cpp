// PowerLayer on the CPU.
#include "caffe/layers/power_layer.hpp"

#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void PowerLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const PowerParameter& param = this->layer_param_.power_param();
  power_ = param.power();
  scale_ = param.scale();
  shift_ = param.shift();
  INPUT_CHECK(std::isfinite(power_) && std::isfinite(scale_) &&
              std::isfinite(shift_))
      << "power, scale and shift must be finite numbers; they are " << power_
      << ", " << scale_ << " and " << shift_;
}

template <typename Dtype>
void PowerLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                const vector<Blob<Dtype>*>& top) {
  NeuronLayer<Dtype>::Reshape(bottom, top);
  in_place_ = bottom[0] == top[0];
  if (in_place_ && NeedsInput()) input_.ReshapeLike(*bottom[0]);
}

template <typename Dtype>
void PowerLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const int count = bottom[0]->count();
  const Dtype* x = bottom[0]->cpu_data();
  if (in_place_ && NeedsInput()) {
    caffe_copy(count, x, input_.mutable_cpu_data());
  }
  Dtype* y = top[0]->mutable_cpu_data();
  const Dtype power = power_, scale = scale_, shift = shift_;
  ParallelFor(count, 4, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      y[i] = PowerValue(x[i], power, scale, shift);
    }
  });
}

template <typename Dtype>
void PowerLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* x = in_place_ && NeedsInput() ? input_.cpu_data()
                                             : bottom[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype power = power_, scale = scale_, shift = shift_;
  ParallelFor(bottom[0]->count(), 4, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = dy[i] * PowerDerivative(x[i], power, scale, shift);
    }
  });
}

INSTANTIATE_CLASS(PowerLayer);
REGISTER_LAYER_CLASS(Power);

}  // namespace caffe
