// The nearest negative beyond each positive, of one anchor; and the sorted
// thresholds by which many are searched at once.
#ifndef TERCET_MINING_SEMI_HARD_SEARCH_HPP_
#define TERCET_MINING_SEMI_HARD_SEARCH_HPP_

#include <cstdint>
#include <vector>

#include "pairwise/row_kernels.hpp"

namespace caffe {
namespace metric {

// With up to this many positives, each negative is held against each of them;
// with more, it is looked up among them.
constexpr int64_t kFewPositives = 64;

// Sorts m values, fills them up to 2^steps - 1 with infinity, and returns
// steps; `from` gets the place that each came from.
template <typename T>
int SortForRanks(int64_t m, std::vector<T>* values,
                 std::vector<int64_t>* from);

// The distances of the negatives may come piece by piece.
template <typename T>
class SemiHardSearch {
 public:
  // The first m of *thresholds are the distances of the positives. The search
  // keeps the pointer, and changes what it points to.
  void Start(int64_t m, std::vector<T>* thresholds);
  // Looks at d_begin ... d_end-1, where d_0 is of row `first`; pieces come in
  // the order of the rows. `ranks` is working memory.
  void Look(const RowKernels<T>& kernels, const T* d, int64_t begin,
            int64_t end, int64_t first, std::vector<int32_t>* ranks);
  // Of each positive; at -1 where no negative is farther.
  std::vector<Found<T>> Finish();

 private:
  bool many() const { return steps_ > 0; }

  int64_t m_ = 0;
  std::vector<T>* thresholds_ = nullptr;
  // Each threshold's best; with many the best of each rank.
  std::vector<Found<T>> best_;
  // With many: how the sorted thresholds are searched, and where each was.
  int steps_ = 0;
  std::vector<int64_t> from_;
};

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_MINING_SEMI_HARD_SEARCH_HPP_
