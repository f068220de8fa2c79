// How far figures would move with other people of the same kind: the bootstrap
// over people. A person's images resemble each other, and each pair of people
// gives many pairs of images, so that intervals over pairs would be far too
// narrow.
//
// For a replicate, as many people are drawn as there are, with replacement. A
// genuine pair of a person who was drawn w times has weight w, an impostor pair
// of people drawn v and w times has v w; who was not drawn is not there. The
// interval holds the middle `level` of the replicates' figures (the percentile
// interval of Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
#ifndef CAFFE_EVALUATION_BOOTSTRAP_HPP_
#define CAFFE_EVALUATION_BOOTSTRAP_HPP_

#include <cstdint>
#include <vector>

#include "caffe/evaluation/verification.hpp"

namespace caffe {
namespace metric {

struct Interval {
  double low;
  double high;
};

struct BootstrapOptions {
  int replicates = 500;
  double level = 0.95;  // in (0, 1)
  uint64_t seed = 1;
  std::vector<double> fars;  // whose TAR is wanted
  // The thresholds at which the accuracy is wanted, one a group; NaN: none. The
  // accuracy is the mean over the groups that have one.
  std::vector<double> thresholds;
  bool balanced = true;  // the accuracy
};

struct VerificationIntervals {
  // Replicates in which both kinds of pairs were left.
  int replicates = 0;
  // NaN where no replicate has the figure.
  Interval auc, eer, accuracy;
  std::vector<Interval> tar;  // one a FAR
  // The figures of each draw, NaN where it has none. The same seed and number
  // of people draw the same people, so two nets may be compared draw by draw.
  std::vector<double> auc_draws, eer_draws;
};

// The middle `level` of the values that are not NaN.
Interval IntervalOf(std::vector<double> values, double level);

// From the samples of `scores`. person: the person of each row, 0 ... people-1;
// group: of each row, or null for all 0; the accuracy counts pairs within a
// group. O(replicates x sample) time on all threads, with the same result for
// any number of them, and memory of a curve of the sample a thread. Error
// kContract where a person or a group is out of range.
VerificationIntervals BootstrapVerification(const BootstrapOptions& options,
                                            const VerificationScores& scores,
                                            const int* person,
                                            const int* group, int people);

// The same for the mean of n values, each of which belongs to a person: such as
// the hits of queries.
Interval BootstrapMean(const BootstrapOptions& options,
                       const std::vector<double>& value, const int* person,
                       int people);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_EVALUATION_BOOTSTRAP_HPP_
