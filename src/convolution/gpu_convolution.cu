// Convolution on the device without cuDNN: columns of a chunk of images and
// one cuBLAS call; see the header. Each kernel here gives a warp one row of one
// image, so that what divides is done once a row and neighbours read
// neighbours.
#include "convolution/gpu_convolution.hpp"

#include <algorithm>
#include <cstring>

#include "convolution/cudnn_choice.hpp"
#include "core/device.cuh"
#include "caffe/util/math_functions.hpp"
#include "convolution/convolution_scratch.hpp"
#include "convolution/cudnn_convolution.hpp"

namespace caffe {
namespace {

// columns(C x kernel_h x kernel_w, images, H' x W') from x(images, C, H, W).
template <typename Dtype>
void ImagesToColumns(const ConvGeometry& s, int images, const Dtype* x,
                     Dtype* columns) {
  const int area = s.kernel_area();
  const int out_w = s.out_width();
  const int plane = static_cast<int>(s.out_plane());
  ForEachWarp(
      int64_t{1} * s.channels * area * images,
      [=] __device__(int64_t row, int lane) {
        const int n = static_cast<int>(row % images);
        const int k = static_cast<int>(row / images);
        const int top = k % area / s.kernel_w * s.dilation_h - s.pad_h;
        const int left = k % area % s.kernel_w * s.dilation_w - s.pad_w;
        const Dtype* image =
            x + (int64_t{1} * n * s.channels + k / area) * s.height * s.width;
        Dtype* const to = columns + row * plane;
        for (int p = lane; p < plane; p += kWarpSize) {
          const int r = p / out_w * s.stride_h + top;
          const int q = p % out_w * s.stride_w + left;
          const bool inside =
              r >= 0 && r < s.height && q >= 0 && q < s.width;
          to[p] = inside ? image[r * s.width + q] : Dtype(0);
        }
      });
}

// Which of `count` windows, a stride apart, has its first pixel at `offset`;
// -1 where none has.
template <bool kUnitStride>
__device__ inline int WindowAt(int offset, int stride, int count) {
  if (offset < 0) { return -1; }
  if (!kUnitStride) {
    if (offset % stride != 0) { return -1; }
    offset /= stride;
  }
  return offset < count ? offset : -1;
}

// x = the sum of all columns' entries that ImagesToColumns takes from there.
template <bool kUnitStride, typename Dtype>
void ColumnsToImages(const ConvGeometry& s, int images, const Dtype* columns,
                     Dtype* x) {
  const int area = s.kernel_area();
  const int out_h = s.out_height();
  const int out_w = s.out_width();
  const int64_t step = images * s.out_plane();
  ForEachWarp(
      int64_t{1} * images * s.channels,
      [=] __device__(int64_t row, int lane) {
        const int n = static_cast<int>(row / s.channels);
        const int c = static_cast<int>(row % s.channels);
        const Dtype* const first =
            columns + c * area * step + int64_t{1} * n * out_h * out_w;
        Dtype* const image = x + row * s.height * s.width;
        for (int p = lane; p < s.height * s.width; p += kWarpSize) {
          const int top = p / s.width + s.pad_h;
          const int left = p % s.width + s.pad_w;
          const Dtype* from = first;
          Dtype sum = 0;
          for (int i = 0; i < s.kernel_h; ++i, from += s.kernel_w * step) {
            const int r = WindowAt<kUnitStride>(top - i * s.dilation_h,
                                                s.stride_h, out_h);
            if (r < 0) { continue; }
            for (int j = 0; j < s.kernel_w; ++j) {
              const int q = WindowAt<kUnitStride>(left - j * s.dilation_w,
                                                  s.stride_w, out_w);
              if (q >= 0) { sum += from[j * step + r * out_w + q]; }
            }
          }
          image[p] = sum;
        }
      });
}

// y(images, outputs, plane) = rows(outputs, images, plane) + bias(outputs).
template <typename Dtype>
void RowsToImages(int images, int outputs, int plane, const Dtype* rows,
                  const Dtype* bias, Dtype* y) {
  ForEachWarp(int64_t{1} * images * outputs,
              [=] __device__(int64_t row, int lane) {
                const int64_t n = row / outputs;
                const int64_t o = row % outputs;
                const Dtype* const from = rows + (o * images + n) * plane;
                const Dtype shift = bias ? bias[o] : Dtype(0);
                for (int p = lane; p < plane; p += kWarpSize) {
                  y[row * plane + p] = from[p] + shift;
                }
              });
}

// rows(outputs, images, plane) from dy(images, outputs, plane).
template <typename Dtype>
void ImagesToRows(int images, int outputs, int plane, const Dtype* dy,
                  Dtype* rows) {
  ForEachWarp(int64_t{1} * images * outputs,
              [=] __device__(int64_t row, int lane) {
                const int64_t o = row / images;
                const int64_t n = row % images;
                const Dtype* const from = dy + (n * outputs + o) * plane;
                for (int p = lane; p < plane; p += kWarpSize) {
                  rows[row * plane + p] = from[p];
                }
              });
}

template <typename Dtype>
void AddBias(int images, int outputs, int plane, const Dtype* bias,
             Dtype* y) {
  ForEachWarp(int64_t{1} * images * outputs,
              [=] __device__(int64_t row, int lane) {
                const Dtype shift = bias[row % outputs];
                for (int p = lane; p < plane; p += kWarpSize) {
                  y[row * plane + p] += shift;
                }
              });
}

// parts(parts, outputs): the sum of dy(batch, outputs, plane) over the planes
// of each part of the batch.
template <typename Dtype>
void SumParts(int64_t batch, int parts, int outputs, int plane,
              const Dtype* dy, Dtype* sums) {
  ForEachWarp(int64_t{1} * parts * outputs,
              [=] __device__(int64_t row, int lane) {
                const int64_t part = row / outputs;
                const int64_t o = row % outputs;
                const int64_t end = batch * (part + 1) / parts;
                Dtype sum = 0;
                for (int64_t n = batch * part / parts; n < end; ++n) {
                  const Dtype* const from = dy + (n * outputs + o) * plane;
                  for (int p = lane; p < plane; p += kWarpSize) {
                    sum += from[p];
                  }
                }
                sum = WarpSum(sum);
                if (lane == 0) { sums[row] = sum; }
              });
}

template <typename Dtype>
void AddParts(int parts, int outputs, const Dtype* sums, Dtype* db) {
  ForEach(outputs, [=] __device__(int64_t o) {
    Dtype sum = 0;
    for (int part = 0; part < parts; ++part) {
      sum += sums[int64_t{1} * part * outputs + o];
    }
    db[o] += sum;
  });
}

bool SameShape(const ConvGeometry& a, const ConvGeometry& b) {
  static_assert(sizeof(ConvGeometry) == 13 * sizeof(int), "all are ints");
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

}  // namespace

template <typename Dtype>
GpuConvolution<Dtype>::GpuConvolution()
    : scratch_(ConvolutionScratch::Shared()) {}

template <typename Dtype>
GpuConvolution<Dtype>::~GpuConvolution() = default;

template <typename Dtype>
bool GpuConvolution<Dtype>::is_pointwise() const {
  const ConvGeometry& s = shape_;
  return s.group == 1 && s.kernel_area() == 1 && s.stride_h == 1 &&
         s.stride_w == 1 && s.pad_h == 0 && s.pad_w == 0;
}

// As many as keep the device's warps busy.
template <typename Dtype>
int GpuConvolution<Dtype>::bias_parts(int batch) const {
  constexpr int kWarps = 8192;
  return std::max(1, std::min(batch, kWarps / shape_.num_output));
}

template <typename Dtype>
Dtype* GpuConvolution<Dtype>::columns() const {
  return static_cast<Dtype*>(scratch_->data());
}

template <typename Dtype>
void GpuConvolution<Dtype>::Reshape(const ConvGeometry& shape, int batch) {
  if (batch == batch_ && SameShape(shape, shape_) &&
      generation_ == CudnnGeneration()) {
    return;
  }
  // 0 until all of it has come about: what follows may throw.
  batch_ = 0;
  shape_ = shape;
  generation_ = CudnnGeneration();
  cudnn_.reset();
#ifdef TERCET_CUDNN
  if (!own_) cudnn_ = CudnnConvolution<Dtype>::Plan(shape, batch);
#endif
  const int64_t image = shape.group * column_size() + shape.out_size();
  const int64_t fit =
      column_bytes_ / (image * static_cast<int64_t>(sizeof(Dtype)));
  chunk_ = static_cast<int>(
      std::max<int64_t>(1, std::min<int64_t>(batch, fit)));
  const int64_t bias = int64_t{1} * bias_parts(batch) * shape.num_output;
  int64_t bytes =
      std::max(cudnn_ ? 0 : chunk_ * image, bias) * sizeof(Dtype);
#ifdef TERCET_CUDNN
  if (cudnn_) bytes = std::max<int64_t>(bytes, cudnn_->workspace_bytes());
#endif
  scratch_->Reserve(bytes);
  batch_ = batch;
}

template <typename Dtype>
void GpuConvolution<Dtype>::Forward(const Dtype* x, const Dtype* w,
                                    const Dtype* bias, Dtype* y) {
  const ConvGeometry& s = shape_;
#ifdef TERCET_CUDNN
  if (cudnn_ != nullptr) {
    cudnn_->Forward(x, w, scratch_->data(), y);
    if (bias) { AddBias(batch_, s.num_output, plane(), bias, y); }
    return;
  }
#endif
  if (is_pointwise()) {
    caffe_gpu_gemm_strided_batched<Dtype>(
        CblasNoTrans, CblasNoTrans, s.num_output, plane(), s.channels,
        Dtype(1), w, 0, x, s.in_size(), Dtype(0), y, s.out_size(), batch_);
    if (bias) { AddBias(batch_, s.num_output, plane(), bias, y); }
    return;
  }
  for (int n = 0; n < batch_; n += chunk_) {
    const int images = std::min(chunk_, batch_ - n);
    const int64_t size = images * column_size();
    Dtype* const rows_of_y = columns() + s.group * size;
    ImagesToColumns(s, images, x + n * s.in_size(), columns());
    caffe_gpu_gemm_strided_batched<Dtype>(
        CblasNoTrans, CblasNoTrans, outputs(), images * plane(), rows(),
        Dtype(1), w, int64_t{1} * outputs() * rows(), columns(), size,
        Dtype(0), rows_of_y, int64_t{1} * outputs() * images * plane(),
        s.group);
    RowsToImages(images, s.num_output, plane(), rows_of_y, bias,
                 y + n * s.out_size());
  }
}

template <typename Dtype>
void GpuConvolution<Dtype>::BackwardData(const Dtype* dy, const Dtype* w,
                                         Dtype* dx) {
  const ConvGeometry& s = shape_;
#ifdef TERCET_CUDNN
  if (cudnn_ != nullptr) {
    cudnn_->BackwardData(dy, w, scratch_->data(), dx);
    return;
  }
#endif
  if (is_pointwise()) {
    caffe_gpu_gemm_strided_batched<Dtype>(
        CblasTrans, CblasNoTrans, s.channels, plane(), s.num_output, Dtype(1),
        w, 0, dy, s.out_size(), Dtype(0), dx, s.in_size(), batch_);
    return;
  }
  for (int n = 0; n < batch_; n += chunk_) {
    const int images = std::min(chunk_, batch_ - n);
    const int64_t size = images * column_size();
    Dtype* const rows_of_dy = columns() + s.group * size;
    ImagesToRows(images, s.num_output, plane(), dy + n * s.out_size(),
                 rows_of_dy);
    caffe_gpu_gemm_strided_batched<Dtype>(
        CblasTrans, CblasNoTrans, rows(), images * plane(), outputs(),
        Dtype(1), w, int64_t{1} * outputs() * rows(), rows_of_dy,
        int64_t{1} * outputs() * images * plane(), Dtype(0), columns(), size,
        s.group);
    Dtype* const to = dx + n * s.in_size();
    if (s.stride_h == 1 && s.stride_w == 1) {
      ColumnsToImages<true>(s, images, columns(), to);
    } else {
      ColumnsToImages<false>(s, images, columns(), to);
    }
  }
}

template <typename Dtype>
void GpuConvolution<Dtype>::SumBias(const Dtype* dy, Dtype* db) {
  const int parts = bias_parts(batch_);
  SumParts(batch_, parts, shape_.num_output, plane(), dy, columns());
  AddParts(parts, shape_.num_output, columns(), db);
}

template <typename Dtype>
void GpuConvolution<Dtype>::BackwardWeights(const Dtype* x, const Dtype* dy,
                                            Dtype* dw, Dtype* db) {
  const ConvGeometry& s = shape_;
  if (db != nullptr) { SumBias(dy, db); }
  if (dw == nullptr) { return; }
#ifdef TERCET_CUDNN
  if (cudnn_ != nullptr) {
    cudnn_->BackwardWeights(x, dy, scratch_->data(), dw);
    return;
  }
#endif
  for (int n = 0; n < batch_; n += chunk_) {
    const int images = std::min(chunk_, batch_ - n);
    const int64_t size = images * column_size();
    Dtype* const rows_of_dy = columns() + s.group * size;
    ImagesToColumns(s, images, x + n * s.in_size(), columns());
    ImagesToRows(images, s.num_output, plane(), dy + n * s.out_size(),
                 rows_of_dy);
    caffe_gpu_gemm_strided_batched<Dtype>(
        CblasNoTrans, CblasTrans, outputs(), rows(), images * plane(),
        Dtype(1), rows_of_dy, int64_t{1} * outputs() * images * plane(),
        columns(), size, Dtype(1), dw, int64_t{1} * outputs() * rows(),
        s.group);
  }
}

template class GpuConvolution<float>;
template class GpuConvolution<double>;

}  // namespace caffe
