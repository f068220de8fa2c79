// What a batch of embeddings looks like, for people who watch a training run
// and for the solver's doctor: lengths, spread, distances of pairs. Functions
// on pointers. What is made of the numbers is left to others.
//
// Embeddings are N x D, row-major; in the arrays of a list of parts (anchors,
// positives, negatives) together where a loss has them apart.
#ifndef CAFFE_LOSS_DIAGNOSTICS_HPP_
#define CAFFE_LOSS_DIAGNOSTICS_HPP_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

// How long some rows are and how far apart they lie.
struct RowMoments {
  double norm = 0;    // the mean of |x|
  double spread = 0;  // sqrt(mean of |x - mean of x|^2): the square root of the
                      // total variance; of unit rows 1 at most, 0 in one point
};

// Of parts.size() arrays of N x D.
template <typename T>
RowMoments MeasureRows(const std::vector<const T*>& parts, int64_t N,
                       int64_t D);

#ifdef TERCET_CUDA
constexpr size_t kMostRowParts = 3;
// The same on the device, where the parts (at most kMostRowParts) and `work`,
// MomentDoubles(...) values, lie; work[0] gets the norm, work[1] the spread.
int64_t MomentDoubles(int64_t parts, int64_t N, int64_t D);
template <typename T>
void MeasureRowsGpu(const std::vector<const T*>& parts, int64_t N, int64_t D,
                    double* work);
#endif

// How many triplets, or pairs, of a batch counted, and how many of these had
// h > 0, or where there is no hinge a loss above 0.
struct TupleCount {
  int64_t tuples = 0;
  int64_t active = 0;
  double ActiveShare() const {
    return tuples > 0
               ? static_cast<double>(active) / static_cast<double>(tuples)
               : 0;
  }
};

// A metric loss at one pass, as the solver's doctor looks at it.
struct BatchHealth {
  TupleCount count;
  bool hinged = false;  // whether all active means that nothing is solved
  bool soft = false;    // whether that hinge is log(1 + exp(h))
  // The mean over the tuples, whatever the normalization; where they have
  // weights, the weighted mean.
  double loss = NAN;
  // What that mean is where all rows are one point: the margin, or
  // log(1 + exp(margin)); NaN where it is not known.
  double collapsed_loss = NAN;
  // About how far two rows are from each other; NaN where it is not known.
  double typical_distance = NAN;
  RowMoments rows;
  int stage = 0;  // of a schedule: numbers of two stages do not compare
};

// The distance of two rows that are drawn at random, about: for squared L2 just
// its mean. NaN for kL1.
double TypicalDistance(Distance kind, const RowMoments& rows);

// Quantiles of distances: the least, 10 %, 50 %, 90 %, the greatest.
constexpr int kQuantiles = 5;
constexpr double kQuantileShares[kQuantiles] = {0, 0.1, 0.5, 0.9, 1};

struct DistanceSummary {
  int64_t count = 0;
  double mean = 0;  // 0 where there is none, and so the quantiles
  double quantile[kQuantiles] = {};
};

// Reorders the distances. A quantile between two of them is on the line that
// joins them.
DistanceSummary Summarise(std::vector<double>* distances);

// Two rows of a batch; -1 where there is no such pair.
struct RowPair {
  int64_t row = -1;
  int64_t other = -1;
  double distance = 0;
};

// All that is told about a batch.
struct BatchStatistics {
  TupleCount count;
  DistanceSummary positive;  // d(a, p): pairs of one person
  DistanceSummary negative;  // d(a, n): pairs of two
  RowPair farthest_positive;
  RowPair nearest_negative;
  RowMoments rows;
};

// Not more pairs than this are looked at: of larger batches each k-th row is
// held against all others.
constexpr int64_t kMostStatisticPairs = 4 << 20;

// Fills the four fields about pairs, for all pairs of N rows of x (N x D) with
// their labels.
template <typename T>
void DescribePairs(Distance kind, const T* x, const T* labels, int64_t N,
                   int64_t D, BatchStatistics* statistics);

// The statistics as numbers, for a blob: the share of active tuples, and how
// many there were; mean and quantiles of d(a, p), then those of
// d(a, n); mean norm, spread; the two rows of the farthest positive pair, then
// of the nearest negative pair.
constexpr int kStatisticsValues = 2 + 2 * (1 + kQuantiles) + 2 + 4;
template <typename T>
void StatisticsValues(const BatchStatistics& statistics, T* values);

// The same as a line of text:
//   d(a,p) 0.61 (0.1 0.35 0.6 0.92 1.31), d(a,n) 1.65 (...), 48 % of 1536
//   triplets active, norm 1, spread 0.89, farthest positive: rows 3 and 7,
//   nearest negative: rows 4 and 30
std::string StatisticsText(const BatchStatistics& statistics,
                           const std::string& tuples);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_DIAGNOSTICS_HPP_
