// Which layers of a file a net in some state keeps, one at a time; the whole
// file is FilterNet's of caffe/net.hpp.
#ifndef TERCET_NET_FILTER_HPP_
#define TERCET_NET_FILTER_HPP_

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// By the layer's include or exclude rules, of which it has one kind at most.
bool KeepsLayer(const NetState& state, const LayerParameter& layer);

}  // namespace caffe

#endif  // TERCET_NET_FILTER_HPP_
