// How a negative is drawn, on the CPU and on the device: where those of an
// anchor stand, and their chances.
#ifndef TERCET_MINING_NEGATIVES_HPP_
#define TERCET_MINING_NEGATIVES_HPP_

#include <cmath>
#include <cstdint>

#include "caffe/mining/mining.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// A random number in [0, 1) for the pair of rows (i, p): number i * B + p.
TERCET_HD inline double PairUniform(uint64_t draw, int64_t pair) {
  const PhiloxBlock block = PhiloxAt(draw, pair);
  const uint64_t bits = static_cast<uint64_t>(block.v[0]) << 32 | block.v[1];
  return (bits >> 11) * (1.0 / 9007199254740992.0);
}

// The place of negative t of an anchor whose person has the rows `group`.
TERCET_HD inline int64_t NegativeAt(const RowRange& group, int64_t t) {
  return t < group.begin ? t : t + group.end - group.begin;
}

// The logarithm of a negative's chance to be drawn by kDistanceWeighted, at
// distance d of D-dimensional rows; -infinity beyond the limit.
TERCET_HD inline double LogChance(const MiningOptions& options, double d,
                                  double D) {
  constexpr double kLeast = 1e-8;  // of 1 - d^2/4, at the far end
  if (options.distance == Distance::kCosine) d = std::sqrt(2 * d);
  if (options.distance == Distance::kSquaredL2) d = std::sqrt(d);
  if (d > options.limit) return -HUGE_VAL;
  if (d < options.cutoff) d = options.cutoff;
  const double rest = 1 - d * d / 4;
  return (2 - D) * std::log(d) -
         (D - 3) / 2 * std::log(rest > kLeast ? rest : kLeast);
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_NEGATIVES_HPP_
