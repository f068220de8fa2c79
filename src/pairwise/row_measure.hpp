// The distances of prepared rows: products first, by blocks, and again from
// differences where these have lost their digits. What is looked for among the
// distances is left to others.
#ifndef TERCET_PAIRWISE_ROW_MEASURE_HPP_
#define TERCET_PAIRWISE_ROW_MEASURE_HPP_

#include <cstdint>
#include <vector>

#include "pairwise/row_blocks.hpp"
#include "pairwise/row_kernels.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

// The working memory of a thread.
template <typename T>
struct MeasureSlot {
  std::vector<T> block;  // some anchors' rows of a matrix of B columns
  std::vector<T> rows;   // some anchors' rows, side by side
};

// Distances of one row to the others, squared for kL2.
template <typename T>
class RowMeasure {
 public:
  explicit RowMeasure(const RowSet<T>& set);
  // slot->block(a - begin, j - from) = the product of the rows of anchor a and
  // of row j, for a of begin ... end-1 and j of from ... to-1.
  void Multiply(int64_t begin, int64_t end, int64_t from, int64_t to,
                MeasureSlot<T>* slot) const;
  // d_j, j of from ... to-1, from these products; 0 for i itself.
  void Finish(int64_t i, int64_t from, int64_t to, T* d) const;
  // The distance of rows i and j from their differences alone.
  T Direct(int64_t i, int64_t j) const;

 private:
  const RowSet<T>& set_;
  const RowKernels<T>& kernels_;
  T most_;                      // the largest of the squares
  std::vector<int32_t> zeros_;  // kCosine: the zero vectors
};

// Anchor a, which is row i of a set with labels, and its distances to all rows.
template <typename T>
struct Anchor {
  const RowSet<T>* set;
  int64_t a;
  int64_t i;
  RowRange group;  // its person's rows
  const T* d;      // or null

  int64_t positives() const { return group.end - group.begin - 1; }
  int64_t negatives() const { return set->B - (group.end - group.begin); }
};

template <typename T>
Anchor<T> AnchorOf(const RowSet<T>& set, int64_t a, const T* d) {
  const int64_t i = set.anchors[a];
  return Anchor<T>{&set, a, i, set.group[i], d};
}

// Calls body(begin, end) on the two ranges of negatives.
template <typename T, typename Body>
void ForNegatives(const Anchor<T>& anchor, const Body& body) {
  if (anchor.group.begin > 0) body(int64_t{0}, int64_t{anchor.group.begin});
  if (anchor.group.end < anchor.set->B) {
    body(int64_t{anchor.group.end}, anchor.set->B);
  }
}

// Calls body(slot, anchor) for each anchor of a set with labels, on several
// threads, of which none shares its slot: the number of one of *slots.
template <typename T, typename Body>
void ForEachMeasuredAnchor(const RowSet<T>& set,
                           std::vector<MeasureSlot<T>>* slots,
                           const Body& body) {
  const int64_t B = set.B;
  const RowKernels<T>& kernels = BestRowKernels<T>();
  const RowMeasure<T> measure(set);
  ForEachRowBlock(
      set.anchor_count(), B * set.D, slots->size(),
      [&](int64_t s, int64_t begin, int64_t end) {
        MeasureSlot<T>* const slot = &(*slots)[s];
        measure.Multiply(begin, end, 0, B, slot);
        for (int64_t a = begin; a < end; ++a) {
          T* const d = slot->block.data() + (a - begin) * B;
          measure.Finish(set.anchors[a], 0, B, d);
          if (set.distance == Distance::kL2) kernels.root(d, B);
          body(s, AnchorOf<T>(set, a, d));
        }
      });
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_MEASURE_HPP_
