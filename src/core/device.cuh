// Launching kernels: the one place that holds the launch syntax. Included by
// .cu files alone. Where they are compiled for the host, to test them without
// a GPU, kernels run as test/cuda_host has it.
#ifndef TERCET_CORE_DEVICE_CUH_
#define TERCET_CORE_DEVICE_CUH_

#include <algorithm>
#include <cstdint>

#include "caffe/common.hpp"

namespace caffe {

constexpr int kBlockThreads = 256;
constexpr int kMaxBlocks = 65535;
constexpr int kWarpSize = 32;
// Dynamic shared memory for which a kernel need not ask, whatever it has of
// the other kind.
constexpr size_t kPlainShared = 40 << 10;

// Runs kernel(args...) on blocks x threads, with dynamic shared memory of at
// most 48 kB a block.
template <typename... Params, typename... Args>
void Launch(void (*kernel)(Params...), int blocks, int threads,
            size_t shared_bytes, Args... args) {
#ifdef __CUDACC__
  if (shared_bytes > kPlainShared) {
    CUDA_CHECK(cudaFuncSetAttribute(
        reinterpret_cast<const void*>(kernel),
        cudaFuncAttributeMaxDynamicSharedMemorySize,
        static_cast<int>(shared_bytes)));
  }
  kernel<<<blocks, threads, shared_bytes>>>(args...);
#else
  (cuda_host::CheckArgument(&args), ...);
  cuda_host::Launch(blocks, threads, shared_bytes, [&] { kernel(args...); });
#endif
  CUDA_POST_KERNEL_CHECK;
}

// The dynamic shared memory of a block.
__device__ inline void* DynamicShared() {
#ifdef __CUDACC__
  extern __shared__ double2 dynamic_shared[];
  return dynamic_shared;
#else
  return cuda_host::DynamicShared();
#endif
}

// W values that are read or written at once, so at an address that is a
// multiple of their size. kWide<T> of them are the most that one access has.
template <typename T, int W>
struct alignas(W * sizeof(T)) Pack {
  T v[W];
};
template <typename T>
constexpr int kWide = 16 / sizeof(T);

template <int W, typename T>
__device__ inline Pack<T, W> LoadPack(const T* from) {
#ifndef __CUDACC__
  cuda_host::CheckAligned(from, sizeof(Pack<T, W>));
#endif
  return *reinterpret_cast<const Pack<T, W>*>(from);
}

template <int W, typename T>
__device__ inline void StorePack(const Pack<T, W>& pack, T* to) {
#ifndef __CUDACC__
  cuda_host::CheckAligned(to, sizeof(Pack<T, W>));
#endif
  *reinterpret_cast<Pack<T, W>*>(to) = pack;
}

// Whether each pointer is where packs of kWide values may start; null is.
template <typename... T>
bool AlignedForPacks(const T*... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

// Division by a number that the host knows, of 0 <= n < 2^31: two
// multiplications in place of the long way that a 64-bit division takes.
class Divisor {
 public:
  explicit Divisor(int64_t d) : d_(static_cast<uint32_t>(d)) {
    CHECK(d >= 1 && d <= INT32_MAX);
    while ((int64_t{1} << shift_) < d) ++shift_;
    multiplier_ = static_cast<uint32_t>(
        (((uint64_t{1} << shift_) - d_) << 32) / d_ + 1);
  }
  __device__ int64_t Quotient(int64_t n) const {
    const uint32_t low = static_cast<uint32_t>(n);
    const uint32_t high = static_cast<uint32_t>(
        static_cast<uint64_t>(low) * multiplier_ >> 32);
    return (high + low) >> shift_;
  }
  __device__ int64_t Remainder(int64_t n) const {
    return n - Quotient(n) * d_;
  }

 private:
  uint32_t d_;
  uint32_t multiplier_ = 0;
  int shift_ = 0;
};

// Device memory for sums on the way, until the next call: what is in it then
// is lost. Kernels run one after the other, so each may have all of it.
double* DeviceScratch(int64_t doubles);

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

#endif  // TERCET_CORE_DEVICE_CUH_
