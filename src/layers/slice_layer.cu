// SliceLayer on the GPU: one strided copy a top.
#include "caffe/layers/slice_layer.hpp"
#include "layers/copy_rows.cuh"

namespace caffe {

template <typename Dtype>
void SliceLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  for (Blob<Dtype>* y : top) {
    const int width = y->count(axis_);
    CopyRowsOnDevice<Dtype>(rows_, width, x, columns_, y->mutable_gpu_data(),
                       width);
    x += width;
  }
}

template <typename Dtype>
void SliceLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  for (const Blob<Dtype>* y : top) {
    const int width = y->count(axis_);
    CopyRowsOnDevice<Dtype>(rows_, width, y->gpu_diff(), width, dx, columns_);
    dx += width;
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(SliceLayer);

}  // namespace caffe
