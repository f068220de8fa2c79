// Verification: are two embeddings of one person? From embeddings to the
// distances of their pairs, all of them or those of a list, in memory that does
// not grow with the pairs. The figures are roc.hpp's, their intervals
// bootstrap.hpp's.
#ifndef CAFFE_EVALUATION_VERIFICATION_HPP_
#define CAFFE_EVALUATION_VERIFICATION_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "caffe/evaluation/roc.hpp"

namespace caffe {
namespace metric {

// A pair of rows with its distance. weight: how many pairs it stands for.
struct ScoredPair {
  float distance;
  int32_t i, j;
  float weight;
};

// A pair of a list: two rows, whether they are of one person, and its group.
struct ListedPair {
  int32_t i, j;
  bool genuine;
  int group;
};

struct VerificationOptions {
  Distance distance = Distance::kSquaredL2;
  // The groups that pairs are told apart by, such as folds: 0 ... groups-1.
  int groups = 1;
  // Only pairs within this group are sampled, and looked at for the worst; -1:
  // all pairs.
  int judged = -1;
  // Up to so many pairs (4 bytes each, and 24 a point of the curve) each
  // distance has a point of its own; beyond them, those that agree in their
  // first 20 binary digits share one, whose threshold is their largest.
  int64_t exact_pairs = int64_t{1} << 24;
  // The sample that an interval is made of: up to so many genuine pairs, and
  // the same number of impostors twice, the nearest and some of all.
  int64_t sampled_pairs = int64_t{1} << 19;
  // How many of the worst pairs of each kind are remembered.
  int64_t worst = 24;
};

class ScoreTable;

// What is known of the pairs once they have been looked at.
class VerificationScores {
 public:
  VerificationScores();
  VerificationScores(VerificationScores&&) noexcept;
  VerificationScores& operator=(VerificationScores&&) noexcept;
  ~VerificationScores();

  // The curve of the pairs whose two rows are of wanted groups, a <= b; without
  // an argument, of all pairs.
  RocCurve Curve(const std::function<bool(int a, int b)>& wanted) const;
  RocCurve Curve() const;

  // The judged pairs, or a sample of them, in ascending order of distance.
  std::vector<ScoredPair> genuine_sample, impostor_sample;
  // The judged pairs that mislead most: of one person and far apart, the
  // farthest first; of two people and near, the nearest first.
  std::vector<ScoredPair> worst_genuine, worst_impostor;

 private:
  friend class PairScan;
  std::unique_ptr<ScoreTable> table_;
};

// All n (n-1)/2 pairs of the rows of x, n x D. person: n numbers, equal for one
// person, who may be in several groups; group: n numbers, 0 to groups-1, or null
// for all 0. On all threads, with the same result for any number of them; the
// memory is of the order of n D + 10^8 bytes, more by a few 10^7 for each pair
// of groups. Error kInput where a row is not finite, or too long for its square;
// the message names the row.
VerificationScores ScoreAllPairs(const VerificationOptions& options,
                                 const float* x, const int* person,
                                 const int* group, int64_t n, int64_t D);

// The pairs of a list. The sample keeps no person's pairs together: all of the
// list up to sampled_pairs. Errors as above, and kContract for a row that does
// not exist.
VerificationScores ScoreListedPairs(const VerificationOptions& options,
                                    const float* x,
                                    const std::vector<ListedPair>& pairs,
                                    int64_t n, int64_t D);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_EVALUATION_VERIFICATION_HPP_
