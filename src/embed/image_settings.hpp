// How images are prepared, as text: the flags of the tools and the fields of a
// threshold's file have the same names and values. Whether they fit a net is
// the preparer's to say.
#ifndef TERCET_EMBED_IMAGE_SETTINGS_HPP_
#define TERCET_EMBED_IMAGE_SETTINGS_HPP_

#include "caffe/embedder.hpp"
#include "caffe/proto/caffe_threshold.pb.h"

namespace caffe {

// The options that mean_value, scale, channels, resize, crop and flip stand
// for; what is absent is the net's. Error kInput, in the words of a flag, for a
// value that is none.
ImageOptions ParseImageOptions(const VerificationThreshold& settings);

// Error kInput, in the same words, for numbers that are none.
void CheckImageOptions(const ImageOptions& options);

}  // namespace caffe

#endif  // TERCET_EMBED_IMAGE_SETTINGS_HPP_
