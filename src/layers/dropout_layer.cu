// DropoutLayer on the GPU, one thread for four values.
#include "caffe/layers/dropout_layer.hpp"
#include "core/device.cuh"

namespace caffe {
namespace {

// One thread a group of 4 values, in packs of W.
template <int W, typename Dtype>
void Multiply(int64_t count, uint64_t key, uint32_t threshold, Dtype scale,
              const Dtype* from, Dtype* to) {
  ForEach((count + 3) / 4, [=] __device__(int64_t group) {
    const DropoutFactors<Dtype> factors =
        DropoutFactorsAt(key, group, threshold, scale);
#pragma unroll
    for (int k = 0; k < 4; k += W) {
      const int64_t i = 4 * group + k;
      if (i >= count) continue;
      Pack<Dtype, W> x = LoadPack<W>(from + i);
#pragma unroll
      for (int c = 0; c < W; ++c) x.v[c] *= factors.v[k + c];
      StorePack(x, to + i);
    }
  });
}

}  // namespace

template <typename Dtype>
void DropoutLayer<Dtype>::Apply_gpu(int64_t count, const Dtype* from,
                                    Dtype* to) const {
  const bool wide = count % 4 == 0 && AlignedForPacks(from, to);
  (wide ? Multiply<kWide<Dtype>, Dtype> : Multiply<1, Dtype>)(
      count, key_, threshold_, scale_, from, to);
}

template <typename Dtype>
void DropoutLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const int count = bottom[0]->count();
  const Dtype* x = bottom[0]->gpu_data();
  Dtype* y = top[0]->mutable_gpu_data();
  if (this->phase_ != TRAIN) {
    caffe_copy(count, x, y);
    return;
  }
  key_ = Caffe::rng().Uint64();
  Apply_gpu(count, x, y);
}

template <typename Dtype>
void DropoutLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const int count = bottom[0]->count();
  const Dtype* dy = top[0]->gpu_diff();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  if (this->phase_ != TRAIN) {
    caffe_copy(count, dy, dx);
    return;
  }
  Apply_gpu(count, dy, dx);
}

INSTANTIATE_LAYER_GPU_FUNCS(DropoutLayer);

}  // namespace caffe
