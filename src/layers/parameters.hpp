// What layers with weights share: the check of num_output, and the making of
// parameters, filled or stored.
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

// A parameter that is filled.
template <typename Dtype>
shared_ptr<Blob<Dtype>> FilledParameter(const vector<int>& shape,
                                        const FillerParameter& filler) {
  const auto blob = std::make_shared<Blob<Dtype>>(shape);
  std::unique_ptr<Filler<Dtype>>(GetFiller<Dtype>(filler))->Fill(blob.get());
  return blob;
}

// Error kInput where the stored `what` has another shape than `wanted`.
template <typename Dtype>
void CheckStored(const char* what, const Blob<Dtype>& stored,
                 const vector<int>& wanted) {
  INPUT_CHECK(stored.shape() == wanted)
      << "stored " << what << " shape " << stored.shape_string()
      << "; wanted " << ShapeString(wanted);
}

// Error kInput where the number of stored parameters is another.
template <typename Dtype>
void CheckStoredCount(const vector<shared_ptr<Blob<Dtype>>>& blobs,
                      size_t wanted) {
  INPUT_CHECK(blobs.size() == wanted)
      << "has " << blobs.size() << " stored parameters; wanted " << wanted;
}

// Gives a layer the only parameter that it has: filled, or the stored one,
// whose shape is checked (Error kInput). `what` names it, with its verb:
// "weights have".
template <typename Dtype>
void MakeOnlyParameter(const vector<int>& shape, const FillerParameter& filler,
                       const char* what,
                       vector<shared_ptr<Blob<Dtype>>>* blobs) {
  if (blobs->empty()) {
    blobs->push_back(FilledParameter<Dtype>(shape, filler));
    return;
  }
  CheckStoredCount(*blobs, 1);
  CheckStored(what, *blobs->front(), shape);
}

// The same for weights, and a bias of so many values behind them; 0 for none.
template <typename Dtype>
void MakeWeights(const vector<int>& shape, const FillerParameter& filler,
                 int bias, const FillerParameter& bias_filler,
                 vector<shared_ptr<Blob<Dtype>>>* blobs) {
  if (blobs->empty()) {
    blobs->push_back(FilledParameter<Dtype>(shape, filler));
    if (bias == 0) return;
    blobs->push_back(FilledParameter<Dtype>({bias}, bias_filler));
    return;
  }
  CheckStoredCount(*blobs, bias == 0 ? 1 : 2);
  CheckStored("weights have", *blobs->front(), shape);
  if (bias != 0) CheckStored("bias has", *blobs->back(), {bias});
}

}  // namespace caffe

#endif  // TERCET_LAYERS_PARAMETERS_HPP_
