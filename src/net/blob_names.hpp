// What to say of a blob's name that a user gave.
#ifndef TERCET_NET_BLOB_NAMES_HPP_
#define TERCET_NET_BLOB_NAMES_HPP_

#include <string>

#include "caffe/net.hpp"

namespace caffe {

// Error kInput, with the net's file in front, where the net has no blob of this
// name: the nearest one, or the blob that the layer of this name makes.
void CheckBlobName(const std::string& model, const Net<float>& net,
                   const std::string& name);

}  // namespace caffe

#endif  // TERCET_NET_BLOB_NAMES_HPP_
