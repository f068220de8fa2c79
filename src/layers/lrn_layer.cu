// LRN on the GPU: the functions of lrn_layer.cpp, in its order.
#include "caffe/layers/lrn_layer.hpp"
#include "core/device.cuh"

namespace caffe {
namespace {

// term(i) is in[i], or its square.
template <bool kSquare, typename Dtype>
void WindowSum(const WindowShape& shape, int half, const Dtype* in,
               Dtype start, Dtype factor, Dtype* out) {
  ForEach(shape.outer * shape.length * shape.inner,
          [=] __device__(int64_t i) {
            const int64_t at = i / shape.inner % shape.length;
            const int64_t before = half < at ? half : at;
            const int64_t left = shape.length - 1 - at;
            const int64_t after = half < left ? half : left;
            Dtype sum = 0;
            for (int64_t j = -before; j <= after; ++j) {
              const Dtype value = in[i + j * shape.inner];
              sum += kSquare ? value * value : value;
            }
            out[i] = start + factor * sum;
          });
}

template <typename Dtype>
void Scale(int64_t count, const Dtype* x, const Dtype* scale, Dtype beta,
           Dtype* y) {
  ForEach(count, [=] __device__(int64_t i) {
    y[i] = x[i] * LrnFactor(scale[i], beta);
  });
}

template <typename Dtype>
void Terms(int64_t count, const Dtype* dy, const Dtype* x, const Dtype* scale,
           Dtype beta, Dtype* terms) {
  ForEach(count, [=] __device__(int64_t i) {
    terms[i] = dy[i] * x[i] * LrnFactor(scale[i], beta) / scale[i];
  });
}

template <typename Dtype>
void Gradient(int64_t count, const Dtype* dy, const Dtype* x,
              const Dtype* scale, Dtype beta, Dtype factor, Dtype* dx) {
  ForEach(count, [=] __device__(int64_t i) {
    dx[i] = dy[i] * LrnFactor(scale[i], beta) - factor * x[i] * dx[i];
  });
}

}  // namespace

template <typename Dtype>
void LRNLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  Dtype* scale = scale_.mutable_gpu_data();
  if (within_) {
    Dtype* line = work_.mutable_gpu_data();
    WindowSum<true>(first_, half_, x, Dtype(0), Dtype(1), line);
    WindowSum<false>(second_, half_, line, k_, alpha_, scale);
  } else {
    WindowSum<true>(first_, half_, x, k_, alpha_, scale);
  }
  Scale(bottom[0]->count(), x, scale, beta_, top[0]->mutable_gpu_data());
}

template <typename Dtype>
void LRNLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                   const vector<bool>& propagate_down,
                                   const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* dy = top[0]->gpu_diff();
  const Dtype* x = bottom[0]->gpu_data();
  const Dtype* scale = scale_.gpu_data();
  Dtype* terms = work_.mutable_gpu_data();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  const int64_t count = bottom[0]->count();
  Terms(count, dy, x, scale, beta_, terms);
  // dx holds the windows' sums until the last loop.
  if (within_) {
    Dtype* line = work_.mutable_gpu_diff();
    WindowSum<false>(first_, half_, terms, Dtype(0), Dtype(1), line);
    WindowSum<false>(second_, half_, line, Dtype(0), Dtype(1), dx);
  } else {
    WindowSum<false>(first_, half_, terms, Dtype(0), Dtype(1), dx);
  }
  Gradient(count, dy, x, scale, beta_, 2 * alpha_ * beta_, dx);
}

INSTANTIATE_LAYER_GPU_FUNCS(LRNLayer);

}  // namespace caffe
