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
//
// Reading and resizing are util/image.hpp's.
#ifndef CAFFE_DATA_TRANSFORMER_HPP_
#define CAFFE_DATA_TRANSFORMER_HPP_

#include <vector>

#include "caffe/common.hpp"
#include "caffe/proto/caffe.pb.h"
#include "caffe/util/image.hpp"

namespace caffe {

// Constant once made: its functions may be called from any thread. They throw
// Error(kInput) for options and images that do not go together.
template <typename Dtype>
class DataTransformer {
 public:
  DataTransformer(const TransformationParameter& param, Phase phase);

  // C, H, W of what comes out for an image of this size.
  vector<int> OutputShape(int channels, int height, int width) const;

  // Writes OutputShape values. What is random is drawn from `rng`, and always
  // as many numbers, whatever the image.
  void Transform(const Image& image, Rng* rng, Dtype* out) const;

 private:
  int OutputChannels(int channels) const;
  void ReadMeanFile(const string& path);

  const TransformationParameter param_;
  const bool train_;
  const int crop_;  // 0: none
  vector<int> mean_shape_;  // C H W; empty without mean_file
  vector<Dtype> mean_;
};

}  // namespace caffe

#endif  // CAFFE_DATA_TRANSFORMER_HPP_
