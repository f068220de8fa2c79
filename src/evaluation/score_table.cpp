// Sorting and counting distances, and the curves that come of it.
#include "evaluation/score_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace caffe {
namespace metric {

namespace {

uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

}  // namespace

// By radix, since floats from 0 up are in the order of their bits.
void SortDistances(std::vector<float>* distances) {
  constexpr int kBits = 11;
  constexpr uint32_t kMask = (1u << kBits) - 1;
  std::vector<float> other(distances->size());
  for (int shift = 0; shift < 32; shift += kBits) {
    std::array<size_t, kMask + 2> start = {};
    for (float value : *distances) {
      ++start[((BitsOf(value) >> shift) & kMask) + 1];
    }
    for (size_t k = 1; k < start.size(); ++k) start[k] += start[k - 1];
    for (float value : *distances) {
      other[start[(BitsOf(value) >> shift) & kMask]++] = value;
    }
    distances->swap(other);
  }
}

std::vector<RocPoint> MergeSorted(const std::vector<float>& genuine,
                                  const std::vector<float>& impostor) {
  std::vector<RocPoint> points;
  points.reserve(genuine.size() + impostor.size());
  size_t g = 0, i = 0;
  while (g < genuine.size() || i < impostor.size()) {
    const bool first = i == impostor.size() ||
                       (g < genuine.size() && genuine[g] < impostor[i]);
    const float at = first ? genuine[g] : impostor[i];
    while (g < genuine.size() && genuine[g] == at) ++g;
    while (i < impostor.size() && impostor[i] == at) ++i;
    points.push_back(RocPoint{at, static_cast<double>(g),
                              static_cast<double>(i)});
  }
  return points;
}

double ScoreBins::CountOf(uint32_t bin) const {
  if (!HasPage(bin >> kPageBits)) return 0;
  const auto& page = pages_[bin >> kPageBits];
  const auto full = full_.find(bin);
  const double rounds = full == full_.end() ? 0 : full->second;
  return rounds * 4294967296. + page[bin & (kPage - 1)];
}

void ScoreBins::Merge(const ScoreBins& other) {
  if (other.pages_.empty()) return;
  if (pages_.empty()) pages_.resize(kPages);
  for (const auto& full : other.full_) full_[full.first] += full.second;
  for (uint32_t p = 0; p < kPages; ++p) {
    if (other.pages_[p] == nullptr) continue;
    if (pages_[p] == nullptr) pages_[p] = std::make_unique<uint32_t[]>(kPage);
    for (uint32_t k = 0; k < kPage; ++k) {
      const uint32_t before = pages_[p][k];
      pages_[p][k] += other.pages_[p][k];
      if (pages_[p][k] < before) ++full_[p << kPageBits | k];
    }
  }
}

std::vector<RocPoint> ScoreBins::Points(const ScoreBins& genuine,
                                        const ScoreBins& impostor) {
  std::vector<RocPoint> points;
  double genuine_sum = 0, impostor_sum = 0;
  for (uint32_t p = 0; p < kPages; ++p) {
    if (!genuine.HasPage(p) && !impostor.HasPage(p)) continue;
    for (uint32_t k = 0; k < kPage; ++k) {
      const uint32_t bin = p << kPageBits | k;
      const double g = genuine.CountOf(bin), i = impostor.CountOf(bin);
      if (g == 0 && i == 0) continue;
      genuine_sum += g;
      impostor_sum += i;
      const uint32_t bits = bin << kDropped | ((1u << kDropped) - 1);
      float largest;
      std::memcpy(&largest, &bits, sizeof(largest));
      points.push_back(RocPoint{largest, genuine_sum, impostor_sum});
    }
  }
  return points;
}

ScoreTable::ScoreTable(int groups, bool exact)
    : groups_(groups), exact_(exact), cells_(groups * groups) {}

void ScoreTable::AddCell(int a, int b, std::unique_ptr<Cell>* cell) {
  *cell = std::make_unique<Cell>();
  filled_.emplace_back(std::min(a, b), std::max(a, b));
}

void ScoreTable::AddImpostors(int a, int b, const float* distances,
                              int64_t count) {
  Cell& cell = CellOf(a, b);
  if (exact_) {
    cell.impostor.insert(cell.impostor.end(), distances, distances + count);
  } else {
    for (int64_t k = 0; k < count; ++k) cell.impostor_bins.Add(distances[k]);
  }
}

namespace {

void Append(const std::vector<float>& from, std::vector<float>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

}  // namespace

void ScoreTable::Cell::Merge(const Cell& other) {
  Append(other.genuine, &genuine);
  Append(other.impostor, &impostor);
  genuine_bins.Merge(other.genuine_bins);
  impostor_bins.Merge(other.impostor_bins);
}

void ScoreTable::Merge(ScoreTable&& other) {
  for (const auto& groups : other.filled_) {
    Cell& from = other.CellOf(groups.first, groups.second);
    CellOf(groups.first, groups.second).Merge(from);
    from = Cell();
  }
}

RocCurve ScoreTable::Curve(
    const std::function<bool(int, int)>& wanted) const {
  Cell sum;
  for (const auto& groups : filled_) {
    if (!wanted(groups.first, groups.second)) continue;
    sum.Merge(*cells_[groups.first * groups_ + groups.second]);
  }
  if (!exact_) {
    return RocCurve(ScoreBins::Points(sum.genuine_bins, sum.impostor_bins),
                    ScoreBins::kDropped);
  }
  return RocCurve::FromDistances(std::move(sum.genuine),
                                 std::move(sum.impostor));
}

}  // namespace metric
}  // namespace caffe
