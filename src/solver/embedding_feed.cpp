// Embeddings on their way back to data layers, as said in the header.
#include "solver/embedding_feed.hpp"

#include "core/suggest.hpp"

namespace caffe {

template <typename Dtype>
void EmbeddingFeed<Dtype>::Connect(const Net<Dtype>& net) {
  links_.clear();
  for (const auto& layer : net.layers()) {
    auto* const receiver =
        dynamic_cast<EmbeddingReceiver<Dtype>*>(layer.get());
    if (receiver == nullptr || receiver->EmbeddingBlob().empty()) continue;
    const string place = LayerPlace(layer->layer_param());
    const string name = receiver->EmbeddingBlob();
    INPUT_CHECK(net.has_blob(name))
        << place << ": the net has no blob '" << name << "'"
        << DidYouMean(name, net.blob_names()) << " (have: "
        << ListNames(net.blob_names()) << ")";
    const shared_ptr<Blob<Dtype>> blob = net.blob_by_name(name);
    try {
      receiver->CheckEmbeddings(blob->shape());
    } catch (const Error& error) {
      throw error.At(place);
    }
    links_.push_back({receiver, blob, place});
  }
}

template <typename Dtype>
void EmbeddingFeed<Dtype>::HandOver() const {
  for (const Link& link : links_) {
    try {
      link.layer->ReceiveEmbeddings(link.blob->shape(),
                                    link.blob->cpu_data());
    } catch (const Error& error) {
      throw error.At(link.place);
    }
  }
}

INSTANTIATE_CLASS(EmbeddingFeed);

}  // namespace caffe
