// Verification once more, for tests: each figure straight from its definition,
// by trying all pairs of pairs or all thresholds, in double.
#ifndef TERCET_TEST_EVALUATION_VERIFICATION_REFERENCE_HPP_
#define TERCET_TEST_EVALUATION_VERIFICATION_REFERENCE_HPP_

#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {

// A pair of rows i < j of groups a <= b.
struct PlainPair {
  double distance;
  bool genuine;
  double weight = 1;
  int i = 0, j = 0, a = 0, b = 0;
};

// The distance of two rows of D values, by its textbook formula in double.
double TextbookDistance(metric::Distance kind, const float* x, const float* y,
                        int D);

// All pairs of rows; groups may be empty.
std::vector<PlainPair> PlainPairs(metric::Distance kind,
                                  const std::vector<float>& x,
                                  const std::vector<int>& person,
                                  const std::vector<int>& group, int D);

// The weight of the pairs of a kind, and that of those not above a threshold.
double PlainWeight(const std::vector<PlainPair>& pairs, bool genuine);
double PlainAccepted(const std::vector<PlainPair>& pairs, bool genuine,
                     double threshold);

double PlainAuc(const std::vector<PlainPair>& pairs);
// The crossing of the curve's polyline with FAR = FRR, by bisection over it.
double PlainEer(const std::vector<PlainPair>& pairs);
double PlainAccuracy(const std::vector<PlainPair>& pairs, double threshold,
                     bool balanced);
// The lowest of the best thresholds among "nothing" (-1) and the distances,
// for pairs of weight 1.
double PlainBest(const std::vector<PlainPair>& pairs, bool balanced);
// The last of the same whose FAR is not above `far`.
double PlainLastWithin(const std::vector<PlainPair>& pairs, double far);
// Half way from one of the same to the next distance.
double PlainHalfWay(const std::vector<PlainPair>& pairs, double threshold);

}  // namespace caffe

#endif  // TERCET_TEST_EVALUATION_VERIFICATION_REFERENCE_HPP_
