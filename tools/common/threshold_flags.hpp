// The settings of a threshold's file as flags: each has the name of the flag
// that it stands for.
#ifndef TERCET_TOOLS_COMMON_THRESHOLD_FLAGS_HPP_
#define TERCET_TOOLS_COMMON_THRESHOLD_FLAGS_HPP_

#include <string>

#include "embed/threshold_file.hpp"

namespace caffe {

// The distance that --distance names; Error kUsage where there is none.
metric::Distance DistanceOfFlag(const std::string& name);

// Writes into `threshold` the tool's flags that it has a field for, where they
// differ from their defaults; --distance always.
void StoreSettings(VerificationThreshold* threshold);

// Sets those flags as `threshold`, read from `path`, says. Error kUsage where
// one was given on the command line and differs: the threshold does not hold
// for it.
void UseSettings(const VerificationThreshold& threshold,
                 const std::string& path);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_THRESHOLD_FLAGS_HPP_
