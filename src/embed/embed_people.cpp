// From folders and lists of people to their embeddings.
#include "embed/embed_people.hpp"

#include "data/identity_list.hpp"

namespace caffe {

EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         Embedder* embedder) {
  EmbeddingSet set;
  for (const Identity& person : ReadIdentities(images, root)) {
    for (const std::string& path : person.images) {
      set.names.push_back(path);
      set.labels.push_back(person.label);
    }
  }
  set.rows = embedder->Embed(set.names);
  set.width = embedder->width();
  return set;
}

}  // namespace caffe
