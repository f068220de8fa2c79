// InnerProduct on the device.
#include <vector>

#include "caffe/layers/inner_product_layer.hpp"
#include "math/channels.cuh"

namespace caffe {

namespace {

// y(rows, outputs): a channel an output.
template <typename Dtype>
void AddBias(int rows, int outputs, const Dtype* bias, Dtype* y) {
  MapByChannel(
      ChannelShape{rows, outputs, 1},
      [=] __device__(int64_t o, Dtype value) { return value + bias[o]; }, y,
      y);
}

// db[o] += the sum of column o of dy(rows, outputs); sums has room for them.
template <typename Dtype>
void SumBias(int rows, int outputs, const Dtype* dy, double* sums, Dtype* db) {
  ChannelSumsOnDevice(
      ChannelShape{rows, outputs, 1}, sums,
      [=] __device__(int64_t i, int64_t) -> double { return dy[i]; });
  ForEach(outputs, [=] __device__(int64_t o) {
    db[o] = static_cast<Dtype>(db[o] + sums[o]);
  });
}

}  // namespace

template <typename Dtype>
void InnerProductLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                           const vector<Blob<Dtype>*>& top) {
  Dtype* y = top[0]->mutable_gpu_data();
  caffe_gpu_gemm<Dtype>(CblasNoTrans, transpose_ ? CblasNoTrans : CblasTrans,
                        rows_, outputs_, depth_, Dtype(1),
                        bottom[0]->gpu_data(), this->blobs_[0]->gpu_data(),
                        Dtype(0), y);
  if (bias_term_) {
    AddBias(rows_, outputs_, this->blobs_[1]->gpu_data(), y);
  }
}

template <typename Dtype>
void InnerProductLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->gpu_diff();
  const Dtype* x = bottom[0]->gpu_data();
  if (this->param_propagate_down_[0]) {
    Dtype* dw = this->blobs_[0]->mutable_gpu_diff();
    if (transpose_) {
      caffe_gpu_gemm<Dtype>(CblasTrans, CblasNoTrans, depth_, outputs_, rows_,
                            Dtype(1), x, dy, Dtype(1), dw);
    } else {
      caffe_gpu_gemm<Dtype>(CblasTrans, CblasNoTrans, outputs_, depth_, rows_,
                            Dtype(1), dy, x, Dtype(1), dw);
    }
  }
  if (bias_term_ && this->param_propagate_down_[1]) {
    SumBias(rows_, outputs_, dy, bias_sums_.mutable_gpu_data(),
            this->blobs_[1]->mutable_gpu_diff());
  }
  if (propagate_down[0]) {
    caffe_gpu_gemm<Dtype>(CblasNoTrans, transpose_ ? CblasTrans : CblasNoTrans,
                          rows_, depth_, outputs_, Dtype(1), dy,
                          this->blobs_[0]->gpu_data(), Dtype(0),
                          bottom[0]->mutable_gpu_diff());
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(InnerProductLayer);

}  // namespace caffe
