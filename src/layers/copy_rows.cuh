// The GPU's side of copy_rows.hpp. Included by .cu files alone.
#ifndef TERCET_LAYERS_COPY_ROWS_CUH_
#define TERCET_LAYERS_COPY_ROWS_CUH_

#include <cstdint>

#include "core/device.cuh"

namespace caffe {

// All numbers but `rows` in packs.
template <int W, typename Dtype>
void CopyPackedRows(int64_t rows, int64_t columns, const Dtype* source,
                    int64_t source_stride, Dtype* target,
                    int64_t target_stride) {
  if (rows * columns <= 0) return;
  CHECK_LE(rows * columns, INT32_MAX);
  const Divisor divisor(columns);
  ForEach(rows * columns, [=] __device__(int64_t i) {
    const int64_t row = divisor.Quotient(i);
    const int64_t column = i - row * columns;
    StorePack(LoadPack<W>(source + (row * source_stride + column) * W),
              target + (row * target_stride + column) * W);
  });
}

// As CopyRows, on device memory.
template <typename Dtype>
void CopyRowsOnDevice(int64_t rows, int64_t columns, const Dtype* source,
                      int64_t source_stride, Dtype* target,
                      int64_t target_stride) {
  constexpr int kW = kWide<Dtype>;
  if (columns % kW == 0 && source_stride % kW == 0 &&
      target_stride % kW == 0 && AlignedForPacks(source, target)) {
    CopyPackedRows<kW>(rows, columns / kW, source, source_stride / kW, target,
                       target_stride / kW);
  } else {
    CopyPackedRows<1>(rows, columns, source, source_stride, target,
                      target_stride);
  }
}

}  // namespace caffe

#endif  // TERCET_LAYERS_COPY_ROWS_CUH_
