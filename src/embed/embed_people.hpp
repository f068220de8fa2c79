// Embeddings of people's images, with who is on them.
#ifndef TERCET_EMBED_EMBED_PEOPLE_HPP_
#define TERCET_EMBED_EMBED_PEOPLE_HPP_

#include <string>

#include "caffe/embedder.hpp"
#include "evaluation/report.hpp"

namespace caffe {

// The images of a folder with one folder a person, or of a list.
EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         Embedder* embedder);

}  // namespace caffe

#endif  // TERCET_EMBED_EMBED_PEOPLE_HPP_
