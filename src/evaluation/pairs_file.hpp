// Files of pairs that a verification is judged by, in one of two formats, told
// apart by the first line.
//
// LFW's (Huang et al., "Labeled Faces in the Wild", 2007; pairs.txt,
// pairsDevTrain.txt, pairsDevTest.txt): the first line has the number of folds
// and that of the pairs of each kind in a fold, or the latter alone for one
// set. For each fold follow so many genuine pairs `name number number`, then as
// many impostor pairs `name number name number`.
//
// `path path 0|1`: 1 for a pair of one person; one set.
//
// Words stand between tabs, or where a line has none, between blanks.
#ifndef TERCET_EVALUATION_PAIRS_FILE_HPP_
#define TERCET_EVALUATION_PAIRS_FILE_HPP_

#include <string>
#include <vector>

#include "caffe/evaluation/verification.hpp"
#include "evaluation/image_finder.hpp"

namespace caffe {

struct PairsFile {
  std::string file;
  // Of all images that the finder has now; pairs name their places, which are
  // the rows of the embeddings. The group of a pair is its fold.
  std::vector<std::string> images;
  std::vector<metric::ListedPair> pairs;
  int folds = 1;
  // The person of each image, 0 ... people-1, or -1 for an image that is in no
  // pair; empty where it is not known who is on the images, and then why.
  std::vector<int> person;
  int people = 0;
  std::string why_unknown;
  int64_t skipped = 0;  // pairs whose images are missing
};

// Who is on the images is told by the names in LFW's format, and else by
// `labels`, one an image of the finder, or where these are empty by the folders
// that the images lie in, if they agree with all pairs.
//
// Error(kInput), one line `FILE:LINE: ...`, for a header or a line that does
// not fit the format, another number of lines than the header says, a genuine
// pair where an impostor is due or the other way round, an image that the
// finder lacks, a label but 0 and 1, and where there are no pairs of one kind.
// skip_missing: pairs of which the finder lacks an image are left out, with one
// warning that counts them; it is an error where a fold has no pair of a kind
// left.
PairsFile ReadPairsFile(const std::string& file, ImageFinder* finder,
                        const std::vector<int>& labels = {},
                        bool skip_missing = false);

}  // namespace caffe

#endif  // TERCET_EVALUATION_PAIRS_FILE_HPP_
