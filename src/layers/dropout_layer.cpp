// DropoutLayer on the CPU.
#include "caffe/layers/dropout_layer.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void DropoutLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  const float ratio = this->layer_param_.dropout_param().dropout_ratio();
  INPUT_CHECK(ratio >= 0 && ratio < 1)
      << "dropout_ratio is " << ratio << "; it must be in [0, 1)";
  threshold_ = static_cast<uint32_t>(ratio * 4294967296.0);
  scale_ = static_cast<Dtype>(1.0 / (1.0 - ratio));
}

template <typename Dtype>
void DropoutLayer<Dtype>::Apply_cpu(int64_t count, const Dtype* from,
                                    Dtype* to) const {
  constexpr int kGroupWork = 64;
  ParallelFor((count + 3) / 4, kGroupWork, [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const DropoutFactors<Dtype> factors =
          DropoutFactorsAt(key_, group, threshold_, scale_);
      const int64_t first = 4 * group;
      const int64_t last = std::min(count, first + 4);
      for (int64_t i = first; i < last; ++i) {
        to[i] = from[i] * factors.v[i - first];
      }
    }
  });
}

template <typename Dtype>
void DropoutLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const int count = bottom[0]->count();
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  if (this->phase_ != TRAIN) {
    caffe_copy(count, x, y);
    return;
  }
  key_ = Caffe::rng().Uint64();
  Apply_cpu(count, x, y);
}

template <typename Dtype>
void DropoutLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const int count = bottom[0]->count();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  if (this->phase_ != TRAIN) {
    caffe_copy(count, dy, dx);
    return;
  }
  Apply_cpu(count, dy, dx);
}

INSTANTIATE_CLASS(DropoutLayer);
REGISTER_LAYER_CLASS(Dropout);

}  // namespace caffe
