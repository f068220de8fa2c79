// The CPU's im2col and col2im, a row of the image at a time: which columns of
// an output row fall inside the image is worked out once, so that the inner
// loop neither tests nor divides.

#include "caffe/util/im2col.hpp"

#include <algorithm>
#include <cstdint>

namespace caffe {

namespace {

// The outputs [begin, end) of `count` whose input o * stride + offset lies in
// [0, size).
struct Inside {
  Inside(int size, int count, int stride, int offset) {
    begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    end = size - offset <= 0 ? 0 : (size - offset - 1) / stride + 1;
    begin = std::min(begin, count);
    end = std::max(begin, std::min(end, count));
  }
  int begin;
  int end;
};

int OutSize(int size, int kernel, int pad, int stride, int dilation) {
  return (size + 2 * pad - (dilation * (kernel - 1) + 1)) / stride + 1;
}

}  // namespace

template <typename Dtype>
void im2col_cpu(const Dtype* data_im, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_col) {
  const int out_h = OutSize(height, kernel_h, pad_h, stride_h, dilation_h);
  const int out_w = OutSize(width, kernel_w, pad_w, stride_w, dilation_w);
  for (int c = 0; c < channels; ++c) {
    const Dtype* plane = data_im + static_cast<int64_t>(c) * height * width;
    for (int i = 0; i < kernel_h; ++i) {
      for (int j = 0; j < kernel_w; ++j) {
        const int left = j * dilation_w - pad_w;
        const Inside in(width, out_w, stride_w, left);
        for (int y = 0; y < out_h; ++y, data_col += out_w) {
          const int row = y * stride_h + i * dilation_h - pad_h;
          if (row < 0 || row >= height) {
            std::fill(data_col, data_col + out_w, Dtype(0));
            continue;
          }
          const Dtype* from = plane + static_cast<int64_t>(row) * width + left;
          std::fill(data_col, data_col + in.begin, Dtype(0));
          for (int x = in.begin; x < in.end; ++x) {
            data_col[x] = from[x * stride_w];
          }
          std::fill(data_col + in.end, data_col + out_w, Dtype(0));
        }
      }
    }
  }
}

template <typename Dtype>
void col2im_cpu(const Dtype* data_col, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_im) {
  const int out_h = OutSize(height, kernel_h, pad_h, stride_h, dilation_h);
  const int out_w = OutSize(width, kernel_w, pad_w, stride_w, dilation_w);
  for (int c = 0; c < channels; ++c) {
    Dtype* plane = data_im + static_cast<int64_t>(c) * height * width;
    std::fill(plane, plane + static_cast<int64_t>(height) * width, Dtype(0));
    for (int i = 0; i < kernel_h; ++i) {
      for (int j = 0; j < kernel_w; ++j) {
        const int left = j * dilation_w - pad_w;
        const Inside in(width, out_w, stride_w, left);
        for (int y = 0; y < out_h; ++y, data_col += out_w) {
          const int row = y * stride_h + i * dilation_h - pad_h;
          if (row < 0 || row >= height) { continue; }
          Dtype* to = plane + static_cast<int64_t>(row) * width + left;
          for (int x = in.begin; x < in.end; ++x) {
            to[x * stride_w] += data_col[x];
          }
        }
      }
    }
  }
}

#define INSTANTIATE(Dtype)                                                   \
  template void im2col_cpu<Dtype>(const Dtype*, int, int, int, int, int,     \
                                  int, int, int, int, int, int, Dtype*);     \
  template void col2im_cpu<Dtype>(const Dtype*, int, int, int, int, int,     \
                                  int, int, int, int, int, int, Dtype*)
INSTANTIATE(float);
INSTANTIATE(double);
#undef INSTANTIATE

}  // namespace caffe
