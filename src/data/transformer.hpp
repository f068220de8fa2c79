// What becomes of a picture on its way into a blob: transform_param.
//
//   out[c][h][w] = (pixel[top + h][left + w or mirrored][c] - mean) * scale
//
// Options, with their defaults:
//   force_gray, force_color [false]  one channel, or three, whatever came in.
//   crop_size [0: none]  a square of that side; at random in TRAIN, from the
//       centre in TEST. An image smaller than it is refused.
//   mirror [false]  in TRAIN, every other image is flipped left to right.
//   mean_value  one for all channels, or one a channel (B, G, R).
//   mean_file   a BlobProto of the size of the uncropped images, in binary.
//   scale [1]
//   standardize [false]  an image gets mean 0 and deviation 1 before it is
//       scaled, in TRAIN and TEST. The deviation is taken to be
//       at least 1 (of 0 to 255), for images of one colour.
//   standardize_over [RESULT]  with IMAGE, mean and deviation are those of the
//       whole image, before moves and crop, so that what is moved in or cut
//       off does not change how light the rest comes out. No mean_value and
//       no mean_file go with it.
// and in TRAIN, each drawn evenly for each image:
//   max_shift [0]     the image is moved by up to this share of its width to
//       the left or right, and of its height up or down; 0.5 at most
//   max_scale [0]     and made larger or smaller by up to this share
//   max_rotation [0]  and turned about its centre by up to so many degrees.
//       All this comes before the crop and the mirror; what moves in from
//       beyond the border is the border's (data/augmentation.hpp).
//   max_contrast [0], max_brightness [0]  last of all, out becomes
//       out (1 + c) + b,  |c| <= max_contrast, |b| <= max_brightness,
//       in units of what comes out: of 1 with standardize.
//
// Reading and resizing are data/image.hpp's.
#ifndef TERCET_DATA_TRANSFORMER_HPP_
#define TERCET_DATA_TRANSFORMER_HPP_

#include <vector>

#include "caffe/common.hpp"
#include "data/augmentation.hpp"
#include "caffe/proto/caffe.pb.h"
#include "data/image.hpp"

namespace caffe {

// Constant once made: its functions may be called from any thread. They throw
// Error(kInput) for options and images that do not go together.
template <typename Dtype>
class DataTransformer {
 public:
  DataTransformer(const TransformationParameter& param, Phase phase);

  // C, H, W of what comes out for an image of this size.
  vector<int> OutputShape(int channels, int height, int width) const;

  // Writes OutputShape values. What is random is drawn from `rng`, and with one
  // set of options always as many numbers, whatever the image.
  void Transform(const Image& image, Rng* rng, Dtype* out) const;

 private:
  // What is drawn for an image.
  struct Draws {
    int top, left;
    bool mirror;
    Augmentation augmentation;
  };

  int OutputChannels(int channels) const;
  void ReadMeanFile(const string& path);
  void ReadMeanArray(const string& path);
  Draws Draw(const Image& image, int height, int width, Rng* rng) const;
  // Rows of the image, moved, cropped and mirrored, less the mean, to planes.
  void Cut(const Image& image, const Draws& draws, const vector<int>& shape,
           Dtype scale, Dtype* out) const;

  const TransformationParameter param_;
  const bool train_;
  const bool augments_, moves_;
  const int crop_;  // 0: none
  vector<int> mean_shape_;  // C H W; empty without mean_file
  vector<Dtype> mean_;
};

}  // namespace caffe

#endif  // TERCET_DATA_TRANSFORMER_HPP_
