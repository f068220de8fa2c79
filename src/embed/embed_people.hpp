// Embeddings of people's images, with who is on them.
#ifndef TERCET_EMBED_EMBED_PEOPLE_HPP_
#define TERCET_EMBED_EMBED_PEOPLE_HPP_

#include <string>

#include "caffe/embedder.hpp"
#include "evaluation/identification_protocol.hpp"
#include "evaluation/report.hpp"

namespace caffe {

// The images of a folder with one folder a person, or of a list; of these
// without those that cannot be read, where `skip_broken` says so.
EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         bool skip_broken, Embedder* embedder);

// Takes from the images of a gallery, or of probes, those that cannot be read.
void LeaveOutBroken(const Embedder& embedder, const std::string& source,
                    LabelledImages* images);

}  // namespace caffe

#endif  // TERCET_EMBED_EMBED_PEOPLE_HPP_
