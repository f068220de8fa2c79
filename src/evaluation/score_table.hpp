// The distances of many pairs by what is asked of them afterwards: the kind of
// the pair and the groups of its two rows. Up to a number of pairs each is
// kept; beyond it they are counted in narrow bins, so that the memory does not
// grow with the pairs.
//
// A bin is 2^-19 of an octave wide and stands for its largest distance. A curve
// from bins has fewer points than one from the distances, and each of them is
// exact.
#ifndef TERCET_EVALUATION_SCORE_TABLE_HPP_
#define TERCET_EVALUATION_SCORE_TABLE_HPP_

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "caffe/evaluation/roc.hpp"

namespace caffe {
namespace metric {

// Ascending; the distances are not negative, and numbers.
void SortDistances(std::vector<float>* distances);

// The points of a curve from two lists in ascending order.
std::vector<RocPoint> MergeSorted(const std::vector<float>& genuine,
                                  const std::vector<float>& impostor);

// How many distances fall in each bin; a page of bins comes with its first
// distance.
class ScoreBins {
 public:
  static constexpr int kDropped = 4;  // of the 23 bits behind the point

  void Add(float distance) {
    uint32_t bits;
    std::memcpy(&bits, &distance, sizeof(bits));
    const uint32_t bin = bits >> kDropped;
    if (pages_.empty()) pages_.resize(kPages);
    std::unique_ptr<uint32_t[]>& page = pages_[bin >> kPageBits];
    if (page == nullptr) page = std::make_unique<uint32_t[]>(kPage);
    if (++page[bin & (kPage - 1)] == 0) ++full_[bin];
  }
  void Merge(const ScoreBins& other);
  // The points of a curve: one for each bin that holds a distance of either.
  static std::vector<RocPoint> Points(const ScoreBins& genuine,
                                      const ScoreBins& impostor);

 private:
  static constexpr int kPageBits = 15;
  static constexpr uint32_t kPage = 1u << kPageBits;
  static constexpr int kPages = 1 << (31 - kDropped - kPageBits);

  bool HasPage(uint32_t page) const {
    return !pages_.empty() && pages_[page] != nullptr;
  }
  double CountOf(uint32_t bin) const;

  std::vector<std::unique_ptr<uint32_t[]>> pages_;  // none, or kPages
  std::map<uint32_t, uint64_t> full_;  // how often a count came round to 0
};

// Cells come with their first pair: of many groups, as of a file with many
// folds, most have none.
class ScoreTable {
 public:
  // groups: of the rows; exact: keep each distance.
  ScoreTable(int groups, bool exact);

  // A pair of rows of two groups.
  void Add(int a, int b, bool genuine, float distance) {
    Cell& cell = CellOf(a, b);
    if (exact_) {
      (genuine ? cell.genuine : cell.impostor).push_back(distance);
    } else {
      (genuine ? cell.genuine_bins : cell.impostor_bins).Add(distance);
    }
  }
  // The same for `count` impostors.
  void AddImpostors(int a, int b, const float* distances, int64_t count);

  // Takes another's pairs.
  void Merge(ScoreTable&& other);

  // The curve of the pairs whose groups are wanted.
  RocCurve Curve(const std::function<bool(int, int)>& wanted) const;

 private:
  struct Cell {
    std::vector<float> genuine, impostor;
    ScoreBins genuine_bins, impostor_bins;

    void Merge(const Cell& other);
  };
  Cell& CellOf(int a, int b) {
    std::unique_ptr<Cell>& cell =
        cells_[a < b ? a * groups_ + b : b * groups_ + a];
    if (cell == nullptr) AddCell(a, b, &cell);
    return *cell;
  }
  void AddCell(int a, int b, std::unique_ptr<Cell>* cell);

  int groups_;
  bool exact_;
  std::vector<std::unique_ptr<Cell>> cells_;
  std::vector<std::pair<int, int>> filled_;  // the groups of those there are
};

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_EVALUATION_SCORE_TABLE_HPP_
