// Loops and sums by channel, over a blob seen as outer x channels x inner. The
// GPU's side is channels.cuh; what is computed is the callers'.
#ifndef TERCET_MATH_CHANNELS_HPP_
#define TERCET_MATH_CHANNELS_HPP_

#include <algorithm>
#include <cstdint>

#include "caffe/channel_shape.hpp"
#include "core/independent_loop.hpp"
#include "core/parallel.hpp"

namespace caffe {

// Calls make(c)(i) for each channel c and each index i of its values; make
// fetches what belongs to the channel. Values at other indices than i must
// not be written, so that the loops can be vectorised and run in parallel.
template <typename Make>
void ForEachByChannel(const ChannelShape& shape, const Make& make) {
  const int64_t channels = shape.channels;
  if (shape.inner == 1) {
    ParallelFor(shape.outer, channels, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part) {
        const int64_t start = part * channels;
        TERCET_INDEPENDENT_LOOP
        for (int64_t c = 0; c < channels; ++c) make(c)(start + c);
      }
    });
    return;
  }
  ParallelFor(shape.outer * channels, shape.inner,
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  const auto body = make(row % channels);
                  const int64_t last = (row + 1) * shape.inner;
                  TERCET_INDEPENDENT_LOOP
                  for (int64_t i = row * shape.inner; i < last; ++i) body(i);
                }
              });
}

// sums[k * channels + c] = the sum of f_k(i, c) over the values of channel c,
// for each f_k of f. The order of the additions depends on the shape alone.
template <typename... F>
void ChannelSums(const ChannelShape& shape, double* sums, const F&... f) {
  constexpr int64_t kShortRow = 8;
  const int64_t channels = shape.channels;
  const int64_t work = shape.per_channel() * static_cast<int64_t>(sizeof...(F));
  ParallelFor(channels, work, [&](int64_t begin, int64_t end) {
    double* sum = sums;
    ((std::fill(sum + begin, sum + end, 0.), static_cast<void>(f),
      sum += channels),
     ...);
    for (int64_t part = 0; part < shape.outer; ++part) {
      sum = sums;
      const auto add = [&](const auto& term) {
        for (int64_t c = begin; c < end; ++c) {
          const int64_t first = shape.Start(part, c);
          if (shape.inner < kShortRow) {
            for (int64_t s = 0; s < shape.inner; ++s) {
              sum[c] += term(first + s, c);
            }
          } else {
            sum[c] += LaneSum(first, first + shape.inner,
                              [&](int64_t i) { return term(i, c); });
          }
        }
        sum += channels;
      };
      (add(f), ...);
    }
  });
}

}  // namespace caffe

#endif  // TERCET_MATH_CHANNELS_HPP_
