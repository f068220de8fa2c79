// Random changes of a training image: a move about its centre, contrast and
// brightness; and standardizing. Which options ask for them, and in what order
// they come, is data/transformer.hpp's.
//
// A move by scale s, angle r and shift (a, b), shares of width and height,
// shows at the place p of an image what the image itself has at
//
//   centre + s R(r) (p - centre) + (a width, b height)
//
// between the four pixels around it (bilinearly); beyond the border the border
// goes on. Places are in pixels, right and down, the centres of pixels at whole
// numbers. So s > 1 makes the picture smaller.
#ifndef TERCET_DATA_AUGMENTATION_HPP_
#define TERCET_DATA_AUGMENTATION_HPP_

#include <cstdint>

#include "caffe/proto/caffe.pb.h"
#include "data/image.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

struct Augmentation {
  double scale = 1;  // s
  double angle = 0;  // r, in radians; right turns to down
  double right = 0;  // a
  double down = 0;   // b
  // What comes out is multiplied by the one, and the other is added.
  double contrast = 1;
  double brightness = 0;
};

// Error(kInput): an option that is negative, not finite or out of range.
void CheckAugmentation(const TransformationParameter& param);

// Whether any of the options is set that Draw reads; whether images move.
bool Augments(const TransformationParameter& param);
bool Moves(const TransformationParameter& param);

// Each value even between its bounds: six draws, whatever the options.
Augmentation DrawAugmentation(const TransformationParameter& param, Rng* rng);

// An image as a move shows it. Keeps a pointer to the image.
class MovedImage {
 public:
  MovedImage(const Image& image, const Augmentation& move);

  // Row `h` from column `left` on: width x channels values, channels innermost.
  // Both may lie beyond the image.
  template <typename Dtype>
  void Row(int h, int left, int width, Dtype* out) const;

 private:
  const Image& image_;
  // The place of pixel (h, w) in the image is origin + h down + w right.
  double origin_x_, origin_y_, down_x_, down_y_, right_x_, right_y_;
};

// The mean of values and the root of their mean squared distance to it, which
// is taken to be 1 where it is less.
struct Spread {
  double mean;
  double deviation;
};

// Value: uint8_t, float or double.
template <typename Value>
Spread MeasureSpread(int64_t count, const Value* values);

// values = (values - mean) / deviation * scale
template <typename Dtype>
void Standardize(const Spread& spread, Dtype scale, int64_t count,
                 Dtype* values);

}  // namespace caffe

#endif  // TERCET_DATA_AUGMENTATION_HPP_
