// SplitLayer on the GPU: shared data forward, the sum of the diffs backward.
#include "caffe/layers/split_layer.hpp"
#include "math/map.cuh"

namespace caffe {

template <typename Dtype>
void SplitLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  for (Blob<Dtype>* y : top) y->ShareData(*bottom[0]);
}

namespace {

template <typename Dtype>
void AddTo(int count, const Dtype* dy, Dtype* dx) {
  Map(
      count, [=] __device__(Dtype sum, Dtype diff) { return sum + diff; }, dx,
      dx, dy);
}

}  // namespace

template <typename Dtype>
void SplitLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const int count = bottom[0]->count();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  if (top.size() == 1) {
    caffe_copy(count, top[0]->gpu_diff(), dx);
    return;
  }
  caffe_gpu_add(count, top[0]->gpu_diff(), top[1]->gpu_diff(), dx);
  for (size_t k = 2; k < top.size(); ++k) {
    AddTo(count, top[k]->gpu_diff(), dx);
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(SplitLayer);

}  // namespace caffe
