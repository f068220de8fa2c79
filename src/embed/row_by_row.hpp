// Whether a batch of fewer images can be run as it is.
#ifndef TERCET_EMBED_ROW_BY_ROW_HPP_
#define TERCET_EMBED_ROW_BY_ROW_HPP_

#include "caffe/net.hpp"

namespace caffe {

// Whether each layer is known to make row i of its tops from row i of its
// bottoms, and to take any number of rows. Of a net with another one (a Reshape
// to a fixed number of rows, statistics of the batch, a layer of an outside
// library) only batches of the size in its file mean what the file says.
bool WorksRowByRow(const Net<float>& net);

}  // namespace caffe

#endif  // TERCET_EMBED_ROW_BY_ROW_HPP_
