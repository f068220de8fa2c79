// Rows made ready for the distances of their pairs: in order, where they have
// labels, and without their common offset, which costs a product its digits.
// The distances are row_measure.hpp's.
#ifndef TERCET_PAIRWISE_ROW_SET_HPP_
#define TERCET_PAIRWISE_ROW_SET_HPP_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

// The rows begin ... end-1.
struct RowRange {
  int32_t begin;
  int32_t end;
};

// B rows of D values. Memory only grows; one object is for one thread at a
// time.
template <typename T>
struct RowSet {
  Distance distance = Distance::kSquaredL2;  // not kL1
  int64_t B = 0;
  int64_t D = 0;
  int64_t bank = 0;
  const T* x = nullptr;  // the rows as they were given, which must outlive this
  // Row i here is row order[i] of x. With labels: people in the order of their
  // first rows, the rows of a person together.
  std::vector<int32_t> order;
  // With labels, of each row i: its person's rows.
  std::vector<RowRange> group;
  // The rows i that are anchors: without a bank all in a row, else in the order
  // of x. What is said of an anchor elsewhere is at its place among these.
  std::vector<int32_t> anchors;
  // B x D, without their common offset; for kCosine of the unit vectors.
  std::vector<T> rows;
  std::vector<T> squares;   // |rows_i|^2; for kCosine half of it
  std::vector<T> inverses;  // kCosine: 1/|x|, 0 for a zero vector

  bool cosine() const { return distance == Distance::kCosine; }
  int64_t anchor_count() const {
    return static_cast<int64_t>(anchors.size());
  }
};

// The squared length that a row may not reach.
template <typename T>
constexpr T kMostSquare = std::numeric_limits<T>::max() / 16;

// A distance from the product of rows is computed again from differences where
// it is below this share of |x|^2 + |y|^2: the product's error is a few
// roundings of that sum, so what is kept is right to about 1e-3.
template <typename T>
constexpr T kNearShare = sizeof(T) == sizeof(float) ? T(4096 * 1.1920929e-7)
                                                    : T(4096 * 2.220446e-16);

// Error kInput: the label of a row is not finite.
template <typename T>
void CheckLabel(T label, int64_t row);

// Error kInput: names the row of x that holds a number that is not finite, or
// the longest one, counted from the first behind the bank. `what` they are.
template <typename T>
[[noreturn]] void FailRows(const T* x, int64_t bank, int64_t B, int64_t D,
                           const char* what = "the embeddings");

// A row of D values, and what it is called in messages.
template <typename T>
struct NamedRow {
  std::string name;
  const T* x;
};

// Error kInput, Error::NotFinite: row i of two matrices, a and b, whose
// distance is not finite. Names what is not, or how long the two are.
template <typename T>
[[noreturn]] void FailRowPair(const NamedRow<T>& a, const NamedRow<T>& b,
                              int64_t i, int64_t D);

// Centres the rows of x; each is an anchor. Where not all is finite, Error
// kInput names the row.
template <typename T>
void PrepareRows(Distance distance, const T* x, int64_t B, int64_t D,
                 RowSet<T>* set);

// The same of rows with labels, any finite numbers: puts them in order. The
// first `bank` ones are no anchors.
template <typename T>
void PrepareLabelledRows(Distance distance, const T* x, const T* labels,
                         int64_t bank, int64_t B, int64_t D, RowSet<T>* set);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_SET_HPP_
