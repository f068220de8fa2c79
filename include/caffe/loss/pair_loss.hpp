// Losses over all pairs of B labelled embeddings: multibatch and lifted
// structure. Functions on pointers; reading options and blobs is left to the
// layers.
//
// x is B x D, labels has B values. Rows with equal labels are of one person;
// any finite numbers will do. The first `bank` rows are those of a memory bank,
// which get no gradient. d is a distance of distances.hpp (not kL1).
//
// The anchors a are the rows behind the bank, and their pairs (a, j) those
// with all other rows, the bank's included; so two anchors make two pairs. S
// are the pairs of one person, N those of two.
//
//   kMultibatch
//     L = w_S sum over S of max(0, d_aj - threshold + margin)
//       + w_N sum over N of max(0, threshold - d_aj + margin)
//     w_S = w_N = 1/(|S| + |N|); with `balance` w_S = 1/|S|, w_N = 1/|N|
//   kLifted
//     L = w sum over S of max(0, J_aj)^2 / 2,   w = 1/|S|
//     J_aj = log(sum over (a, k) of N of exp(margin - d_ak) +
//                sum over (j, l) of N of exp(margin - d_jl)) + d_aj
//
// and all weights are 1 without `mean`. Of a row j of the bank, (j, l) are its
// pairs with the anchors. A person alone has no N, and J = -infinity.
//
// The logarithm is that of sums relative to their greatest term, so that
// nothing overflows, and the terms of each row are summed once: J takes two
// numbers a pair. O(B^2 D) time; A B values of memory for A anchors, plus 128
// rows of B a thread.
//
// Tadmor et al.: Learning a metric embedding for face recognition using the
// multibatch method, arXiv 1605.07270, section 2. Song, Xiang, Jegelka,
// Savarese: Deep metric learning via lifted structured feature embedding, arXiv
// 1511.06452, equation 4.
#ifndef CAFFE_LOSS_PAIR_LOSS_HPP_
#define CAFFE_LOSS_PAIR_LOSS_HPP_

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

enum class PairLoss { kMultibatch, kLifted };

struct PairLossOptions {
  PairLoss loss = PairLoss::kMultibatch;
  Distance distance = Distance::kSquaredL2;  // not kL1
  double margin = 1;
  bool balance = false;  // kMultibatch
  bool mean = true;
};

// What one anchor adds, or all of them.
struct PairSums {
  double loss = 0;   // with its weights
  double plain = 0;  // without
  double pairs = 0;  // that count: S and N, or for kLifted S
  double active = 0;  // with a hinge, or J, above 0
  double slope = 0;  // dL/dthreshold
  double collapsed = 0;  // `plain` if all distances were 0
};
constexpr int kPairSums = 6;

// w_S and w_N for their numbers.
struct PairWeights {
  double same = 1;
  double different = 1;
};
TERCET_HD inline double InverseCount(double count) {
  return count > 0 ? 1 / count : 1.;
}
TERCET_HD inline PairWeights WeightsOf(const PairLossOptions& options,
                                       double same, double different) {
  if (!options.mean) return {1, 1};
  if (options.balance || options.loss == PairLoss::kLifted) {
    return {InverseCount(same), InverseCount(different)};
  }
  const double both = InverseCount(same + different);
  return {both, both};
}

// J of a pair and the derivative of J by each row's logarithm.
template <typename T>
struct LiftedPair {
  T value;
  T own;    // dJ/d(log of the anchor's sum)
  T other;  // dJ/d(log of the other row's)
};
// From the logarithms of the two rows' sums, of which that of the anchor is
// finite.
template <typename T>
TERCET_HD inline LiftedPair<T> LiftedOf(T own_log, T other_log, T d) {
  const T gap = other_log - own_log;
  const T small = std::exp(gap < 0 ? gap : -gap);  // 0 for -infinity
  const T share = 1 / (1 + small);
  const T log = (gap < 0 ? own_log : other_log) + std::log1p(small);
  return {log + d, gap < 0 ? share : small * share,
          gap < 0 ? small * share : share};
}

// max(0, J)^2 / 2 if all distances were 0, from the numbers of terms.
TERCET_HD inline double LiftedCollapsed(double margin, double terms,
                                        double other_terms) {
  const double J = margin + std::log(terms + other_terms);
  return J > 0 ? J * J / 2 : 0.;
}

template <typename T>
struct PairLossState;

// What Forward keeps for Backward, and its memory, which only grows. One
// object is for one thread at a time.
template <typename T>
class PairLossBatch {
 public:
  PairLossBatch();
  ~PairLossBatch();

  // Whether Forward notes the hinges' sides for each anchor, for KinkSides.
  void set_record(bool record);
  // Of the last Forward, an anchor each.
  const std::vector<std::vector<int>>& choices() const;

  PairLossState<T>* state() const { return state_.get(); }  // the loss's own

 private:
  std::unique_ptr<PairLossState<T>> state_;
};

// The loss, and what else there is in PairSums. The bits do not depend on the
// number of threads. *threshold is kMultibatch's. Throws Error(kInput) where an
// embedding or a label is not finite; the message names the row, counted from
// the first behind the bank.
template <typename T>
PairSums PairLossForward(const PairLossOptions& options, const T* threshold,
                         const T* x, const T* labels, int64_t bank, int64_t B,
                         int64_t D, PairLossBatch<T>* batch);

// dx = scale dL/dx, overwriting, of the batch that Forward saw last with this
// x; the rows behind the bank.
template <typename T>
void PairLossBackward(const PairLossOptions& options, const T* x, T scale,
                      PairLossBatch<T>* batch, T* dx);

#ifdef TERCET_CUDA
// The device memory of the GPU's passes.
template <typename T>
struct PairLossDevice {
  int* ints;     // PairLossInts(B)
  T* values;     // PairLossValues(B, D)
  double* sums;  // PairLossDoubles(B)
  T* distances;  // (B - bank) x B
  T* slopes;     // (B - bank) x B
  T* logs;       // 2 B
};
inline int64_t PairLossInts(int64_t B) { return 6 * B; }
inline int64_t PairLossValues(int64_t B, int64_t D) {
  return 2 * B * D + D + 2 * B;
}
// Of each anchor, of all, and |S|, |N| and whether all is finite.
inline int64_t PairLossDoubles(int64_t B) { return kPairSums * (B + 1) + 3; }

// The same on the device. False where a value of x or a label is not finite.
// Waits for the result.
template <typename T>
bool PairLossForwardGpu(const PairLossOptions& options, const T* threshold,
                        const T* x, const T* labels, int64_t bank, int64_t B,
                        int64_t D, const PairLossDevice<T>& device, T* loss,
                        PairSums* result);

// dx = *loss_diff dL/dx.
template <typename T>
void PairLossBackwardGpu(const PairLossOptions& options, const T* x,
                         const T* loss_diff, int64_t bank, int64_t B,
                         int64_t D, const PairLossDevice<T>& device, T* dx);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_PAIR_LOSS_HPP_
