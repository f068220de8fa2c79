// Sweeps over the rows of matrices on the device, whose sums are RowLaneSum's
// bit for bit: what the CPU decides at a kink, the device decides too. Included
// by .cu files alone, which are compiled without fused multiply-adds for the
// same reason (src/CMakeLists.txt).
//
// RowLaneSum adds the k-th term of a row to lane k % 16. So a row is read by a
// group of 16 / W neighbouring threads: thread q of it has the lanes q W ...
// q W + W - 1 and reads W values at a time, 16 bytes where D and the pointers
// allow it, else one. A warp thus takes 2 W rows at once, and each thread
// starts the reads of kAhead steps before it computes with the first.
//
// A row that is read twice is kept in shared memory in between, where it fits:
// each thread copies its own values there, asynchronously, all of the row's at
// once, so that it waits for memory once a row. No thread reads another's.
#ifndef TERCET_PAIRWISE_ROW_LANES_CUH_
#define TERCET_PAIRWISE_ROW_LANES_CUH_

#include <cuda_pipeline.h>

#include <cstdint>

#include "caffe/pairwise/distances.hpp"
#include "core/device.cuh"

namespace caffe {
namespace metric {

constexpr int kAhead = 4;
// Of a block that keeps its rows; a warp, so that a little of shared memory
// goes a long way.
constexpr int kKeepingThreads = kWarpSize;
constexpr int64_t kMostKept = 48 << 10;

// Where a thread stands: its row, and its first coordinate in it. A group
// behind the last row goes along with it, for the shuffles want whole warps,
// but must not write.
template <int W>
struct RowPlace {
  static constexpr int kGroup = kLanes / W;
  int64_t row;
  int first;
  bool counts;

  __device__ explicit RowPlace(int64_t rows) {
    const int64_t thread =
        static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    row = thread / kGroup;
    first = static_cast<int>(threadIdx.x) % kGroup * W;
    counts = row < rows;
    if (!counts) row = rows - 1;
  }
  __device__ bool leads() const { return counts && first == 0; }
};

// The k-th pack of each of several rows.
template <typename T, int W, int kArrays>
struct RowPacks {
  Pack<T, W> of[kArrays];
};

// Reads from rows in device memory.
template <typename T, int W, int kArrays>
struct RowsInPlace {
  const T* rows[kArrays];

  __device__ RowPacks<T, W, kArrays> At(int64_t k) const {
    RowPacks<T, W, kArrays> packs;
    for (int x = 0; x < kArrays; ++x) packs.of[x] = LoadPack<W>(rows[x] + k);
    return packs;
  }
};

// Copies a thread's share of the rows into shared memory and reads it there.
template <typename T, int W, int kArrays>
class RowsKept {
 public:
  __device__ RowsKept(const RowsInPlace<T, W, kArrays>& from, int64_t D,
                      int first)
      : kept_(static_cast<T*>(DynamicShared()) + threadIdx.x * W) {
    for (int64_t k = first; k < D; k += kLanes) {
      for (int x = 0; x < kArrays; ++x) {
        __pipeline_memcpy_async(Slot(k, x), from.rows[x] + k, sizeof(T) * W);
      }
    }
    __pipeline_commit();
    __pipeline_wait_prior(0);
  }
  __device__ RowPacks<T, W, kArrays> At(int64_t k) const {
    RowPacks<T, W, kArrays> packs;
    for (int x = 0; x < kArrays; ++x) packs.of[x] = LoadPack<W>(Slot(k, x));
    return packs;
  }

 private:
  // The threads' packs lie side by side, so that no two banks clash.
  __device__ T* Slot(int64_t k, int x) const {
    return kept_ + (k / kLanes * kArrays + x) * (kKeepingThreads * W);
  }
  T* kept_;
};

// Calls body(packs) for each pack of the thread's lanes, in order.
template <typename Rows, typename Body>
__device__ void SweepRow(const Rows& rows, int64_t D, int first, Body body) {
  for (int64_t k = first; k < D; k += kAhead * kLanes) {
    decltype(rows.At(0)) packs[kAhead] = {};
#pragma unroll
    for (int u = 0; u < kAhead; ++u) {
      if (k + u * kLanes < D) packs[u] = rows.At(k + u * kLanes);
    }
#pragma unroll
    for (int u = 0; u < kAhead; ++u) {
      if (k + u * kLanes < D) body(packs[u]);
    }
  }
}

// The sum of a row's lanes, in each thread of its group; RowLaneSum's order.
template <int W, typename T>
__device__ T SumOfLanes(T (&lane)[W]) {
#pragma unroll
  for (int width = kLanes / 2; width >= W; width /= 2) {
    for (int c = 0; c < W; ++c) {
      lane[c] += __shfl_xor_sync(0xffffffffu, lane[c], width / W);
    }
  }
#pragma unroll
  for (int width = W / 2; width > 0; width /= 2) {
    for (int c = 0; c < width; ++c) lane[c] += lane[c + width];
  }
  return lane[0];
}

// How many blocks of so many threads take the rows, a group of 16/W a row.
template <int W>
int BlocksForRows(int64_t rows, int threads) {
  const int64_t rows_a_block = threads / (kLanes / W);
  return static_cast<int>((rows + rows_a_block - 1) / rows_a_block);
}

// The shared memory of a block that keeps rows of `arrays` matrices.
template <typename T, int W>
int64_t KeptBytes(int64_t D, int arrays) {
  return (D + kLanes - 1) / kLanes * arrays * kKeepingThreads * W *
         static_cast<int64_t>(sizeof(T));
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_LANES_CUH_
