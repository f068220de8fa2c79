// Mining in the batch once more, for tests: in double, over all B^3 triplets,
// as plainly as possible.
#ifndef TERCET_TEST_MINING_MINING_REFERENCE_HPP_
#define TERCET_TEST_MINING_MINING_REFERENCE_HPP_

#include <cstdint>
#include <vector>

#include "caffe/mining/mining.hpp"

namespace caffe {

struct MinedTriplet {
  int a, p, n;  // rows of x
};

struct MiningReference {
  double loss = 0;  // factor times the sum
  double factor = 0;
  int64_t active = 0;
  std::vector<MinedTriplet> triplets;
  std::vector<double> gradient;  // of the sum times the factor; (B - bank) x D
  // Whether rounding could have decided otherwise: two rows nearly equally
  // far, a triplet nearly at the hinge's edge.
  bool ambiguous = false;
  bool ambiguous_active = false;  // the count alone, with a soft hinge
};

// x is B x D; its first `bank` rows are no anchors, and their gradient, which
// is left out, is 0. Distances that differ by less than `tolerance` are
// ambiguous; at 0 even equal ones are not. kDistanceWeighted and kRandom take
// `drawn`.
MiningReference MineByHand(const metric::MiningOptions& options,
                           const std::vector<double>& x,
                           const std::vector<double>& labels, int bank, int D,
                           double tolerance,
                           const std::vector<MinedTriplet>& drawn = {});

// The rows in the order in which the first of equals wins.
std::vector<int> MiningOrder(const std::vector<double>& labels);

}  // namespace caffe

#endif  // TERCET_TEST_MINING_MINING_REFERENCE_HPP_
