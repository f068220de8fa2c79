// What is done to images on their way into a net, in the terms of which two
// layers can be compared: those of the training and those of the use of one
// net. What is drawn at random in training is no part of it.
#ifndef TERCET_DATA_IMAGE_TREATMENT_HPP_
#define TERCET_DATA_IMAGE_TREATMENT_HPP_

#include <string>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

struct ImageTreatment {
  TransformationParameter transform;
  int height = 0, width = 0;  // images are resized to; 0: are taken as they are
  int crop_height = 0, crop_width = 0;  // what is kept of them; 0: all
  bool rgb = false;
};

// That of a layer which reads images itself, or of an Input layer.
ImageTreatment TreatmentOf(const LayerParameter& layer);

// "mean_value none against 127.5, scale 1 against 0.0078125", those of `found`
// first; "" where both give a net the same.
std::string Differences(const ImageTreatment& found,
                        const ImageTreatment& other);

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_TREATMENT_HPP_
