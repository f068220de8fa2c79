// Verification by a file of pairs. From the embeddings of its images to the
// figures; what the file says is pairs_file.hpp's, what is printed is the
// tool's.
//
// AUC, EER and TAR@FAR are of all pairs together. Accuracy and VAL@FAR take
// their thresholds from other pairs than those that are judged, as LFW's view 2
// has it: each fold is judged at the threshold of the other folds, and the
// figure is the mean over the folds with its standard error, their standard
// deviation (n - 1) / sqrt(n). One set alone needs a threshold from elsewhere.
// Accuracy is plain: right pairs / pairs. VAL at a FAR is the TAR at the
// highest threshold whose FAR among the other folds is not above it (Schroff et
// al., "FaceNet", CVPR 2015, section 4).
#ifndef TERCET_EVALUATION_PAIRS_PROTOCOL_HPP_
#define TERCET_EVALUATION_PAIRS_PROTOCOL_HPP_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "evaluation/pairs_file.hpp"
#include "evaluation/report.hpp"

namespace caffe {

struct PairsProtocol {
  metric::Distance distance = metric::Distance::kSquaredL2;
  std::vector<double> fars;     // each in (0, 1)
  double calibrated_far = 1e-3;  // whose threshold is told
  // Of the intervals over people, which are there where it is known who is on
  // the images; 0: none.
  int replicates = 500;
  uint64_t seed = 1;
  int64_t worst = 24;  // how many of the worst pairs of each kind are told
  // Before distances are taken, the mean of other embeddings is subtracted: in
  // each fold that of the other folds' pairs, two rows of each pair. One set
  // gets the mean that is given.
  bool subtract_mean = false;
  std::vector<float> mean;
  // For one set; folds have their own. The source is told in the report.
  std::optional<double> threshold;
  std::string threshold_source;
};

// rows: of all images of `pairs`, images x width. A FAR that the impostor pairs
// (for VAL: those of the other folds) do not support has no figure. Error
// kInput, with the image, where one that is in a pair has a row that is not
// finite.
VerificationReport JudgePairs(const PairsProtocol& protocol,
                              const PairsFile& pairs,
                              const std::vector<float>& rows, int width);

// The mean of the rows of all pairs, two of each pair.
std::vector<float> MeanOfPairs(const PairsFile& pairs,
                               const std::vector<float>& rows, int width);

// The threshold of the highest plain accuracy over all of the pairs, for
// judging others.
double BestThresholdOfPairs(metric::Distance distance, const PairsFile& pairs,
                            const std::vector<float>& rows, int width);

}  // namespace caffe

#endif  // TERCET_EVALUATION_PAIRS_PROTOCOL_HPP_
