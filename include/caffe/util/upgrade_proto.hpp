#ifndef CAFFE_UTIL_UPGRADE_PROTO_HPP_
#define CAFFE_UTIL_UPGRADE_PROTO_HPP_

// Older forms of nets and solvers, turned into the live one. The readers of
// prototxt.hpp call these; a program that fills a NetParameter by hand may,
// too.

#include <string>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

namespace v1 {
class NetParameter;
}

// The 2014 form (`layers { type: CONVOLUTION blobs_lr: 1 }`) into the live one;
// behind them come the layers that have the live form already.
// Throws Error(kInput) at a layer without a type.
void UpgradeV1Net(const v1::NetParameter& old, NetParameter* param);

// The type that a number of the 2014 form stands for, e.g. 4: "Convolution"; ""
// for none.
std::string V1LayerTypeName(int number);

// `input:` with input_dim or input_shape into one Input layer in front. `place`
// (`file:line`, or "") stands in front of messages and is stamped on the layer.
void UpgradeNetInput(const std::string& place, NetParameter* param);

// The running sums of BatchNorm are no solver's business: their multipliers
// become 0.
void UpgradeBatchNorm(NetParameter* param);

// solver_type: ADAM into type: "Adam". `place` as above.
void UpgradeSolverType(const std::string& place, SolverParameter* param);

}  // namespace caffe

#endif  // CAFFE_UTIL_UPGRADE_PROTO_HPP_
