// The labels of a data layer's people against the classes of the layers that
// take them, when a net is set up: not when such a person is first drawn.
#ifndef TERCET_NET_CHECK_LABELS_HPP_
#define TERCET_NET_CHECK_LABELS_HPP_

#include "caffe/net.hpp"

namespace caffe {

// Whether a layer of this type gives on the values of its bottom as they are.
bool PassesOn(const string& type);

// Error kInput: names the layer, the label, where it is from, and the classes.
// Labels are followed through layers that only pass them on.
template <typename Dtype>
void CheckLabelsOfPeople(const Net<Dtype>& net);

}  // namespace caffe

#endif  // TERCET_NET_CHECK_LABELS_HPP_
