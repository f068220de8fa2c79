// What evaluate finds out, before it is printed: the figures of one
// verification, of retrieval and of identification. NaN stands for a figure
// that there is not.
#ifndef TERCET_EVALUATION_REPORT_HPP_
#define TERCET_EVALUATION_REPORT_HPP_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "caffe/evaluation/bootstrap.hpp"
#include "caffe/evaluation/roc.hpp"
#include "caffe/evaluation/verification.hpp"

namespace caffe {

// A figure and its interval over people.
struct Figure {
  double value = NAN;
  metric::Interval interval = {NAN, NAN};
};

// TAR at a FAR of the judged pairs themselves.
struct TarAtFar {
  double far = 0;         // as asked for
  bool supported = true;  // by the number of impostor pairs; if not, no figure
  Figure tar;
  double reached_far = NAN, threshold = NAN;
};

// VAL and FAR where other pairs gave the threshold; the mean over the folds,
// and its standard error.
struct ValAtFar {
  double far = 0;  // the one that the threshold was taken at
  bool supported = true;
  double val = NAN, val_error = NAN, reached_far = NAN, threshold = NAN;
};

struct VerificationReport {
  int people = 0;  // 0: not known
  int64_t images = 0, genuine = 0, impostor = 0;
  int64_t skipped_pairs = 0;  // of a file, whose images are missing
  Figure auc, eer;
  double eer_threshold = NAN;
  // At thresholds that other people, or other pairs, gave; accuracy_threshold
  // is their mean. accuracy_error: the standard error over the folds.
  Figure accuracy;
  double accuracy_error = NAN, accuracy_threshold = NAN;
  int folds = 0;
  // Such as "the people of the other folds".
  std::string accuracy_threshold_source;
  std::string mean_source;  // whose mean was subtracted; empty: none was
  std::vector<TarAtFar> tar;
  std::vector<ValAtFar> val;
  // What is called the threshold everywhere: the one for one FAR over all
  // judged pairs, for use elsewhere. Nine digits tell it whole.
  TarAtFar calibrated;
  int replicates = 0;
  // For comparing: the draws of the bootstrap, and what the judged pairs are.
  std::vector<double> auc_draws, eer_draws;
  uint64_t seed = 0, pairs_hash = 0;
  // For the pictures.
  metric::RocCurve curve;
  std::vector<metric::ScoredPair> worst_genuine, worst_impostor;
};

// Each judged image against all others.
struct RetrievalReport {
  // With another image of the person, and without one.
  int64_t queries = 0, skipped = 0;
  std::vector<int64_t> ranks;
  std::vector<Figure> recall;  // at each of the ranks
  Figure precision_at_1, r_precision, map_at_r;
};

// A probe with the first of its answers.
struct RankedProbe {
  struct Answer {
    int image;  // of the gallery
    float distance;
    bool right;
  };
  int image;          // of the probes
  int64_t mate_rank;  // of the first right answer, from 1
  std::vector<Answer> answers;
};

// Gallery and probes.
struct IdentificationReport {
  int people = 0;  // of the probes that have a mate
  int64_t gallery = 0, probes = 0;  // images
  int64_t junk = 0;                 // images of label -1, which are no one's
  int64_t without_mate = 0;         // of the probes; they are in no figure
  bool cameras = false;
  std::vector<Figure> cmc;  // of the ranks from 1 on
  Figure map;               // the mean of AP as information retrieval has it
  Figure map_interpolated;  // the mean of AP by the trapezoid's rule
  std::vector<RankedProbe> worst;  // for a picture
  int replicates = 0;
};

// Embeddings with what is known of each row.
struct EmbeddingSet {
  std::vector<float> rows;  // size() x width
  int width = 0;
  std::vector<std::string> names;  // of the images: paths, or a list's words
  std::vector<int> labels;         // the person; empty where not known
  // The labels of people who have their place in the folds with a row or
  // without one; whoever has a row need not be among them.
  std::vector<int> people;
  int64_t size() const { return static_cast<int64_t>(names.size()); }
};

}  // namespace caffe

#endif  // TERCET_EVALUATION_REPORT_HPP_
