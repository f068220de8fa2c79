// Hands embeddings to the data layers of a net that want them
// (caffe/layers/embedding_receiver.hpp), after each pass.
#ifndef TERCET_SOLVER_EMBEDDING_FEED_HPP_
#define TERCET_SOLVER_EMBEDDING_FEED_HPP_

#include <string>
#include <vector>

#include "caffe/layers/embedding_receiver.hpp"
#include "caffe/net.hpp"

namespace caffe {

template <typename Dtype>
class EmbeddingFeed {
 public:
  // Finds the layers and their blobs, both of which the net keeps. Error
  // kInput, with the layer's place: there is no such blob, or its shape is not
  // that of embeddings of the batch.
  void Connect(const Net<Dtype>& net);
  // After a pass forward. Error kInput, with the layer's place: a value is not
  // finite. On a GPU this copies the embeddings to the host.
  void HandOver() const;

 private:
  struct Link {
    EmbeddingReceiver<Dtype>* layer;
    shared_ptr<Blob<Dtype>> blob;
    string place;
  };
  vector<Link> links_;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_EMBEDDING_FEED_HPP_
