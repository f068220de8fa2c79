// What a loss over pairs of rows leaves for its gradient: dL/dd of each pair
// that counts, written anchor by anchor; and the gradient by the rows. The loss
// and the choice of pairs are left to others.
#ifndef TERCET_PAIRWISE_PAIR_SLOPES_HPP_
#define TERCET_PAIRWISE_PAIR_SLOPES_HPP_

#include <cstdint>
#include <vector>

#include "pairwise/row_blocks.hpp"
#include "pairwise/row_kernels.hpp"
#include "pairwise/row_measure.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// What multiplies the difference of two rows: dL/dd, for kL2 divided by d, or 0
// at distance 0.
template <typename T>
TERCET_HD inline T SlopeOfDifference(Distance distance, T slope, T d) {
  if (distance != Distance::kL2) return slope;
  return d == 0 ? T(0) : slope / d;
}

// The slopes of a set's pairs. Memory only grows.
template <typename T>
struct PairSlopes {
  int64_t B = 0;
  int64_t anchors = 0;
  // Few pairs: anchor a has count[a] edges from first[a] on. Edges name rows of
  // x; for kCosine rows of the set.
  std::vector<PairEdge<T>> edges;
  std::vector<int64_t> first;
  std::vector<int32_t> count;
  // Many: the slopes of all pairs, in panels, one for the columns of each
  // block of rows. A panel has a row of kBlockRows for each anchor, so that a
  // block of rows finds its columns, too, in one piece.
  bool dense = false;
  std::vector<T> panels;
  // For kL2 those of near-duplicates are edges all the same: they would drown
  // the others.
  std::vector<std::vector<PairEdge<T>>> near;
  // Working memory, of the threads and of PairGradient; who fills the slopes
  // has the use of it before.
  std::vector<MeasureSlot<T>> slots;
  std::vector<T> gradient;

  T* Panel(int64_t panel) {
    return panels.data() + panel * anchors * kBlockRows;
  }
  // The slope of anchor a's pair with row j.
  T* At(int64_t a, int64_t j) {
    const int64_t panel = RowBlockOf(B, j);
    return Panel(panel) + a * kBlockRows + j - RowBlockBegin(B, panel);
  }
};

// Takes the memory for the slopes of all pairs.
template <typename T>
void TakeAllSlopes(const RowSet<T>& set, PairSlopes<T>* slopes);

// The same for two pairs of each positive of an anchor, of which no more than
// `most` count: as edges, where these are few.
template <typename T>
void TakeSlopes(const RowSet<T>& set, int64_t most, PairSlopes<T>* slopes);

// Calls body(begin, end, to) for the parts of anchor a's row of slopes.
template <typename T, typename Body>
void ForPanels(int64_t a, PairSlopes<T>* slopes, const Body& body) {
  const int64_t B = slopes->B;
  for (int64_t panel = 0; panel < RowBlocks(B); ++panel) {
    body(RowBlockBegin(B, panel), RowBlockBegin(B, panel + 1),
         slopes->Panel(panel) + a * kBlockRows);
  }
}

// All of anchor a's slopes are 0.
template <typename T>
void ClearSlopes(int64_t a, PairSlopes<T>* slopes);

// Adds dL/dd of the anchor's pair with row j, whose distance is d.
template <typename T>
void AddSlope(const Anchor<T>& anchor, int64_t j, T slope, T d,
              PairSlopes<T>* slopes);

// Where all pairs have slopes: writes the anchor's, weights_j at its positives
// and -weights_j at its negatives.
template <typename T>
void WriteSlopes(const Anchor<T>& anchor, const T* weights,
                 PairSlopes<T>* slopes);

// After the last anchor: puts the edges of near-duplicates, if there are any,
// in the edges' place.
template <typename T>
void CollectNear(PairSlopes<T>* slopes);

// dx = scale * dL/dx, overwriting, of the rows behind the bank; x are the rows
// that the set was made of.
template <typename T>
void PairGradient(const RowSet<T>& set, const T* x, T scale,
                  PairSlopes<T>* slopes, T* dx);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_PAIR_SLOPES_HPP_
