// Pooling on the device: forward one thread an output; backward one thread an
// input, which gathers from the windows that hold it, in a fixed order. cuDNN
// has the means of windows that all lie in the image: its other means count
// differently, and its gradient of a maximum reads the top, which a layer above
// may have changed in place.
#include <vector>

#include "caffe/layers/pooling_layer.hpp"
#ifdef TERCET_CUDNN
#include "math/cudnn.hpp"
#endif
#include "core/device.cuh"

namespace caffe {

namespace {

// The windows [first, last) along one axis that may hold position `at`.
struct Holders {
  __device__ Holders(int at, int kernel, int stride, int pad, int count) {
    const int padded = at + pad;
    first = padded < kernel ? 0 : (padded - kernel) / stride + 1;
    last = PoolGeometry::Least(padded / stride + 1, count);
  }
  int first;
  int last;
};

template <typename Dtype>
void MaxForward(const PoolGeometry& s, int64_t count, const Dtype* x, Dtype* y,
                int* argmax, Dtype* mask) {
  ForEach(count, [=] __device__(int64_t index) {
    const PoolGeometry::Window w =
        s.At(index / s.out_w % s.out_h, index % s.out_w);
    const Dtype* plane = x + index / s.out_w / s.out_h * s.height * s.width;
    int best = w.top * s.width + w.left;
    for (int i = w.top; i < w.bottom; ++i) {
      for (int j = w.left; j < w.right; ++j) {
        const int at = i * s.width + j;
        if (plane[at] > plane[best] || plane[at] != plane[at]) { best = at; }
      }
    }
    y[index] = plane[best];
    argmax[index] = best;
    if (mask != nullptr) { mask[index] = best; }
  });
}

template <typename Dtype>
void MeanForward(const PoolGeometry& s, int64_t count, const Dtype* x,
                 Dtype* y) {
  ForEach(count, [=] __device__(int64_t index) {
    const PoolGeometry::Window w =
        s.At(index / s.out_w % s.out_h, index % s.out_w);
    const Dtype* plane = x + index / s.out_w / s.out_h * s.height * s.width;
    Dtype sum = 0;
    for (int i = w.top; i < w.bottom; ++i) {
      for (int j = w.left; j < w.right; ++j) { sum += plane[i * s.width + j]; }
    }
    y[index] = sum / w.size;
  });
}

// argmax is null for the mean.
template <typename Dtype>
void PoolBackward(const PoolGeometry& s, int64_t count, const Dtype* dy,
                  const int* argmax, Dtype* dx) {
  ForEach(count, [=] __device__(int64_t index) {
    const int column = index % s.width;
    const int row = index / s.width % s.height;
    const int64_t plane =
        index / s.width / s.height * s.out_h * s.out_w;
    const Holders rows(row, s.kernel_h, s.stride_h, s.pad_h, s.out_h);
    const Holders columns(column, s.kernel_w, s.stride_w, s.pad_w, s.out_w);
    Dtype sum = 0;
    for (int r = rows.first; r < rows.last; ++r) {
      for (int q = columns.first; q < columns.last; ++q) {
        const int64_t out = plane + r * s.out_w + q;
        if (argmax == nullptr) {
          sum += dy[out] / s.At(r, q).size;
        } else if (argmax[out] == row * s.width + column) {
          sum += dy[out];
        }
      }
    }
    dx[index] = sum;
  });
}

#ifdef TERCET_CUDNN
bool AllInside(const PoolGeometry& s) {
  return s.pad_h == 0 && s.pad_w == 0 && s.height >= s.kernel_h &&
         s.width >= s.kernel_w &&
         s.out_h == (s.height - s.kernel_h) / s.stride_h + 1 &&
         s.out_w == (s.width - s.kernel_w) / s.stride_w + 1;
}

bool IsCudnns(const LayerParameter& param, const PoolGeometry& s,
              bool is_max, int images) {
  return !is_max && AllInside(s) && images <= kMostCudnnImages &&
         param.pooling_param().engine() != PoolingParameter::CAFFE;
}

// The shapes of pooling, as cuDNN has them.
template <typename Dtype>
struct CudnnMeans {
  CudnnMeans(const PoolGeometry& s, int images, int channels)
      : x(images, channels, s.height, s.width),
        y(images, channels, s.out_h, s.out_w) {
    CUDNN_CHECK(cudnnSetPooling2dDescriptor(
        windows, CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING,
        CUDNN_PROPAGATE_NAN, s.kernel_h, s.kernel_w, 0, 0, s.stride_h,
        s.stride_w));
  }
  CudnnTensor<Dtype> x, y;
  CudnnPoolingDescriptor windows;
};
#endif

}  // namespace

template <typename Dtype>
void PoolingLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  Dtype* y = top[0]->mutable_gpu_data();
#ifdef TERCET_CUDNN
  if (IsCudnns(this->layer_param_, shape_, is_max_, bottom[0]->shape(0))) {
    const CudnnMeans<Dtype> means(shape_, bottom[0]->shape(0),
                                  bottom[0]->shape(1));
    const Dtype one = 1, zero = 0;
    CUDNN_CHECK(cudnnPoolingForward(CudnnHandle(), means.windows, &one,
                                    means.x, x, &zero, means.y, y));
    return;
  }
#endif
  if (is_max_) {
    MaxForward(shape_, top[0]->count(), x, y, argmax_.mutable_gpu_data(),
               top.size() > 1 ? top[1]->mutable_gpu_data() : nullptr);
  } else {
    MeanForward(shape_, top[0]->count(), x, y);
  }
}

template <typename Dtype>
void PoolingLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) { return; }
#ifdef TERCET_CUDNN
  if (IsCudnns(this->layer_param_, shape_, is_max_, bottom[0]->shape(0))) {
    const CudnnMeans<Dtype> means(shape_, bottom[0]->shape(0),
                                  bottom[0]->shape(1));
    const Dtype one = 1, zero = 0;
    CUDNN_CHECK(cudnnPoolingBackward(
        CudnnHandle(), means.windows, &one, means.y, top[0]->gpu_data(),
        means.y, top[0]->gpu_diff(), means.x, bottom[0]->gpu_data(), &zero,
        means.x, bottom[0]->mutable_gpu_diff()));
    return;
  }
#endif
  PoolBackward(shape_, bottom[0]->count(), top[0]->gpu_diff(),
               is_max_ ? argmax_.gpu_data() : nullptr,
               bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(PoolingLayer);

}  // namespace caffe
