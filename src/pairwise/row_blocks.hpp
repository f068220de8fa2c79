// Rows cut into blocks, by the shape alone, so that the bits do not depend on
// the threads; and a loop over the blocks that tells the threads apart, so that
// each may have a memory of its own.
#ifndef TERCET_PAIRWISE_ROW_BLOCKS_HPP_
#define TERCET_PAIRWISE_ROW_BLOCKS_HPP_

#include <algorithm>
#include <cstdint>

#include "caffe/common.hpp"
#include "core/parallel.hpp"

namespace caffe {
namespace metric {

// No block has more.
constexpr int64_t kBlockRows = 128;

// How many blocks there are of so many rows.
inline int64_t RowBlocks(int64_t rows) {
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  const int64_t even = rows < kBlockRows / 2    ? 1
                       : rows <= 2 * kBlockRows ? 2
                                                : 4;
  return (blocks + even - 1) / even * even;
}

inline int64_t RowBlockBegin(int64_t rows, int64_t block) {
  return rows * block / RowBlocks(rows);
}
inline int64_t RowBlockOf(int64_t rows, int64_t row) {
  return ((row + 1) * RowBlocks(rows) - 1) / rows;
}

// How many threads share the blocks of so many rows, at most.
inline int64_t RowSlots(int64_t rows) {
  return std::max<int64_t>(
      1, std::min<int64_t>(Caffe::threads(), RowBlocks(rows)));
}

// Calls body(slot, first row, last row + 1) for each block, on several threads,
// of which none shares its slot, a number below `slots`. A row takes
// work_per_row operations.
template <typename Body>
void ForEachRowBlock(int64_t rows, int64_t work_per_row, int64_t slots,
                     const Body& body) {
  const int64_t blocks = RowBlocks(rows);
  ParallelFor(slots, rows * work_per_row / slots,
              [&](int64_t begin, int64_t end) {
                for (int64_t s = begin; s < end; ++s) {
                  for (int64_t b = s; b < blocks; b += slots) {
                    body(s, RowBlockBegin(rows, b),
                         RowBlockBegin(rows, b + 1));
                  }
                }
              });
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_BLOCKS_HPP_
