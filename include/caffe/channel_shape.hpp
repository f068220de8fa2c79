// A blob seen as outer x channels x inner, where one value a channel meets all
// the others: scores and classes, per-channel scales, statistics. What is done
// with such a blob is left to the layers.
#ifndef TERCET_CHANNEL_SHAPE_HPP_
#define TERCET_CHANNEL_SHAPE_HPP_

#include <cstdint>

#include "caffe/host_device.hpp"

namespace caffe {

struct ChannelShape {
  int64_t outer = 0;
  int64_t channels = 0;
  int64_t inner = 0;

  TERCET_HD int64_t count() const { return outer * channels * inner; }
  // How many values a channel has.
  TERCET_HD int64_t per_channel() const { return outer * inner; }
  // The index of the first value of a channel in one of the outer parts.
  TERCET_HD int64_t Start(int64_t part, int64_t channel) const {
    return (part * channels + channel) * inner;
  }
};

}  // namespace caffe

#endif  // TERCET_CHANNEL_SHAPE_HPP_
