// Verification: are two embeddings of one person? From embeddings and labels
// to the distances of all pairs, and from these to the usual figures. Where
// the embeddings come from, and which people a threshold is taken from, is
// left to the callers. Everything is exact, and ties have a defined meaning.
//
// A pair is genuine when its two labels are equal, else it is an impostor. At
// a threshold t a pair is accepted when its distance is <= t:
//
//   FAR(t) = accepted impostors / impostors
//   FRR(t) = refused genuine pairs / genuine pairs
#ifndef CAFFE_METRIC_VERIFICATION_HPP_
#define CAFFE_METRIC_VERIFICATION_HPP_

#include <cstdint>
#include <vector>

#include "caffe/metric/distances.hpp"

namespace caffe {
namespace metric {

// The distances of the genuine and of the impostor pairs, each in ascending
// order.
class PairScores {
 public:
  // Sorts. Error kInput where a distance is not a number.
  PairScores(std::vector<float> genuine, std::vector<float> impostor);

  const std::vector<float>& genuine() const { return genuine_; }
  const std::vector<float>& impostor() const { return impostor_; }
  // Error kInput where there is no pair of one of the kinds; the figures below
  // call it.
  void CheckBothKinds() const;

 private:
  std::vector<float> genuine_;
  std::vector<float> impostor_;
};

// No more pairs than this are taken into memory (4 bytes each).
constexpr int64_t kMaxPairs = 500 * 1000 * 1000;

// All n (n-1)/2 pairs of the rows of x (n x D), labels has n values. Error
// kInput where there are more than kMaxPairs.
PairScores AllPairScores(Distance kind, const float* x, const int* labels,
                         int64_t n, int64_t D);

// The probability that a genuine pair lies closer than an impostor pair, a tie
// counted as one half: the area under the ROC curve.
double RocAuc(const PairScores& scores);

// Where FAR = FRR. The points of the ROC curve, one for each distinct
// distance, are joined by straight lines, the threshold alike; so tied
// distances have one value, whatever their order.
struct EqualError {
  double rate;
  double threshold;
};
EqualError EqualErrorRate(const PairScores& scores);

// (accepted genuine + refused impostors) / all pairs.
double AccuracyAt(const PairScores& scores, double threshold);
// ((1 - FRR) + (1 - FAR)) / 2: both kinds count the same, however many pairs
// there are of each.
double BalancedAccuracyAt(const PairScores& scores, double threshold);

// The threshold of the highest accuracy (or balanced accuracy), half way to
// the next distance; the lowest one where several are as good.
double BestThreshold(const PairScores& scores, bool balanced);

// The share of the rows whose nearest other row has their label, over the rows
// whose label occurs twice or more. Where several are nearest, the share of
// them that has it. Error kInput where no label occurs twice.
double RecallAt1(Distance kind, const float* x, const int* labels, int64_t n,
                 int64_t D);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_METRIC_VERIFICATION_HPP_
