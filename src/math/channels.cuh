// The GPU's side of channels.hpp: loops and sums by channel. Included by .cu
// files alone. Sums run in an order that depends on the shape alone.
#ifndef TERCET_MATH_CHANNELS_CUH_
#define TERCET_MATH_CHANNELS_CUH_

#include <algorithm>
#include <cstdint>

#include "math/channels.hpp"
#include "math/map.cuh"

namespace caffe {

constexpr int kSumThreads = 512;
constexpr int kSumWarps = kSumThreads / kWarpSize;
// A channel's values are split among blocks until there are about so many.
constexpr int64_t kSumBlocks = 1024;
// Up to so many values in a row, neighbouring threads take neighbouring
// channels; above, the values of one.
constexpr int64_t kShortInner = 8;

// The sum of the values of a block of kSumThreads, in each of its threads.
// Every thread of the block must take part.
__device__ inline double BlockSum(double value) {
  __shared__ double parts[kSumWarps];
  value = WarpSum(value);
  // An earlier call may still be reading.
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) parts[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < kSumWarps; ++i) sum += parts[i];
  return sum;
}

// The parts p = block, block + parts, ... of a channel's outer parts, summed
// into sums[(block * kSums + k) * channels + c]. grid: channels x parts.
template <typename... F>
__global__ void LongSumsKernel(ChannelShape shape, int64_t parts, double* sums,
                               F... f) {
  constexpr int kSums = sizeof...(F);
  const int64_t c = blockIdx.x % shape.channels;
  const int64_t part = blockIdx.x / shape.channels;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  // A warp goes along a row of the channel if rows are many, else all do.
  const bool alone = shape.outer >= parts * kSumWarps;
  const int64_t first_row = alone ? part * kSumWarps + warp : part;
  const int64_t row_step = alone ? parts * kSumWarps : parts;
  const int64_t first = alone ? lane : threadIdx.x;
  const int64_t step = alone ? kWarpSize : kSumThreads;
  double sum[kSums] = {};
  for (int64_t row = first_row; row < shape.outer; row += row_step) {
    const int64_t start = shape.Start(row, c);
    for (int64_t s = first; s < shape.inner; s += step) {
      int k = 0;
      ((sum[k++] += f(start + s, c)), ...);
    }
  }
  for (int k = 0; k < kSums; ++k) {
    const double total = BlockSum(sum[k]);
    if (threadIdx.x == 0) sums[(part * kSums + k) * shape.channels + c] = total;
  }
}

// The same with a channel a lane. grid: groups of kWarpSize channels x parts.
template <typename... F>
__global__ void ShortSumsKernel(ChannelShape shape, int64_t parts,
                                double* sums, F... f) {
  constexpr int kSums = sizeof...(F);
  __shared__ double warps[kSums][kSumWarps][kWarpSize];
  const int64_t groups = (shape.channels + kWarpSize - 1) / kWarpSize;
  const int64_t part = blockIdx.x / groups;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const int64_t c = blockIdx.x % groups * kWarpSize + lane;
  double sum[kSums] = {};
  if (c < shape.channels) {
    for (int64_t row = part * kSumWarps + warp; row < shape.outer;
         row += parts * kSumWarps) {
      const int64_t start = shape.Start(row, c);
      for (int64_t i = start; i < start + shape.inner; ++i) {
        int k = 0;
        ((sum[k++] += f(i, c)), ...);
      }
    }
  }
  for (int k = 0; k < kSums; ++k) warps[k][warp][lane] = sum[k];
  __syncthreads();
  if (warp >= kSums || c >= shape.channels) return;
  double total = 0;
  for (int w = 0; w < kSumWarps; ++w) total += warps[warp][w][lane];
  sums[(part * kSums + warp) * shape.channels + c] = total;
}

// As ChannelSums, on the device: sums is device memory, f device lambdas of
// (int64_t i, int64_t c).
template <typename... F>
void ChannelSumsOnDevice(const ChannelShape& shape, double* sums, F... f) {
  if (shape.channels <= 0) return;
  const bool in_short = shape.inner <= kShortInner;
  const int64_t groups =
      in_short ? (shape.channels + kWarpSize - 1) / kWarpSize : shape.channels;
  // A part has at least a row for each of its warps.
  const int64_t most = std::max<int64_t>(1, shape.outer / kSumWarps);
  const int64_t parts =
      std::min(most, std::max<int64_t>(1, kSumBlocks / groups));
  const int64_t count = static_cast<int64_t>(sizeof...(F)) * shape.channels;
  double* const to = parts == 1 ? sums : DeviceScratch(parts * count);
  const int blocks = static_cast<int>(groups * parts);
  if (in_short) {
    Launch(ShortSumsKernel<F...>, blocks, kSumThreads, 0, shape, parts, to,
           f...);
  } else {
    Launch(LongSumsKernel<F...>, blocks, kSumThreads, 0, shape, parts, to,
           f...);
  }
  if (parts == 1) return;
  ForEach(count, [=] __device__(int64_t i) {
    double total = 0;
    for (int64_t p = 0; p < parts; ++p) total += to[p * count + i];
    sums[i] = total;
  });
}

// Calls body(i, c) for each index i and its channel c.
template <typename Body>
void ForEachByChannelOnDevice(const ChannelShape& shape, Body body) {
  if (shape.count() <= 0) return;
  CHECK_LE(shape.count(), INT32_MAX);
  const Divisor inner(shape.inner), channels(shape.channels);
  ForEach(shape.count(), [=] __device__(int64_t i) {
    body(i, channels.Remainder(inner.Quotient(i)));
  });
}

// A pack lies in one channel, or has its channels in a row.
template <int W, typename F, typename Y, typename... X>
__global__ void MapByChannelKernel(int64_t packs, Divisor inner,
                                   Divisor channels, bool one_channel, F f,
                                   Y* y, const X*... x) {
  const int64_t pack =
      static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (pack >= packs) return;
  const int64_t i = pack * W;
  int64_t c = channels.Remainder(inner.Quotient(i));
  const int64_t step = one_channel ? 0 : 1;
  const auto in_turn = [&](const X&... value) {
    const Y result = f(c, value...);
    c += step;
    return result;
  };
  StorePack(MapPack<Y, W, decltype(in_turn), X...>(in_turn,
                                                   LoadPack<W>(x + i)...),
            y + i);
}

template <int W, typename F, typename Y, typename... X>
void LaunchMapByChannel(const ChannelShape& shape, F f, Y* y, const X*... x) {
  const int64_t packs = shape.count() / W;
  Launch(MapByChannelKernel<W, F, Y, X...>,
         static_cast<int>((packs + kBlockThreads - 1) / kBlockThreads),
         kBlockThreads, 0, packs, Divisor(shape.inner),
         Divisor(shape.channels), shape.inner % W == 0, f, y, x...);
}

// y[i] = f(c, x[i]...) for each index i and its channel c; see Map.
template <typename F, typename Y, typename... X>
void MapByChannel(const ChannelShape& shape, F f, Y* y, const X*... x) {
  const int64_t count = shape.count();
  if (count <= 0) return;
  CHECK_LE(count, INT32_MAX);
  constexpr int kW = kWide<Y>;
  const bool in_packs = shape.inner % kW == 0 ||
                        (shape.inner == 1 && shape.channels % kW == 0);
  if (in_packs && AlignedForPacks(y, x...)) {
    LaunchMapByChannel<kW>(shape, f, y, x...);
  } else {
    LaunchMapByChannel<1>(shape, f, y, x...);
  }
}

}  // namespace caffe

#endif  // TERCET_MATH_CHANNELS_CUH_
