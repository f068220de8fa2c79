// Embeddings with what is known of their rows, from an array and a list; and
// which of the images judged a net was trained with. Embeddings of images are
// embed_people.hpp's.
#ifndef TERCET_EVALUATION_EMBEDDING_INPUT_HPP_
#define TERCET_EVALUATION_EMBEDDING_INPUT_HPP_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "evaluation/report.hpp"

namespace caffe {

// The rows of an array of rank 2, float32 or float64, and its width. Error
// kInput, with the file, for another rank, another type, and nothing in it.
std::vector<float> ReadRows(const std::string& npy, int* width);

// An array, and the image and person of each row: lines `path label` of a list,
// or a folder, whose images are taken in the order of extract. The images
// of a list need not exist. labelled: the list has lines `path` where it is
// false. Error kInput with its place; also where the list is longer or shorter
// than the array.
EmbeddingSet ReadEmbeddings(const std::string& npy, const std::string& list,
                            bool labelled);

// The images that a net was trained with. People are known by the names of
// their folders; a folder whose images have several labels is nobody's.
struct TrainingImages {
  std::set<std::string> people;
  std::set<std::string> pictures;  // the folder and the name of each
};
// Of a folder of people, or of lines `path label` or `path`. No image is looked
// at. Error kInput, with its place, for a list that cannot be read.
TrainingImages ReadTrainingImages(const std::string& list,
                                  const std::string& root);

// Which of the images that are judged, and of their people, were trained on.
struct Overlap {
  int people = 0;
  int64_t images = 0;
  std::vector<std::string> names;  // of the first of them: folders, or images
};
// An image was, where one of its folder and name was; a person, where one of
// his images was, or the net was trained on one of his folder's name. labels:
// of each image, or empty where it is not known who is on them; then each
// folder is taken for a person.
Overlap FindOverlap(const std::vector<std::string>& images,
                    const std::vector<int>& labels,
                    const TrainingImages& training);

}  // namespace caffe

#endif  // TERCET_EVALUATION_EMBEDDING_INPUT_HPP_
