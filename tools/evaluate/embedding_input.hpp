// Embeddings with what is known of their rows, from images and a net or from an
// array and a list.
#ifndef TERCET_TOOLS_EVALUATE_EMBEDDING_INPUT_HPP_
#define TERCET_TOOLS_EVALUATE_EMBEDDING_INPUT_HPP_

#include <string>
#include <vector>

#include "tools/common/embedder.hpp"
#include "tools/evaluate/report.hpp"

namespace caffe {

// The rows of an array of rank 2, float32 or float64, and its width. Error
// kInput, with the file, for another rank, another type, and nothing in it.
std::vector<float> ReadRows(const std::string& npy, int* width);

// An array, and the image and person of each row: lines `path label` of a list,
// or a folder, whose images are taken in the order of tools/extract. The images
// of a list need not exist. labelled: the list has lines `path` where it is
// false. Error kInput with its place; also where the list is longer or shorter
// than the array.
EmbeddingSet ReadEmbeddings(const std::string& npy, const std::string& list,
                            bool labelled);

// The images of a folder with one folder a person, or of a list.
EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         Embedder* embedder);

// Which of the people and images of `set` also stand in a list that a net was
// trained with: a folder of people, or lines `path label`.
struct Overlap {
  int people = 0;     // whose name, the folder of an image, stands there
  int64_t images = 0;  // whose folder and name stand there
  std::vector<std::string> names;  // of the first of these people
};
Overlap FindOverlap(const std::vector<std::string>& images,
                    const std::string& train_list, const std::string& root);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_EMBEDDING_INPUT_HPP_
