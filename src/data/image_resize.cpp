// Resizing in integers. Each axis is a table of weights that sum to 2^16
// exactly; rows are resized first, then columns, and the rounding is done
// once, at the end: a flat picture stays flat, and no machine differs.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "caffe/check.hpp"
#include "data/image.hpp"

namespace caffe {

namespace {

constexpr int64_t kOne = 1 << 16;

// new pixel d = sum over k < weights[d].size() of weights[d][k] *
// old[first[d] + k], over kOne.
struct Axis {
  std::vector<int> first;
  std::vector<std::vector<int32_t>> weights;
};

// d covers the old pixels from d * from / to up to (d + 1) * from / to. In
// units of 1 / to old pixel, old pixel i reaches from i * to to (i + 1) * to.
void Average(int64_t from, int64_t to, int64_t d, Axis* axis) {
  const int64_t begin = d * from, end = begin + from;
  const int64_t first = begin / to;
  std::vector<int32_t> weights;
  int64_t done = 0;  // of kOne
  for (int64_t i = first; i * to < end; ++i) {
    const int64_t covered = std::min((i + 1) * to, end) - begin;
    const int64_t upto = (covered * kOne + from / 2) / from;
    weights.push_back(static_cast<int32_t>(upto - done));
    done = upto;
  }
  axis->first.push_back(static_cast<int>(first));
  axis->weights.push_back(weights);
}

// The centre of d lies at (d + 1/2) * from / to - 1/2 = x / (2 to).
void Interpolate(int64_t from, int64_t to, int64_t d, Axis* axis) {
  const int64_t x = std::max<int64_t>((2 * d + 1) * from - to, 0);
  const int64_t left = x / (2 * to);
  if (left >= from - 1) {
    axis->first.push_back(static_cast<int>(from - 1));
    axis->weights.push_back({static_cast<int32_t>(kOne)});
    return;
  }
  const int64_t right = ((x % (2 * to)) * kOne + to) / (2 * to);
  axis->first.push_back(static_cast<int>(left));
  axis->weights.push_back({static_cast<int32_t>(kOne - right),
                           static_cast<int32_t>(right)});
}

Axis MakeAxis(int from, int to) {
  Axis axis;
  for (int d = 0; d < to; ++d) {
    if (to <= from) {
      Average(from, to, d, &axis);
    } else {
      Interpolate(from, to, d, &axis);
    }
  }
  return axis;
}

}  // namespace

Image ResizeImage(const Image& image, int height, int width) {
  CHECK(height > 0 && width > 0) << "an image is resized to at least 1 x 1";
  CHECK(image.height > 0 && image.width > 0) << "the image is empty";
  if (image.height == height && image.width == width) return image;
  const int channels = image.channels;
  const Axis across = MakeAxis(image.width, width);
  const Axis down = MakeAxis(image.height, height);
  const size_t row = static_cast<size_t>(width) * channels;
  Image result(height, width, channels);
  // One new row at a time; an old row resized across serves at most a few.
  std::vector<int32_t> resized(row);
  std::vector<int64_t> sum(row);
  int in_resized = -1;
  for (int d = 0; d < height; ++d) {
    std::fill(sum.begin(), sum.end(), kOne * kOne / 2);
    for (size_t k = 0; k < down.weights[d].size(); ++k) {
      const int h = down.first[d] + static_cast<int>(k);
      if (h != in_resized) {
        const uint8_t* old = &image.pixels[static_cast<size_t>(h) *
                                           image.width * channels];
        for (int w = 0; w < width; ++w) {
          for (int c = 0; c < channels; ++c) {
            const uint8_t* in = old + across.first[w] * channels + c;
            int32_t value = 0;
            for (const int32_t weight : across.weights[w]) {
              value += weight * *in;
              in += channels;
            }
            resized[w * channels + c] = value;
          }
        }
        in_resized = h;
      }
      const int64_t weight = down.weights[d][k];
      for (size_t i = 0; i < row; ++i) sum[i] += weight * resized[i];
    }
    for (size_t i = 0; i < row; ++i) {
      result.pixels[d * row + i] = static_cast<uint8_t>(sum[i] >> 32);
    }
  }
  return result;
}

}  // namespace caffe
