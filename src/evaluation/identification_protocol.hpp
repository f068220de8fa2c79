// Identification: people of a gallery are to be found again for probes. Reads
// the two sets of images, and judges their embeddings; what rank and mAP are is
// evaluation/retrieval.hpp's.
#ifndef TERCET_EVALUATION_IDENTIFICATION_PROTOCOL_HPP_
#define TERCET_EVALUATION_IDENTIFICATION_PROTOCOL_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "caffe/evaluation/bootstrap.hpp"
#include "caffe/pairwise/distances.hpp"
#include "caffe/evaluation/retrieval.hpp"
#include "evaluation/report.hpp"

namespace caffe {

struct LabelledImages {
  std::vector<std::string> paths;
  std::vector<int> labels;   // one a path
  std::vector<int> cameras;  // one a path, or empty
  // The place of each among all that the list or folder names, `listed` of
  // them.
  std::vector<int64_t> places;
  int64_t listed = 0;
  // How many of these have label -1 (a folder: the name "-1"): detections that
  // show nobody, Market-1501's junk, which are neither right nor wrong.
  int64_t junk = 0;
};

struct GalleryAndProbes {
  LabelledImages gallery, probes;  // equal labels: one person
};

struct IdentificationLists {
  std::string gallery, probes;  // two folders of people, or two lists
  std::string root;             // of lists; empty: the folder of each list
  bool cameras = false;         // lines `path label camera`, else `path label`
  // Lists of embeddings: whether the images exist does not matter.
  bool on_disk = true;
};

// Of folders, people of one name are one person, and the images are sorted; of
// lists those of one label, and the images are in the lists' order. Error
// (kInput) with its place for what a folder or a list does wrong, for a folder
// beside a list, and for cameras of folders. Images of label -1 are passed over
// with a warning that counts them.
GalleryAndProbes ReadGalleryAndProbes(const IdentificationLists& lists);

// Of rows of all images that are listed, those of the images that are kept.
std::vector<float> KeepRows(const LabelledImages& images,
                            const std::vector<float>& rows, int width);

struct IdentificationProtocol {
  metric::Distance distance = metric::Distance::kSquaredL2;
  int64_t max_rank = 20;
  int replicates = 500;  // of the intervals over people; 0: none
  uint64_t seed = 1;
  // So many probes are told with their first answers: those whose first mate
  // comes last, of up to 200 that are taken regularly. 0: none.
  int64_t worst = 0;
};

// gallery and probes: rows of the images, each of `width` values. Errors are
// metric::Identify's.
IdentificationReport JudgeIdentification(const IdentificationProtocol& protocol,
                                         const GalleryAndProbes& images,
                                         const std::vector<float>& gallery,
                                         const std::vector<float>& probes,
                                         int width);

// The intervals over people of figures that are means over queries, one a
// column of the sums; the options' other fields than replicates, level and seed
// do not matter.
std::vector<metric::Interval> IntervalsOfMeans(
    const metric::BootstrapOptions& options, const metric::PersonSums& sums);

}  // namespace caffe

#endif  // TERCET_EVALUATION_IDENTIFICATION_PROTOCOL_HPP_
