// What a data layer is that chooses its batches by what the net makes of them:
// whoever runs the net hands it the embeddings of each batch, as the solver
// does in training. A layer knows no net.
#ifndef CAFFE_LAYERS_EMBEDDING_RECEIVER_HPP_
#define CAFFE_LAYERS_EMBEDDING_RECEIVER_HPP_

#include <string>
#include <vector>

#include "caffe/common.hpp"

namespace caffe {

template <typename Dtype>
class EmbeddingReceiver {
 public:
  virtual ~EmbeddingReceiver() = default;

  // The blob that is wanted; "" where none is.
  virtual string EmbeddingBlob() const = 0;
  // Error kInput where the blob cannot be what is wanted.
  virtual void CheckEmbeddings(const vector<int>& shape) const = 0;
  // The blob after the net has seen the batch that Forward handed over last; to
  // be called once a batch, before the next Forward. `shape` has passed
  // CheckEmbeddings.
  virtual void ReceiveEmbeddings(const vector<int>& shape,
                                 const Dtype* data) = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_EMBEDDING_RECEIVER_HPP_
