// Mining in the batch: which triplets of B labelled embeddings count, their
// loss, and its gradient; functions on pointers for the CPU. Reading options
// and blobs is left to the layer.
//
// x is B x D, labels has B values. Rows with equal labels are of one person;
// any finite numbers will do. Of an anchor a, the positives p are the other
// rows of its person and the negatives n are the rows of all others. Every row
// is an anchor, but for the first `bank` ones where there is a memory bank:
// these were embedded at earlier iterations, are positives and negatives alone,
// and get no gradient. d is a distance of distances.hpp (not kL1). Which
// triplets (a, p, n) count:
//
//   kBatchAll          each of them
//   kBatchHard         one an anchor: the farthest positive and the nearest
//                      negative
//   kSemiHard          one a pair (a, p): the nearest of the negatives that are
//                      farther than p; where none is, the farthest negative
//   kDistanceWeighted  one a pair: a negative that is drawn with a chance in
//                      proportion to 1/q(d), see below
//   kRandom            one a pair: a negative that is drawn evenly
//
// and their loss:
//
//   h = d(a, p) - d(a, n) + margin
//   L = factor sum hinge(h),   hinge(h) = max(0, h) or log(1 + exp(h))
//   factor = 1 (kNone), 1/T (kFull, kBatchSize), 1/max(1, #{loss > 0}) (kValid)
//
// with T the number of triplets that count. A batch without any has loss 0.
// Equal distances, as they were computed: the row that comes first wins, in the
// order of the people's first rows, then of rows. (Those of two equal rows may
// differ in the last bit, by where the rows lie in a tile of the product.)
//
// q is the density of the distances between even points on the unit sphere,
// log q(d) = (D - 2) log d + (D - 3)/2 log(1 - d^2/4), of d = |x - y| (for
// kCosine of the unit vectors). Below `cutoff` d counts as `cutoff`; negatives
// beyond `limit` are drawn only where all are, evenly.
//
// Distances come from one matrix product, X Xt, of centred rows. Those that
// are so small that the product may have lost their digits are computed again
// from differences. kBatchAll with a hard hinge takes O(B^2 (D + log B)) time:
// of an anchor, each negative finds by a binary search how many positives lie
// above it, w_n = #{p: d(a,p) + margin > d(a,n)}, and with
// k_p = #{n: d(a,n) < d(a,p) + margin}
//
//   sum max(0, h) = sum_p k_p (d(a,p) + margin) - sum_n w_n d(a,n) ,
//
// in which k_p and -w_n are the gradient by the distances. With a soft hinge
// it is O(B^2 (D + K)) for K rows a person. Memory: B^2 values where all pairs
// count, else the size of the pairs that do; plus 128 rows of B a thread. With
// a bank and A anchors, each B^2 here is A B.
//
// Schroff et al., arXiv 1503.03832 (semi-hard); Hermans et al., arXiv
// 1703.07737 (all, hard); Wu et al., arXiv 1706.07567 (distance weighted); Wang
// et al., arXiv 1912.06798 (memory bank).
#ifndef CAFFE_MINING_MINING_HPP_
#define CAFFE_MINING_MINING_HPP_

#include <cstdint>
#include <memory>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "caffe/loss/triplet.hpp"

namespace caffe {
namespace metric {

// The values are those of BatchTripletLossParameter.Mining.
enum class Mining {
  kBatchAll = 0,
  kBatchHard = 1,
  kSemiHard = 2,
  kDistanceWeighted = 3,
  kRandom = 4
};

struct MiningOptions {
  Mining mining = Mining::kBatchHard;
  Distance distance = Distance::kSquaredL2;
  Hinge hinge = Hinge::kHard;
  double margin = 1;
  Normalization normalization = Normalization::kNone;
  double cutoff = 0.5;  // of kDistanceWeighted
  double limit = 1.4;
};

struct MiningResult {
  double loss = 0;
  double factor = 0;     // what the sum was multiplied by
  int64_t triplets = 0;  // T
  int64_t active = 0;    // of these, with h > 0
};

// What the sum of the losses is multiplied by.
TERCET_HD inline double MiningFactor(const MiningOptions& options,
                                     int64_t triplets, int64_t active) {
  if (options.normalization == Normalization::kNone) return 1;
  const bool valid = options.normalization == Normalization::kValid &&
                     options.hinge == Hinge::kHard;
  const int64_t count = valid ? active : triplets;
  return 1. / static_cast<double>(count > 0 ? count : 1);
}

template <typename T>
struct MiningState;

// What Forward keeps for Backward, and its memory, which only grows. One
// object is for one thread at a time.
template <typename T>
class MiningBatch {
 public:
  MiningBatch();
  ~MiningBatch();

  // Whether Forward notes the choices made for each anchor, for KinkSides.
  void set_record(bool record);
  // Of the last Forward, an anchor each.
  const std::vector<std::vector<int>>& choices() const;

  MiningState<T>* state() const { return state_.get(); }  // mining's own

 private:
  std::unique_ptr<MiningState<T>> state_;
};

// The loss. `draw` decides what kDistanceWeighted and kRandom draw: the same
// number, the same triplets. The bits do not depend on the number of threads.
// Throws Error(kInput) where an embedding or a label is not finite; the message
// names the row, counted from the first behind the bank.
template <typename T>
MiningResult MiningForward(const MiningOptions& options, const T* x,
                           const T* labels, int64_t bank, int64_t B, int64_t D,
                           uint64_t draw, MiningBatch<T>* batch);

// dx = scale * d(sum hinge)/dx, overwriting, of the batch that Forward saw last
// with this x; the rows behind the bank, (B - bank) x D.
template <typename T>
void MiningBackward(const MiningOptions& options, const T* x, T scale,
                    MiningBatch<T>* batch, T* dx);

#ifdef TERCET_CUDA
// Where the GPU's passes keep what they need from Forward to Backward: device
// memory of these sizes.
template <typename T>
struct MiningDevice {
  int* ints;     // MiningInts(B)
  T* values;     // MiningValues(B, D)
  double* sums;  // MiningSums(B)
  T* distances;  // (B - bank) x B
  T* slopes;     // (B - bank) x B; null for kBatchHard
};
inline int64_t MiningInts(int64_t B) { return 8 * B; }
inline int64_t MiningValues(int64_t B, int64_t D) {
  return 2 * B * D + D + 4 * B;
}
constexpr int kMiningSums = 5;
inline int64_t MiningSums(int64_t B) { return 3 * B + kMiningSums; }

// The same on the device, with x, labels, loss and loss_diff there. It takes
// O(B^2 (D + K)) for K rows a person, whatever the mining. False where a value
// of x or a label is not finite: MiningForward says which. Waits for the
// result.
template <typename T>
bool MiningForwardGpu(const MiningOptions& options, const T* x,
                      const T* labels, int64_t bank, int64_t B, int64_t D,
                      uint64_t draw, const MiningDevice<T>& device, T* loss,
                      MiningResult* result);

// dx = factor * *loss_diff * d(sum hinge)/dx.
template <typename T>
void MiningBackwardGpu(const MiningOptions& options, const T* x, double factor,
                       const T* loss_diff, int64_t bank, int64_t B, int64_t D,
                       const MiningDevice<T>& device, T* dx);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_MINING_MINING_HPP_
