// From folders and lists of people to their embeddings.
#include "embed/embed_people.hpp"

#include <set>
#include <utility>
#include <vector>

#include "data/identity_list.hpp"
#include "data/image_survey.hpp"

namespace caffe {

EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         bool skip_broken, Embedder* embedder) {
  EmbeddingSet set;
  std::vector<Identity> people = ReadIdentities(images, root);
  if (skip_broken) {
    people = WithoutBroken(people, embedder->max_pixels(), images);
  }
  for (const Identity& person : people) {
    set.people.push_back(person.label);
    for (const std::string& path : person.images) {
      set.names.push_back(path);
      set.labels.push_back(person.label);
    }
  }
  set.rows = embedder->Embed(set.names, images);
  set.width = embedder->width();
  return set;
}

void LeaveOutBroken(const Embedder& embedder, const std::string& source,
                    LabelledImages* images) {
  const std::set<std::string> broken =
      WarnOfBroken(images->paths, embedder.max_pixels(), source);
  const LabelledImages all = std::move(*images);
  *images = LabelledImages();
  images->listed = all.listed;
  images->junk = all.junk;
  for (size_t i = 0; i < all.paths.size(); ++i) {
    if (broken.count(all.paths[i]) > 0) continue;
    images->paths.push_back(all.paths[i]);
    images->labels.push_back(all.labels[i]);
    if (!all.cameras.empty()) images->cameras.push_back(all.cameras[i]);
    images->places.push_back(all.places[i]);
  }
}

}  // namespace caffe
