// The search for semi-hard negatives on the CPU.
#include "mining/semi_hard_search.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace caffe {
namespace metric {

namespace {

template <typename T>
constexpr T kFar = std::numeric_limits<T>::infinity();

}  // namespace

template <typename T>
int SortForRanks(int64_t m, std::vector<T>* values,
                 std::vector<int64_t>* from) {
  values->resize(m);
  from->resize(m);
  for (int64_t q = 0; q < m; ++q) (*from)[q] = q;
  std::sort(from->begin(), from->end(), [&](int64_t a, int64_t b) {
    return (*values)[a] != (*values)[b] ? (*values)[a] < (*values)[b] : a < b;
  });
  std::vector<T> sorted(m);
  for (int64_t q = 0; q < m; ++q) sorted[q] = (*values)[(*from)[q]];
  int steps = 0;
  while ((int64_t{1} << steps) - 1 < m) ++steps;
  sorted.resize((size_t{1} << steps) - 1, kFar<T>);
  values->swap(sorted);
  return steps;
}

template <typename T>
void SemiHardSearch<T>::Start(int64_t m, std::vector<T>* thresholds) {
  m_ = m;
  thresholds_ = thresholds;
  if (m > kFewPositives) {
    steps_ = SortForRanks(m, thresholds, &from_);
    best_.assign(m + 1, Found<T>{kFar<T>, -1});
    return;
  }
  steps_ = 0;
  while (thresholds->size() % kThresholds != 0) thresholds->push_back(kFar<T>);
  best_.assign(thresholds->size(), Found<T>{kFar<T>, -1});
}

template <typename T>
void SemiHardSearch<T>::Look(const RowKernels<T>& kernels, const T* d,
                             int64_t begin, int64_t end, int64_t first,
                             std::vector<int32_t>* ranks) {
  const T* const t = thresholds_->data();
  if (many()) {
    // A negative with `rank` positives nearer than itself is farther than just
    // those.
    ranks->resize(std::max<size_t>(ranks->size(), end - begin));
    int32_t* const rank = ranks->data();
    kernels.rank(d + begin, end - begin, t, steps_, false, rank);
    for (int64_t n = begin; n < end; ++n) {
      Found<T>& best = best_[rank[n - begin]];
      if (d[n] < best.value) best = Found<T>{d[n], first + n};
    }
    return;
  }
  for (int64_t q = 0; q < m_; q += kThresholds) {
    Found<T> here[kThresholds];
    for (int k = 0; k < kThresholds; ++k) here[k] = {best_[q + k].value, -1};
    kernels.above(d, begin, end, t + q, here);
    for (int k = 0; k < kThresholds; ++k) {
      if (here[k].at >= 0) best_[q + k] = {here[k].value, first + here[k].at};
    }
  }
}

template <typename T>
std::vector<Found<T>> SemiHardSearch<T>::Finish() {
  if (!many()) return std::move(best_);
  // Positive q is below the ranks from q + 1 on, of which the first with any
  // holds the nearest. Between equal positives no rank has any.
  std::vector<Found<T>> found(m_);
  Found<T> best{kFar<T>, -1};
  for (int64_t q = m_ - 1; q >= 0; --q) {
    if (best_[q + 1].at >= 0) best = best_[q + 1];
    found[from_[q]] = best;
  }
  return found;
}

#define INSTANTIATE_SEMI_HARD_SEARCH(T)               \
  template int SortForRanks<T>(int64_t, std::vector<T>*, \
                               std::vector<int64_t>*);   \
  template class SemiHardSearch<T>
INSTANTIATE_SEMI_HARD_SEARCH(float);
INSTANTIATE_SEMI_HARD_SEARCH(double);

}  // namespace metric
}  // namespace caffe
