// What the protocols of verification share: reading a report's figures off
// curves, folds' means, and intervals.
#ifndef TERCET_EVALUATION_FIGURES_HPP_
#define TERCET_EVALUATION_FIGURES_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "core/hasher.hpp"

#include "evaluation/report.hpp"

namespace caffe {

struct MeanAndError {
  double mean = NAN, error = NAN;
};

// The mean, and its standard error by the sample's standard deviation; of one
// value there is no error, of none no mean.
MeanAndError OverFolds(const std::vector<double>& values);

// Fills in what needs no threshold from elsewhere: pairs, AUC, EER, TAR at each
// FAR and the calibrated threshold, from report->curve. Error kInput where the
// curve has not pairs of both kinds.
void ReadCurve(const std::vector<double>& fars, double calibrated_far,
               VerificationReport* report);

// VAL of each fold at the threshold that the other folds reach the FAR with.
// Curves without pairs of both kinds are passed over, with their fold.
ValAtFar ValOverFolds(double far, const std::vector<metric::RocCurve>& own,
                      const std::vector<metric::RocCurve>& others);

// What tells judged pairs from others: their images, by folder and name, and
// who or what they are, in order.
class PairsHash {
 public:
  void Add(const std::string& image, int64_t about);
  uint64_t value() const { return hasher_.value(); }

 private:
  Hasher hasher_;
};

// The intervals of a report's figures. options: its fars are set here. person,
// group: of each row.
void AddIntervals(metric::BootstrapOptions options,
                  const metric::VerificationScores& scores,
                  const std::vector<int>& person, const std::vector<int>& group,
                  int people, VerificationReport* report);

}  // namespace caffe

#endif  // TERCET_EVALUATION_FIGURES_HPP_
