// Eltwise on the GPU: the functions of eltwise_layer.cpp, in its order; one
// kernel a step from bottom to bottom.
#include "caffe/layers/eltwise_layer.hpp"
#include "math/map.cuh"

namespace caffe {
namespace {

template <typename Dtype>
void AddScaled(int64_t count, Dtype a, const Dtype* x, Dtype b, const Dtype* z,
               Dtype* y) {
  Map(
      count,
      [=] __device__(Dtype one, Dtype two) { return a * one + b * two; }, y, x,
      z);
}

template <typename Dtype>
void Multiply(int64_t count, const Dtype* x, const Dtype* z, Dtype* y) {
  Map(
      count, [=] __device__(Dtype one, Dtype two) { return one * two; }, y, x,
      z);
}

template <typename Dtype>
void Maximum(int64_t count, const Dtype* so_far, const Dtype* x, int index,
             Dtype* y, int* chosen) {
  ForEach(count, [=] __device__(int64_t i) {
    const bool replaces = ReplacesMaximum(x[i], so_far[i], index);
    chosen[i] = replaces ? index : (index == 1 ? 0 : chosen[i]);
    y[i] = replaces ? x[i] : so_far[i];
  });
}

}  // namespace

template <typename Dtype>
void EltwiseLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const int64_t count = top[0]->count();
  Dtype* y = top[0]->mutable_gpu_data();
  for (int k = 1; k < static_cast<int>(bottom.size()); ++k) {
    const Dtype* so_far = k == 1 ? bottom[0]->gpu_data() : y;
    const Dtype* x = bottom[k]->gpu_data();
    switch (operation_) {
      case EltwiseParameter::SUM:
        AddScaled(count, k == 1 ? coeffs_[0] : Dtype(1), so_far, coeffs_[k],
                  x, y);
        break;
      case EltwiseParameter::PROD:
        Multiply(count, so_far, x, y);
        break;
      case EltwiseParameter::MAX:
        Maximum(count, so_far, x, k, y, chosen_.mutable_gpu_data());
        break;
    }
  }
}

namespace {

template <typename Dtype>
void ProductOfOthers(int k, const vector<Blob<Dtype>*>& bottom,
                     const Dtype* dy, Dtype* dx) {
  const Dtype* so_far = dy;
  for (int other = 0; other < static_cast<int>(bottom.size()); ++other) {
    if (other == k) continue;
    Multiply<Dtype>(bottom[k]->count(), so_far, bottom[other]->gpu_data(), dx);
    so_far = dx;
  }
}

template <typename Dtype>
void Quotient(int64_t count, const Dtype* y, const Dtype* x, const Dtype* dy,
              Dtype* dx) {
  Map(
      count,
      [=] __device__(Dtype product, Dtype factor, Dtype diff) {
        return product / factor * diff;
      },
      dx, y, x, dy);
}

template <typename Dtype>
void Choose(int64_t count, const int* chosen, int k, const Dtype* dy,
            Dtype* dx) {
  Map(
      count,
      [=] __device__(int which, Dtype diff) {
        return which == k ? diff : Dtype(0);
      },
      dx, chosen, dy);
}

}  // namespace

template <typename Dtype>
void EltwiseLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  const int count = top[0]->count();
  const Dtype* dy = top[0]->gpu_diff();
  for (int k = 0; k < static_cast<int>(bottom.size()); ++k) {
    if (!propagate_down[k]) continue;
    Dtype* dx = bottom[k]->mutable_gpu_diff();
    if (operation_ == EltwiseParameter::SUM) {
      caffe_gpu_scale(count, coeffs_[k], dy, dx);
    } else if (operation_ == EltwiseParameter::MAX) {
      Choose(count, chosen_.gpu_data(), k, dy, dx);
    } else if (stable_prod_grad_) {
      ProductOfOthers(k, bottom, dy, dx);
    } else {
      Quotient(count, top[0]->gpu_data(), bottom[k]->gpu_data(), dy, dx);
    }
  }
}

INSTANTIATE_LAYER_GPU_FUNCS(EltwiseLayer);

}  // namespace caffe
