// --weights: a .caffemodel, or several between commas; none: the weights stay
// as the fillers made them (a file of that name is ./none).
#ifndef TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_
#define TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_

#include <string>

#include "caffe/net.hpp"

namespace caffe {

// The files, "" for none; Error kUsage where it names no file, or none among
// others.
std::string CheckedWeights(const std::string& value);

// Error kUsage where the flag is not given.
void RequireWeights();

// Error kUsage where the flag is not given to a net that has weights: what
// comes out would be that of random ones.
void CheckWeightsGiven(const std::string& model, bool has_parameters);

// Loads the files, one after the other.
template <typename Dtype>
void LoadWeights(const std::string& value, Net<Dtype>* net);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_WEIGHTS_FLAG_HPP_
