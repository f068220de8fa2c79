// Launching kernels: the one place that holds the launch syntax. Included by
// .cu files alone. Where they are compiled for the host, to test them without
// a GPU, kernels run as test/cuda_host has it.
#ifndef CAFFE_UTIL_DEVICE_CUH_
#define CAFFE_UTIL_DEVICE_CUH_

#include <algorithm>
#include <cstdint>

#include "caffe/common.hpp"

namespace caffe {

constexpr int kBlockThreads = 256;
constexpr int kMaxBlocks = 65535;
constexpr int kWarpSize = 32;

// Runs kernel(args...) on blocks x threads, with dynamic shared memory.
template <typename... Params, typename... Args>
void Launch(void (*kernel)(Params...), int blocks, int threads,
            size_t shared_bytes, Args... args) {
#ifdef __CUDACC__
  kernel<<<blocks, threads, shared_bytes>>>(args...);
#else
  CHECK_EQ(shared_bytes, 0);
  (cuda_host::CheckArgument(&args), ...);
  cuda_host::Launch(blocks, threads, [&] { kernel(args...); });
#endif
  CUDA_POST_KERNEL_CHECK;
}

template <typename Body>
__global__ void ForEachKernel(int64_t n, Body body) {
  const int64_t step = static_cast<int64_t>(blockDim.x) * gridDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       i < n; i += step) {
    body(i);
  }
}

// Calls body(i) for each i of 0 ... n-1, one thread an index.
template <typename Body>
void ForEach(int64_t n, Body body) {
  if (n <= 0) return;
  const int64_t blocks = (n + kBlockThreads - 1) / kBlockThreads;
  Launch(ForEachKernel<Body>,
         static_cast<int>(std::min<int64_t>(blocks, kMaxBlocks)),
         kBlockThreads, 0, n, body);
}

// The sum of a warp's values, in each of its threads; a fixed order.
template <typename T>
__device__ inline T WarpSum(T value) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  }
  return value;
}

template <typename T>
__device__ inline T WarpMax(T value) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    const T other = __shfl_xor_sync(0xffffffffu, value, offset);
    value = other > value ? other : value;
  }
  return value;
}

template <typename Body>
__global__ void ForEachWarpKernel(int64_t rows, Body body) {
  const int lane = threadIdx.x % kWarpSize;
  const int64_t warps =
      static_cast<int64_t>(gridDim.x) * (blockDim.x / kWarpSize);
  int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarpSize) +
                threadIdx.x / kWarpSize;
  for (; row < rows; row += warps) body(row, lane);
}

// Calls body(row, lane) for each row of 0 ... rows-1 with the 32 lanes of one
// warp together, so that the body may use WarpSum.
template <typename Body>
void ForEachWarp(int64_t rows, Body body) {
  if (rows <= 0) return;
  constexpr int kWarpsPerBlock = kBlockThreads / kWarpSize;
  const int64_t blocks = (rows + kWarpsPerBlock - 1) / kWarpsPerBlock;
  Launch(ForEachWarpKernel<Body>,
         static_cast<int>(std::min<int64_t>(blocks, kMaxBlocks)),
         kBlockThreads, 0, rows, body);
}

}  // namespace caffe

#endif  // CAFFE_UTIL_DEVICE_CUH_
