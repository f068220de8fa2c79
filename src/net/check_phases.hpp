// Warnings of what a net in phase TEST does in another way than in training:
// other images, statistics of the batch.
#ifndef TERCET_NET_CHECK_PHASES_HPP_
#define TERCET_NET_CHECK_PHASES_HPP_

#include <string>

#include "caffe/proto/caffe.pb.h"
#include "data/image_treatment.hpp"

namespace caffe {

// The layer of the file that gives images in training alone, where `tested`
// gives them in phase TEST: that with its first top, else the first; or null.
const LayerParameter* TrainDataLayer(const NetParameter& file,
                                     const LayerParameter& tested);

// Warns where images come into the net in another way than in training;
// `advice` ends the line.
void WarnOfTreatment(const NetParameter& file, const LayerParameter& tested,
                     const ImageTreatment& found, const std::string& advice);

// Warns of the layers `kept` of a file in phase TEST; nothing in TRAIN. An
// Input layer is left to whoever fills it.
void WarnOfPhase(const NetParameter& file, const NetParameter& kept);

}  // namespace caffe

#endif  // TERCET_NET_CHECK_PHASES_HPP_
