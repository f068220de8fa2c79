// The distances of prepared rows on the CPU.
#include "pairwise/row_measure.hpp"

#include <algorithm>
#include <limits>

#include "caffe/util/math_functions.hpp"

namespace caffe {
namespace metric {

namespace {

// The rows of some anchors, side by side, and where they are.
template <typename T>
const T* AnchorRows(const RowSet<T>& set, int64_t begin, int64_t end,
                    MeasureSlot<T>* slot) {
  const int64_t D = set.D;
  if (set.bank == 0) return set.rows.data() + begin * D;
  slot->rows.resize((end - begin) * D);
  for (int64_t a = begin; a < end; ++a) {
    std::copy_n(set.rows.data() + set.anchors[a] * D, D,
                slot->rows.data() + (a - begin) * D);
  }
  return slot->rows.data();
}

}  // namespace

template <typename T>
RowMeasure<T>::RowMeasure(const RowSet<T>& set)
    : set_(set),
      kernels_(BestRowKernels<T>()),
      most_(*std::max_element(set.squares.begin(), set.squares.end())) {
  for (int32_t i = 0; set.cosine() && i < set.B; ++i) {
    if (set.inverses[i] == 0) zeros_.push_back(i);
  }
}

template <typename T>
void RowMeasure<T>::Multiply(int64_t begin, int64_t end, int64_t from,
                             int64_t to, MeasureSlot<T>* slot) const {
  const int64_t D = set_.D;
  const size_t size = (end - begin) * (to - from);
  if (slot->block.size() < size) slot->block.resize(size);
  caffe_cpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(end - begin),
                 static_cast<int>(to - from), static_cast<int>(D),
                 set_.cosine() ? T(-1) : T(-2),
                 AnchorRows(set_, begin, end, slot),
                 set_.rows.data() + from * D, T(0), slot->block.data());
}

template <typename T>
void RowMeasure<T>::Finish(int64_t i, int64_t from, int64_t to, T* d) const {
  const T* const squares = set_.squares.data();
  const bool own = i >= from && i < to;
  if (own) d[i - from] = std::numeric_limits<T>::max() / 2;
  const T least =
      kernels_.distances(d, squares + from, squares[i], to - from);
  if (least < kNearShare<T> * (squares[i] + most_)) {
    for (int64_t j = from; j < to; ++j) {
      if (d[j - from] < kNearShare<T> * (squares[i] + squares[j])) {
        d[j - from] = Direct(i, j);
      }
    }
  }
  if (!zeros_.empty()) {
    if (set_.inverses[i] == 0) std::fill_n(d, to - from, T(1));
    for (int32_t j : zeros_) {
      if (j >= from && j < to) d[j - from] = 1;
    }
  }
  if (own) d[i - from] = 0;
}

template <typename T>
T RowMeasure<T>::Direct(int64_t i, int64_t j) const {
  const T* const a = set_.x + set_.order[i] * set_.D;
  const T* const b = set_.x + set_.order[j] * set_.D;
  if (set_.cosine()) return RowDistance(Distance::kCosine, a, b, set_.D);
  return kernels_.squared(a, b, set_.D);
}

template class RowMeasure<float>;
template class RowMeasure<double>;

}  // namespace metric
}  // namespace caffe
