// Reduction on the GPU: the functions of reduction_layer.cpp, in its order;
// one block a row.
#include "caffe/layers/reduction_layer.hpp"
#include "math/channels.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void SumRows(const ChannelShape& shape, int operation, Dtype coeff,
             const Dtype* x, double* sums, Dtype* y) {
  ChannelSumsOnDevice(shape, sums,
                      [=] __device__(int64_t i, int64_t) -> double {
                        return ReductionTerm(operation, x[i]);
                      });
  ForEach(shape.channels, [=] __device__(int64_t row) {
    y[row] = static_cast<Dtype>(coeff * sums[row]);
  });
}

template <typename Dtype>
void Gradient(const ChannelShape& shape, int operation, Dtype coeff,
              const Dtype* x, const Dtype* dy, Dtype* dx) {
  ForEachByChannelOnDevice(shape, [=] __device__(int64_t i, int64_t row) {
    dx[i] = dy[row] * coeff * ReductionSlope(operation, x[i]);
  });
}

}  // namespace

template <typename Dtype>
void ReductionLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  SumRows(shape_, operation_, coeff_, bottom[0]->gpu_data(),
          sums_.mutable_gpu_data(), top[0]->mutable_gpu_data());
}

template <typename Dtype>
void ReductionLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  Gradient(shape_, operation_, coeff_, bottom[0]->gpu_data(),
           top[0]->gpu_diff(), bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(ReductionLayer);

}  // namespace caffe
