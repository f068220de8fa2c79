// im2col and col2im on the device: one thread an output. col2im gathers, so
// that its sums have one order and need no atomics.
#include "core/device.cuh"
#include "caffe/util/im2col.hpp"

namespace caffe {

template <typename Dtype>
void im2col_gpu(const Dtype* data_im, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_col) {
  const int out_h =
      (height + 2 * pad_h - (dilation_h * (kernel_h - 1) + 1)) / stride_h + 1;
  const int out_w =
      (width + 2 * pad_w - (dilation_w * (kernel_w - 1) + 1)) / stride_w + 1;
  const int64_t count =
      static_cast<int64_t>(channels) * kernel_h * kernel_w * out_h * out_w;
  ForEach(count, [=] __device__(int64_t index) {
    const int x = index % out_w;
    const int y = index / out_w % out_h;
    const int64_t k = index / out_w / out_h;
    const int j = k % kernel_w;
    const int i = k / kernel_w % kernel_h;
    const int64_t c = k / kernel_w / kernel_h;
    const int row = y * stride_h - pad_h + i * dilation_h;
    const int column = x * stride_w - pad_w + j * dilation_w;
    const bool inside =
        row >= 0 && row < height && column >= 0 && column < width;
    data_col[index] =
        inside ? data_im[(c * height + row) * width + column] : Dtype(0);
  });
}

template <typename Dtype>
void col2im_gpu(const Dtype* data_col, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_im) {
  const int out_h =
      (height + 2 * pad_h - (dilation_h * (kernel_h - 1) + 1)) / stride_h + 1;
  const int out_w =
      (width + 2 * pad_w - (dilation_w * (kernel_w - 1) + 1)) / stride_w + 1;
  const int64_t count = static_cast<int64_t>(channels) * height * width;
  ForEach(count, [=] __device__(int64_t index) {
    const int column = index % width + pad_w;
    const int row = index / width % height + pad_h;
    const int64_t c = index / width / height;
    Dtype sum = 0;
    for (int i = 0; i < kernel_h; ++i) {
      const int top = row - i * dilation_h;
      if (top < 0 || top % stride_h != 0 || top / stride_h >= out_h) continue;
      for (int j = 0; j < kernel_w; ++j) {
        const int left = column - j * dilation_w;
        if (left < 0 || left % stride_w != 0 || left / stride_w >= out_w) {
          continue;
        }
        const int64_t k = (c * kernel_h + i) * kernel_w + j;
        sum += data_col[(k * out_h + top / stride_h) * out_w +
                        left / stride_w];
      }
    }
    data_im[index] = sum;
  });
}

#define INSTANTIATE(Dtype)                                                   \
  template void im2col_gpu<Dtype>(const Dtype*, int, int, int, int, int,     \
                                  int, int, int, int, int, int, Dtype*);     \
  template void col2im_gpu<Dtype>(const Dtype*, int, int, int, int, int,     \
                                  int, int, int, int, int, int, Dtype*)
INSTANTIATE(float);
INSTANTIATE(double);
#undef INSTANTIATE

}  // namespace caffe
