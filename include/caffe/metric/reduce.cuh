// A sum of a few thousand row values on the device, for losses: one block, a
// fixed order, in double. Included by .cu files alone.
#ifndef CAFFE_METRIC_REDUCE_CUH_
#define CAFFE_METRIC_REDUCE_CUH_

#include <cstdint>

#include "caffe/util/device.cuh"

namespace caffe {
namespace metric {

// finish(sum of value(i), number of value(i) > 0) is called by one thread.
template <typename Value, typename Finish>
__global__ void SumRowsKernel(int64_t rows, Value value, Finish finish) {
  __shared__ double sums[kBlockThreads];
  __shared__ int64_t positives[kBlockThreads];
  const int thread = static_cast<int>(threadIdx.x);
  double sum = 0;
  int64_t positive = 0;
  for (int64_t i = thread; i < rows; i += kBlockThreads) {
    const double one = value(i);
    sum += one;
    positive += one > 0;
  }
  sums[thread] = sum;
  positives[thread] = positive;
  for (int width = kBlockThreads / 2; width > 0; width /= 2) {
    __syncthreads();
    if (thread < width) {
      sums[thread] += sums[thread + width];
      positives[thread] += positives[thread + width];
    }
  }
  if (thread == 0) finish(sums[0], positives[0]);
}

template <typename Value, typename Finish>
void SumRows(int64_t rows, Value value, Finish finish) {
  Launch(SumRowsKernel<Value, Finish>, 1, kBlockThreads, 0, rows, value,
         finish);
}

// The sum of term(k) for k = 0 ... count-1, by the 32 lanes of a warp.
template <typename T, typename Term>
__device__ inline T WarpRowSum(int64_t count, int lane, const Term& term) {
  T sum = 0;
  for (int64_t k = lane; k < count; k += kWarpSize) sum += term(k);
  return WarpSum(sum);
}

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_METRIC_REDUCE_CUH_
