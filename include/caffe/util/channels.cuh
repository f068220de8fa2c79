// The GPU's side of channels.hpp: loops and sums by channel. Included by .cu
// files alone. One block sums one channel, in an order that depends on the
// shape alone.
#ifndef CAFFE_UTIL_CHANNELS_CUH_
#define CAFFE_UTIL_CHANNELS_CUH_

#include <algorithm>
#include <cstdint>

#include "caffe/util/channels.hpp"
#include "caffe/util/device.cuh"

namespace caffe {

constexpr int kSumThreads = 512;

// The sum of a block's values, in each of its threads. Every thread of the
// block must take part.
__device__ inline double BlockSum(double value) {
  __shared__ double parts[kSumThreads / kWarpSize];
  value = WarpSum(value);
  // An earlier call may still be reading.
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) parts[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < kSumThreads / kWarpSize; ++i) sum += parts[i];
  return sum;
}

template <typename... F>
__global__ void ChannelSumsKernel(ChannelShape shape, double* sums, F... f) {
  constexpr int kSums = sizeof...(F);
  const int inner = static_cast<int>(shape.inner);
  const int per_channel = static_cast<int>(shape.per_channel());
  for (int64_t c = blockIdx.x; c < shape.channels; c += gridDim.x) {
    double part[kSums] = {};
    for (int j = threadIdx.x; j < per_channel; j += kSumThreads) {
      const int64_t i = shape.Start(j / inner, c) + j % inner;
      int k = 0;
      ((part[k++] += f(i, c)), ...);
    }
    for (int k = 0; k < kSums; ++k) {
      const double sum = BlockSum(part[k]);
      if (threadIdx.x == 0) sums[k * shape.channels + c] = sum;
    }
  }
}

// As ChannelSums, on the device: sums is device memory, f device lambdas of
// (int64_t i, int64_t c).
template <typename... F>
void ChannelSumsOnDevice(const ChannelShape& shape, double* sums, F... f) {
  if (shape.channels <= 0) return;
  const int blocks =
      static_cast<int>(std::min<int64_t>(shape.channels, kMaxBlocks));
  Launch(ChannelSumsKernel<F...>, blocks, kSumThreads, 0, shape, sums, f...);
}

// Calls body(i, c) for each index i and its channel c.
template <typename Body>
void ForEachByChannelOnDevice(const ChannelShape& shape, Body body) {
  ForEach(shape.count(), [=] __device__(int64_t i) {
    body(i, i / shape.inner % shape.channels);
  });
}

}  // namespace caffe

#endif  // CAFFE_UTIL_CHANNELS_CUH_
