// What the direct convolution and Winograd's share: sizes, and rows of
// an image copied with their padding made real, so that no inner loop meets an
// edge.
#ifndef TERCET_CONVOLUTION_CONV_COMMON_HPP_
#define TERCET_CONVOLUTION_CONV_COMMON_HPP_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "caffe/common.hpp"

namespace caffe {

inline int CeilDiv(int a, int b) { return (a + b - 1) / b; }
inline int64_t RoundUp(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

// Short rows, for which a library call would take longer than the copy.
template <typename Dtype>
inline void ClearShort(Dtype* to, int count) {
  if (count <= 0) { return; }
  *to = 0;
  if (count > 1) { std::fill(to + 1, to + count, Dtype(0)); }
}

template <typename Dtype>
inline void CopyRow(const Dtype* from, int count, Dtype* to) {
  constexpr int kChunk = 16 / sizeof(Dtype);
  constexpr int kLong = 64 * kChunk;
  if (count < kChunk || count > kLong) {
    std::copy(from, from + count, to);
    return;
  }
  for (int i = 0; i < count - kChunk; i += kChunk) {
    std::memcpy(to + i, from + i, 16);
  }
  std::memcpy(to + count - kChunk, from + count - kChunk, 16);
}

// Rows [top, top + count) of plane(height, width) to to(count, columns), from
// `pad` columns left of it on; zero outside of the plane. A negative pad cuts
// columns off.
template <typename Dtype>
inline void CopyPaddedRows(const Dtype* plane, int height, int width, int top,
                           int count, int pad, int columns, Dtype* to) {
  const int left = std::min(columns, std::max(0, pad));
  const int right = std::max(left, std::min(columns, width + pad));
  for (int r = 0; r < count; ++r, to += columns) {
    const int y = top + r;
    if (y < 0 || y >= height) {
      std::fill(to, to + columns, Dtype(0));
      continue;
    }
    const Dtype* from = plane + static_cast<int64_t>(y) * width - pad;
    ClearShort(to, left);
    CopyRow(from + left, right - left, to + left);
    ClearShort(to + right, columns - right);
  }
}

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONV_COMMON_HPP_
