// ConcatLayer on the GPU: one strided copy a bottom.
#include "caffe/layers/concat_layer.hpp"
#include "layers/copy_rows.cuh"

namespace caffe {

template <typename Dtype>
void ConcatLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  Dtype* y = top[0]->mutable_gpu_data();
  for (const Blob<Dtype>* x : bottom) {
    const int width = x->count(axis_);
    CopyRowsOnDevice<Dtype>(rows_, width, x->gpu_data(), width, y, columns_);
    y += width;
  }
}

template <typename Dtype>
void ConcatLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                      const vector<bool>& propagate_down,
                                      const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->gpu_diff();
  for (size_t k = 0; k < bottom.size(); ++k) {
    const int width = bottom[k]->count(axis_);
    if (propagate_down[k]) {
      CopyRowsOnDevice<Dtype>(rows_, width, dy, columns_,
                         bottom[k]->mutable_gpu_diff(), width);
    }
    dy += width;
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(ConcatLayer);

}  // namespace caffe
