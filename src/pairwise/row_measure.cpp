// The distances that mining looks at.
#include <algorithm>

#include "caffe/util/math_functions.hpp"
#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

template <typename T>
RowMeasure<T>::RowMeasure(const MiningOptions& options, const T* x,
                          const MiningBatch<T>& batch)
    : cosine_(options.distance == Distance::kCosine),
      x_(x),
      batch_(batch),
      kernels_(BestMiningKernels<T>()),
      most_(*std::max_element(batch.squares.begin(), batch.squares.end())) {
  for (int32_t i = 0; cosine_ && i < batch.B; ++i) {
    if (batch.inverses[i] == 0) zeros_.push_back(i);
  }
}

template <typename T>
void RowMeasure<T>::Multiply(int64_t begin, int64_t end, int64_t from,
                             int64_t to, MiningSlot<T>* slot) const {
  const int64_t D = batch_.D;
  const size_t size = (end - begin) * (to - from);
  if (slot->block.size() < size) slot->block.resize(size);
  caffe_cpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(end - begin),
                 static_cast<int>(to - from), static_cast<int>(D),
                 cosine_ ? T(-1) : T(-2), AnchorRows(batch_, begin, end, slot),
                 batch_.rows.data() + from * D, T(0), slot->block.data());
}

template <typename T>
void RowMeasure<T>::Finish(int64_t i, int64_t from, int64_t to, T* d) const {
  const T* const squares = batch_.squares.data();
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
    if (batch_.inverses[i] == 0) std::fill_n(d, to - from, T(1));
    for (int32_t j : zeros_) {
      if (j >= from && j < to) d[j - from] = 1;
    }
  }
  if (own) d[i - from] = 0;
}

template <typename T>
T RowMeasure<T>::Direct(int64_t i, int64_t j) const {
  const T* const a = x_ + batch_.order[i] * batch_.D;
  const T* const b = x_ + batch_.order[j] * batch_.D;
  if (cosine_) return RowDistance(Distance::kCosine, a, b, batch_.D);
  return kernels_.squared(a, b, batch_.D);
}

template class RowMeasure<float>;
template class RowMeasure<double>;

}  // namespace metric
}  // namespace caffe
