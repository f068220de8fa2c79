// The N-pair loss of B labelled embeddings: functions on pointers. Reading
// options and blobs is left to the layer.
//
// x is B x D, its rows behind the first `bank` are the batch. Rows with equal
// labels are of one person; any finite numbers will do. Of a pair (a, p) of one
// person with the keys K(a), rows of other people:
//
//   l(a,p) = log(1 + sum over n of K(a) of exp(x_a.x_n - x_a.x_p))
//   L      = w sum of l(a,p) + l2 / A sum over the batch of |x_i|^2
//
// w is 1 over the number of pairs, or 1 without `mean`; A is the number of rows
// of the batch. A pair without a key has loss 0 and is not counted.
//
//   disjoint    the paper's: the rows of a person in the batch are taken two at
//               a time, (first, second), (third, fourth), ...; a row that is
//               left over is in no pair. The keys of a are the p of other
//               people, and the bank's rows.
//   all         each a of the batch with each p; the keys are all rows.
//
// The sum over the keys is the same for all pairs of a row, and its logarithm
// M is taken relative to the greatest term: l = log(1 + exp(M - x_a.x_p))
// without overflow. With q its derivative by M, dL/d(x_a.x_p) = -w q and
// dL/d(x_a.x_n) = w q exp(x_a.x_n - M).
//
// One product of A x B x D forward and one backward; A B values of memory.
//
// Sohn: Improved deep metric learning with multi-class N-pair loss objective,
// NIPS 2016, section 3.2.
#ifndef CAFFE_LOSS_N_PAIR_HPP_
#define CAFFE_LOSS_N_PAIR_HPP_

#include <cmath>
#include <cstdint>
#include <vector>

#include "caffe/host_device.hpp"

namespace caffe {
namespace metric {

struct NPairOptions {
  bool disjoint = true;
  bool mean = true;
  double l2 = 0;
};

// What one row adds, or all of them.
struct NPairSums {
  double loss = 0;       // sum of l
  double pairs = 0;      // with a key
  double active = 0;     // of these, those with M above x_a.x_p
  double collapsed = 0;  // sum of l if all rows were equal
  double squares = 0;    // sum of |x_i|^2
};
constexpr int kNPairSums = 5;

// The factors of the two sums of L.
TERCET_HD inline double NPairWeight(const NPairOptions& options,
                                    double pairs) {
  return options.mean && pairs > 0 ? 1 / pairs : 1.;
}
TERCET_HD inline double NPairLoss(const NPairOptions& options,
                                  const NPairSums& sums, double rows) {
  return NPairWeight(options, sums.pairs) * sums.loss +
         (rows > 0 ? options.l2 / rows * sums.squares : 0.);
}

// What Forward keeps for Backward, and its memory, which only grows.
template <typename T>
struct NPairBatch {
  std::vector<T> slopes;  // A x B: dL/d of each pair's product, without w
  std::vector<int32_t> partner;  // of each row of the batch, or -1
  std::vector<char> key;         // of each row
  std::vector<NPairSums> sums;   // of each row of the batch
};

// The sums of L. The bits do not depend on the number of threads. Throws
// Error(kInput) where an embedding or a label is not finite; the message names
// the row, counted from the first of the batch.
template <typename T>
NPairSums NPairForward(const NPairOptions& options, const T* x,
                       const T* labels, int64_t bank, int64_t B, int64_t D,
                       NPairBatch<T>* batch);

// dx = scale dL/dx, overwriting, of the batch that Forward saw last with this x
// and with these sums: A x D.
template <typename T>
void NPairBackward(const NPairOptions& options, const NPairSums& sums,
                   const T* x, T scale, int64_t bank, int64_t B, int64_t D,
                   NPairBatch<T>* batch, T* dx);

#ifdef TERCET_CUDA
// The device memory of the GPU's passes.
template <typename T>
struct NPairDevice {
  T* slopes;     // A x B
  int* ints;     // NPairInts(B)
  double* sums;  // NPairDoubles(B)
};
inline int64_t NPairInts(int64_t B) { return 2 * B; }
inline int64_t NPairDoubles(int64_t B) { return kNPairSums * (B + 1) + 1; }

// The same on the device; *loss gets L. False where a value of x or a label is
// not finite. Waits for the result.
template <typename T>
bool NPairForwardGpu(const NPairOptions& options, const T* x, const T* labels,
                     int64_t bank, int64_t B, int64_t D,
                     const NPairDevice<T>& device, T* loss,
                     NPairSums* result);

// dx = *loss_diff dL/dx.
template <typename T>
void NPairBackwardGpu(const NPairOptions& options, const NPairSums& sums,
                      const T* x, const T* loss_diff, int64_t bank, int64_t B,
                      int64_t D, const NPairDevice<T>& device, T* dx);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_N_PAIR_HPP_
