// im2col and its adjoint, for one image of C x H x W: the columns matrix has
// one row for each (channel, kernel row, kernel column) and one column for
// each output pixel, row-major. What lies in the padding counts as 0. Of these
// the CPU's convolution (convolution.hpp) needs col2im_cpu, at strides above 1;
// the GPU's has kernels of its own for many images. The rest is there for
// layers written for Caffe.
#ifndef CAFFE_UTIL_IM2COL_HPP_
#define CAFFE_UTIL_IM2COL_HPP_

namespace caffe {

// data_col(channels * kernel_h * kernel_w, out_h * out_w) from
// data_im(channels, height, width), where
// out_h = (height + 2 pad_h - (dilation_h (kernel_h - 1) + 1)) / stride_h + 1.
template <typename Dtype>
void im2col_cpu(const Dtype* data_im, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_col);

// data_im = the sum of all entries of data_col that im2col would have taken
// from there; overwritten. One thread.
template <typename Dtype>
void col2im_cpu(const Dtype* data_col, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_im);

#ifdef TERCET_CUDA
template <typename Dtype>
void im2col_gpu(const Dtype* data_im, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_col);

template <typename Dtype>
void col2im_gpu(const Dtype* data_col, int channels, int height, int width,
                int kernel_h, int kernel_w, int pad_h, int pad_w,
                int stride_h, int stride_w, int dilation_h, int dilation_w,
                Dtype* data_im);
#endif

}  // namespace caffe

#endif  // CAFFE_UTIL_IM2COL_HPP_
