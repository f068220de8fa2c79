// Moves, contrast, brightness and standardizing, as said in the header.

#include "data/augmentation.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "caffe/check.hpp"
#include "core/parallel.hpp"
#include "math/constants.hpp"

namespace caffe {

namespace {


void CheckRange(const char* option, float value, float most) {
  INPUT_CHECK(value >= 0 && value <= most)
      << option << " is " << value << "; wanted 0 to " << most;
}

}  // namespace

void CheckAugmentation(const TransformationParameter& param) {
  // Half the size and half a turn are more than any face survives.
  CheckRange("max_shift", param.max_shift(), 0.5);
  CheckRange("max_scale", param.max_scale(), 0.5);
  CheckRange("max_rotation", param.max_rotation(), 180);
  CheckRange("max_contrast", param.max_contrast(), 1);
  INPUT_CHECK(param.max_brightness() >= 0 &&
              std::isfinite(param.max_brightness()))
      << "max_brightness is " << param.max_brightness()
      << "; wanted 0 or more";
}

bool Moves(const TransformationParameter& param) {
  return param.max_shift() > 0 || param.max_scale() > 0 ||
         param.max_rotation() > 0;
}

bool Augments(const TransformationParameter& param) {
  return Moves(param) || param.max_contrast() > 0 ||
         param.max_brightness() > 0;
}

Augmentation DrawAugmentation(const TransformationParameter& param, Rng* rng) {
  const auto draw = [rng](double most) { return rng->Uniform(-most, most); };
  Augmentation drawn;
  drawn.right = draw(param.max_shift());
  drawn.down = draw(param.max_shift());
  drawn.scale = 1 + draw(param.max_scale());
  drawn.angle = draw(param.max_rotation()) * kPi / 180;
  drawn.contrast = 1 + draw(param.max_contrast());
  drawn.brightness = draw(param.max_brightness());
  return drawn;
}

MovedImage::MovedImage(const Image& image, const Augmentation& move)
    : image_(image),
      down_x_(-move.scale * std::sin(move.angle)),
      down_y_(move.scale * std::cos(move.angle)),
      right_x_(move.scale * std::cos(move.angle)),
      right_y_(move.scale * std::sin(move.angle)) {
  const double x = (image.width - 1) / 2., y = (image.height - 1) / 2.;
  origin_x_ = x + move.right * image.width - y * down_x_ - x * right_x_;
  origin_y_ = y + move.down * image.height - y * down_y_ - x * right_y_;
}

template <typename Dtype>
void MovedImage::Row(int h, int left, int width, Dtype* out) const {
  const int channels = image_.channels;
  const double last_x = image_.width - 1, last_y = image_.height - 1;
  const double begin_x = origin_x_ + h * down_x_;
  const double begin_y = origin_y_ + h * down_y_;
  const size_t pitch = static_cast<size_t>(image_.width) * channels;
  for (int w = left; w < left + width; ++w) {
    const double x = std::clamp(begin_x + w * right_x_, 0., last_x);
    const double y = std::clamp(begin_y + w * right_y_, 0., last_y);
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const Dtype fx = static_cast<Dtype>(x - x0);
    const Dtype fy = static_cast<Dtype>(y - y0);
    const uint8_t* above = &image_.pixels[y0 * pitch + x0 * channels];
    const uint8_t* below = y0 < last_y ? above + pitch : above;
    const int next = x0 < last_x ? channels : 0;
    for (int c = 0; c < channels; ++c) {
      const Dtype top = above[c] + fx * (above[c + next] - above[c]);
      const Dtype bottom = below[c] + fx * (below[c + next] - below[c]);
      *out++ = top + fy * (bottom - top);
    }
  }
}

template <typename Value>
Spread MeasureSpread(int64_t count, const Value* values) {
  constexpr double kLeastDeviation = 1;  // of gray values from 0 to 255
  const double mean =
      LaneSum(0, count, [=](int64_t i) { return values[i]; }) / count;
  const double variance = LaneSum(0, count, [=](int64_t i) {
                            const double apart = values[i] - mean;
                            return apart * apart;
                          }) / count;
  return {mean, std::max(std::sqrt(variance), kLeastDeviation)};
}

template <typename Dtype>
void Standardize(const Spread& spread, Dtype scale, int64_t count,
                 Dtype* values) {
  const double mean = spread.mean, factor = scale / spread.deviation;
  for (int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<Dtype>((values[i] - mean) * factor);
  }
}

template Spread MeasureSpread<uint8_t>(int64_t, const uint8_t*);

#define INSTANTIATE_AUGMENTATION(Dtype)                              \
  template void MovedImage::Row<Dtype>(int, int, int, Dtype*) const; \
  template Spread MeasureSpread<Dtype>(int64_t, const Dtype*);       \
  template void Standardize<Dtype>(const Spread&, Dtype, int64_t, Dtype*)
INSTANTIATE_AUGMENTATION(float);
INSTANTIATE_AUGMENTATION(double);

}  // namespace caffe
