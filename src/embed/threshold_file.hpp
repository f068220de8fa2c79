// The threshold of a verification as a file: found by `tercet evaluate`,
// used by `tercet verify`. The file is a VerificationThreshold as prototxt
// (proto/caffe_threshold.proto), and carries the settings that the threshold
// was found with, under the names of the flags. What a distance is, is told in
// caffe/pairwise/distances.hpp.
#ifndef TERCET_EMBED_THRESHOLD_FILE_HPP_
#define TERCET_EMBED_THRESHOLD_FILE_HPP_

#include <string>

#include "caffe/pairwise/distances.hpp"
#include "caffe/proto/caffe_threshold.pb.h"

namespace caffe {

// The distance of a name, as --distance and threshold files have it; Error
// kInput where there is none.
metric::Distance DistanceByName(const std::string& name);

// Where the threshold of these weights lies: the last file of a list with
// commas, and ".threshold". "" for an empty list.
std::string ThresholdPath(const std::string& weights);

// Checks the values; at once the whole new file is there, or what was before.
void WriteThreshold(const std::string& path,
                    const VerificationThreshold& threshold);

// Error kInput, "path:line: ..." for a value that is none: a threshold or a
// distance that is missing, a threshold that is not finite, a distance of no
// known name, far outside (0, 1), tar outside [0, 1], negative counts.
VerificationThreshold ReadThreshold(const std::string& path);

}  // namespace caffe

#endif  // TERCET_EMBED_THRESHOLD_FILE_HPP_
