// The GPU's side of copy_rows.hpp. Included by .cu files alone.
#ifndef CAFFE_UTIL_COPY_ROWS_CUH_
#define CAFFE_UTIL_COPY_ROWS_CUH_

#include <cstdint>

#include "caffe/util/device.cuh"

namespace caffe {

// As CopyRows, on device memory.
template <typename Dtype>
void CopyRowsOnDevice(int64_t rows, int64_t columns, const Dtype* source,
                      int64_t source_stride, Dtype* target,
                      int64_t target_stride) {
  ForEach(rows * columns, [=] __device__(int64_t i) {
    const int64_t row = i / columns;
    const int64_t column = i % columns;
    target[row * target_stride + column] =
        source[row * source_stride + column];
  });
}

}  // namespace caffe

#endif  // CAFFE_UTIL_COPY_ROWS_CUH_
