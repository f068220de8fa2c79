// Normalize on the device, with the sums of row_lanes.cuh, which are the
// CPU's. A row is needed twice and read once: it waits in shared memory where
// it fits.
#include <vector>

#include "caffe/layers/normalize_layer.hpp"
#include "caffe/pairwise/distances.hpp"
#include "pairwise/row_lanes.cuh"

namespace caffe {

namespace {

using metric::RowPacks;
using metric::RowPlace;
using metric::RowsInPlace;
using metric::RowsKept;

template <int W, typename Dtype, typename Rows>
__device__ void ForwardRow(const Rows& rows, const RowPlace<W>& at,
                           Dtype eps, int64_t D, Dtype* y, Dtype* inverse) {
  Dtype squares[W] = {};
  metric::SweepRow(rows, D, at.first, [&](const RowPacks<Dtype, W, 1>& x) {
#pragma unroll
    for (int c = 0; c < W; ++c) squares[c] += x.of[0].v[c] * x.of[0].v[c];
  });
  const Dtype scale = metric::InverseAbove(metric::SumOfLanes(squares), eps);
  if (!at.counts) return;
  if (at.leads()) inverse[at.row] = scale;
  for (int64_t k = at.first; k < D; k += metric::kLanes) {
    Pack<Dtype, W> x = rows.At(k).of[0];
#pragma unroll
    for (int c = 0; c < W; ++c) {
      x.v[c] = scale == 0 ? Dtype(0) : x.v[c] * scale;
    }
    StorePack(x, y + at.row * D + k);
  }
}

template <int W, bool kKept, typename Dtype>
__global__ void ForwardKernel(const Dtype* x, Dtype eps, int64_t N, int64_t D,
                              Dtype* y, Dtype* inverse) {
  const RowPlace<W> at(N);
  const RowsInPlace<Dtype, W, 1> row = {{x + at.row * D}};
  if constexpr (kKept) {
    const RowsKept<Dtype, W, 1> kept(row, D, at.first);
    ForwardRow(kept, at, eps, D, y, inverse);
  } else {
    ForwardRow(row, at, eps, D, y, inverse);
  }
}

template <int W, typename Dtype, typename Rows>
__device__ void BackwardRow(const Rows& rows, const RowPlace<W>& at,
                            const Dtype* inverse, int64_t D, Dtype* dx) {
  Dtype products[W] = {};
  metric::SweepRow(rows, D, at.first, [&](const RowPacks<Dtype, W, 2>& x) {
#pragma unroll
    for (int c = 0; c < W; ++c) products[c] += x.of[0].v[c] * x.of[1].v[c];
  });
  const Dtype dot = metric::SumOfLanes(products);
  if (!at.counts) return;
  const Dtype scale = inverse[at.row];
  for (int64_t k = at.first; k < D; k += metric::kLanes) {
    const RowPacks<Dtype, W, 2> x = rows.At(k);
    Pack<Dtype, W> diff;
#pragma unroll
    for (int c = 0; c < W; ++c) {
      diff.v[c] = (x.of[1].v[c] - x.of[0].v[c] * dot) * scale;
    }
    StorePack(diff, dx + at.row * D + k);
  }
}

template <int W, bool kKept, typename Dtype>
__global__ void BackwardKernel(const Dtype* y, const Dtype* dy,
                               const Dtype* inverse, int64_t N, int64_t D,
                               Dtype* dx) {
  const RowPlace<W> at(N);
  const RowsInPlace<Dtype, W, 2> rows = {{y + at.row * D, dy + at.row * D}};
  if constexpr (kKept) {
    const RowsKept<Dtype, W, 2> kept(rows, D, at.first);
    BackwardRow(kept, at, inverse, D, dx);
  } else {
    BackwardRow(rows, at, inverse, D, dx);
  }
}

template <int W, typename Dtype>
void RunForward(const Dtype* x, Dtype eps, int64_t N, int64_t D, Dtype* y,
                Dtype* inverse) {
  const int64_t bytes = metric::KeptBytes<Dtype, W>(D, 1);
  const bool keep = bytes <= metric::kMostKept;
  const int threads = keep ? metric::kKeepingThreads : kBlockThreads;
  Launch(keep ? ForwardKernel<W, true, Dtype> : ForwardKernel<W, false, Dtype>,
         metric::BlocksForRows<W>(N, threads), threads, keep ? bytes : 0, x,
         eps, N, D, y, inverse);
}

template <int W, typename Dtype>
void RunBackward(const Dtype* y, const Dtype* dy, const Dtype* inverse,
                 int64_t N, int64_t D, Dtype* dx) {
  const int64_t bytes = metric::KeptBytes<Dtype, W>(D, 2);
  const bool keep = bytes <= metric::kMostKept;
  const int threads = keep ? metric::kKeepingThreads : kBlockThreads;
  Launch(
      keep ? BackwardKernel<W, true, Dtype> : BackwardKernel<W, false, Dtype>,
      metric::BlocksForRows<W>(N, threads), threads, keep ? bytes : 0, y, dy,
      inverse, N, D, dx);
}

}  // namespace

template <typename Dtype>
void NormalizeLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  if (N == 0) return;
  const Dtype* x = bottom[0]->gpu_data();
  Dtype* y = top[0]->mutable_gpu_data();
  const bool wide = D % kWide<Dtype> == 0 && AlignedForPacks(x, y);
  (wide ? RunForward<kWide<Dtype>, Dtype> : RunForward<1, Dtype>)(
      x, eps_, N, D, y, inverse_.mutable_gpu_data());
}

template <typename Dtype>
void NormalizeLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  if (!propagate_down[0] || N == 0) return;
  const Dtype* y = top[0]->gpu_data();
  const Dtype* dy = top[0]->gpu_diff();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  const bool wide = D % kWide<Dtype> == 0 && AlignedForPacks(y, dy, dx);
  (wide ? RunBackward<kWide<Dtype>, Dtype> : RunBackward<1, Dtype>)(
      y, dy, inverse_.gpu_data(), N, D, dx);
}

INSTANTIATE_LAYER_GPU_FUNCS(NormalizeLayer);

}  // namespace caffe
