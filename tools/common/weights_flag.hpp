// --weights: a .caffemodel, or several between commas.
#ifndef TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_
#define TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_

#include <string>

#include "caffe/net.hpp"

namespace caffe {

// The value as it is; Error kUsage where it is not empty and names no file.
const std::string& CheckedWeights(const std::string& value);

// Loads the files, one after the other.
template <typename Dtype>
void LoadWeights(const std::string& value, Net<Dtype>* net);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_
