// Sums of row values on the device, for losses: in double, blocks first and
// then over the blocks, in an order that the number of rows alone decides. And
// sums and searches of one block or warp.
// Included by .cu files alone.
#ifndef TERCET_PAIRWISE_REDUCE_CUH_
#define TERCET_PAIRWISE_REDUCE_CUH_

#include <algorithm>
#include <cstdint>

#include "core/device.cuh"

namespace caffe {
namespace metric {

// A sum, and how many of its values were above 0.
struct RowSum {
  double sum = 0;
  int64_t positives = 0;

  __device__ void Add(double value) {
    sum += value;
    positives += value > 0;
  }
  __device__ void Add(const RowSum& other) {
    sum += other.sum;
    positives += other.positives;
  }
};

// The sum over a block's threads, in its thread 0. Once a kernel, and by each
// thread of the block.
__device__ inline RowSum SumOfBlock(RowSum mine) {
  __shared__ RowSum warps[kBlockThreads / kWarpSize];
  mine.sum = WarpSum(mine.sum);
  mine.positives = WarpSum(mine.positives);
  if (threadIdx.x % kWarpSize == 0) warps[threadIdx.x / kWarpSize] = mine;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (unsigned w = 1; w < blockDim.x / kWarpSize; ++w) mine.Add(warps[w]);
  }
  return mine;
}

// finish(sum, positives) is called by one thread, with the sum of sums[0] ...
// sums[count - 1].
template <typename Finish>
__global__ void FinishSumsKernel(int64_t count, const RowSum* sums,
                                 Finish finish) {
  RowSum mine;
  for (int64_t i = threadIdx.x; i < count; i += kBlockThreads) {
    mine.Add(sums[i]);
  }
  mine = SumOfBlock(mine);
  if (threadIdx.x == 0) finish(mine.sum, mine.positives);
}

template <typename Finish>
void FinishSums(int64_t count, const RowSum* sums, Finish finish) {
  Launch(FinishSumsKernel<Finish>, 1, kBlockThreads, 0, count, sums, finish);
}

// Device memory for so many sums, until the next one asks.
inline RowSum* ScratchSums(int64_t count) {
  constexpr int64_t kDoubles = sizeof(RowSum) / sizeof(double);
  static_assert(sizeof(RowSum) % sizeof(double) == 0, "sums of whole doubles");
  return reinterpret_cast<RowSum*>(DeviceScratch(kDoubles * count));
}

template <typename Value, typename Finish>
__global__ void SumRowsKernel(int64_t rows, Value value, RowSum* sums,
                              Finish finish) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kBlockThreads;
  RowSum mine;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kBlockThreads +
                   threadIdx.x;
       i < rows; i += step) {
    mine.Add(value(i));
  }
  mine = SumOfBlock(mine);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1) {
    finish(mine.sum, mine.positives);
  } else {
    sums[blockIdx.x] = mine;
  }
}

// finish(sum of value(i), number of value(i) > 0) is called by one thread. One
// block does it alone while that takes it no longer than a second kernel would.
template <typename Value, typename Finish>
void SumRows(int64_t rows, Value value, Finish finish) {
  constexpr int64_t kRowsABlock = 16 * kBlockThreads;
  constexpr int64_t kMostBlocks = 512;
  const int64_t blocks = std::min(
      kMostBlocks, std::max<int64_t>(1, (rows + kRowsABlock - 1) /
                                            kRowsABlock));
  RowSum* const sums = ScratchSums(blocks);
  Launch(SumRowsKernel<Value, Finish>, static_cast<int>(blocks), kBlockThreads,
         0, rows, value, sums, finish);
  if (blocks > 1) FinishSums(blocks, sums, finish);
}

// The sum of term(k) for k = 0 ... count-1, by the 32 lanes of a warp.
template <typename T, typename Term>
__device__ inline T WarpRowSum(int64_t count, int lane, const Term& term) {
  T sum = 0;
  for (int64_t k = lane; k < count; k += kWarpSize) sum += term(k);
  return WarpSum(sum);
}

// The sum over the block, in its thread 0.
__device__ inline double BlockTotal(double value) {
  constexpr int kBlockWarps = kBlockThreads / kWarpSize;
  __shared__ double totals[kBlockWarps];
  value = WarpSum(value);
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) totals[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  for (int w = 1; threadIdx.x == 0 && w < kBlockWarps; ++w) {
    value += totals[w];
  }
  return value;
}

// The block's sum in each of its threads.
__device__ inline double BlockSumToAll(double value) {
  __shared__ double sum;
  value = BlockTotal(value);
  if (threadIdx.x == 0) sum = value;
  __syncthreads();
  return sum;
}

// The least of the block's values in each of its threads.
template <typename T>
__device__ T BlockLeastValue(T value) {
  __shared__ T least[kBlockThreads / kWarpSize];
  value = -WarpMax(-value);
  __syncthreads();
  if (threadIdx.x % kWarpSize == 0) least[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  for (int w = 0; w < kBlockThreads / kWarpSize; ++w) {
    value = least[w] < value ? least[w] : value;
  }
  return value;
}

// The least value and where it stands, the first of equals; to all threads of
// the block.
template <typename T>
__device__ inline void BlockLeast(T* value, int* at) {
  __shared__ T values[kBlockThreads];
  __shared__ int places[kBlockThreads];
  __syncthreads();
  values[threadIdx.x] = *value;
  places[threadIdx.x] = *at;
  for (int width = kBlockThreads / 2; width > 0; width /= 2) {
    __syncthreads();
    const int own = static_cast<int>(threadIdx.x), other = own + width;
    if (own < width &&
        (values[other] < values[own] ||
         (values[other] == values[own] && places[other] < places[own]))) {
      values[own] = values[other];
      places[own] = places[other];
    }
  }
  __syncthreads();
  *value = values[0];
  *at = places[0];
}

// The same by the lanes of a warp.
template <typename T>
__device__ inline void WarpLeast(T* value, int* at) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    const T value2 = __shfl_xor_sync(0xffffffffu, *value, offset);
    const int at2 = __shfl_xor_sync(0xffffffffu, *at, offset);
    if (value2 < *value || (value2 == *value && at2 < *at)) {
      *value = value2;
      *at = at2;
    }
  }
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_REDUCE_CUH_
