// The shape of a stored array: the one reading of a BlobProto that has the new
// form, the old one, or both.
#ifndef TERCET_CORE_STORED_SHAPE_HPP_
#define TERCET_CORE_STORED_SHAPE_HPP_

#include <cstdint>
#include <vector>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// `shape` where there is one, else the four old fields where one of them is
// there; {} for a scalar, or where none is stored. Nothing is checked.
inline std::vector<int64_t> StoredShape(const BlobProto& blob) {
  if (blob.has_shape()) {
    return {blob.shape().dim().begin(), blob.shape().dim().end()};
  }
  if (blob.has_num() || blob.has_channels() || blob.has_height() ||
      blob.has_width()) {
    return {blob.num(), blob.channels(), blob.height(), blob.width()};
  }
  return {};
}

}  // namespace caffe

#endif  // TERCET_CORE_STORED_SHAPE_HPP_
