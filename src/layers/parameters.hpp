// What layers with a row of weights for each output share: the check of
// num_output, and the making of such a parameter.
#ifndef TERCET_LAYERS_PARAMETERS_HPP_
#define TERCET_LAYERS_PARAMETERS_HPP_

#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/check.hpp"
#include "caffe/filler.hpp"

namespace caffe {

// The num_output of the options `name`; Error kInput where it is left out, 0 or
// more than an int holds.
template <typename Param>
int NumOutput(const char* name, const Param& param) {
  INPUT_CHECK(param.num_output() >= 1 && param.num_output() <= INT_MAX)
      << name << ": num_output is "
      << (param.has_num_output() ? std::to_string(param.num_output())
                                 : "left out")
      << "; wanted at least 1"
      << (param.num_output() > INT_MAX ? ", at most 2147483647" : "");
  return static_cast<int>(param.num_output());
}

// Gives a layer the only parameter that it has: filled, or the stored one,
// whose shape is checked (Error kInput). `what` names it, in the plural.
template <typename Dtype>
void MakeOnlyParameter(const vector<int>& shape, const FillerParameter& filler,
                       const char* what,
                       vector<shared_ptr<Blob<Dtype>>>* blobs) {
  if (blobs->empty()) {
    blobs->push_back(std::make_shared<Blob<Dtype>>(shape));
    std::unique_ptr<Filler<Dtype>>(GetFiller<Dtype>(filler))
        ->Fill(blobs->front().get());
    return;
  }
  INPUT_CHECK(blobs->size() == 1)
      << "has " << blobs->size() << " stored parameters; wanted 1";
  INPUT_CHECK(blobs->front()->shape() == shape)
      << "stored " << what << " have shape " << blobs->front()->shape_string()
      << "; wanted " << ShapeString(shape);
}

}  // namespace caffe

#endif  // TERCET_LAYERS_PARAMETERS_HPP_
