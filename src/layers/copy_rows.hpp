// Copying a matrix between rows of different lengths: what concatenating and
// slicing along an axis come down to.
#ifndef TERCET_LAYERS_COPY_ROWS_HPP_
#define TERCET_LAYERS_COPY_ROWS_HPP_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/parallel.hpp"

namespace caffe {

// target[r * target_stride + c] = source[r * source_stride + c] for the rows
// 0 ... rows-1 and the columns 0 ... columns-1; the two do not overlap. The
// values are split among the threads, not the rows, for there may be one row.
template <typename Dtype>
void CopyRows(int64_t rows, int64_t columns, const Dtype* source,
              int64_t source_stride, Dtype* target, int64_t target_stride) {
  ParallelFor(rows * columns, 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {
      const int64_t row = i / columns;
      const int64_t column = i % columns;
      const int64_t length = std::min(columns - column, end - i);
      std::memcpy(target + row * target_stride + column,
                  source + row * source_stride + column,
                  length * sizeof(Dtype));
      i += length;
    }
  });
}

}  // namespace caffe

#endif  // TERCET_LAYERS_COPY_ROWS_HPP_
