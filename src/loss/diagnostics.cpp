// The CPU's side of diagnostics.hpp, and all that is done with a few numbers.
#include "caffe/loss/diagnostics.hpp"

#include <algorithm>
#include <cstdio>

#include "core/parallel.hpp"

namespace caffe {
namespace metric {

namespace {

// Of a block of rows: the sum of the lengths, and for each coordinate the sums
// of u and u^2, u = x - origin.
struct BlockMoments {
  double norms = 0;
  std::vector<double> sum, squares;
};

template <typename T>
void AddRow(const T* x, const T* origin, int64_t D, BlockMoments* block) {
  double square = 0;
  for (int64_t k = 0; k < D; ++k) {
    square += static_cast<double>(x[k]) * x[k];
    const double u = static_cast<double>(x[k]) - origin[k];
    block->sum[k] += u;
    block->squares[k] += u * u;
  }
  block->norms += std::sqrt(square);
}

}  // namespace

template <typename T>
RowMoments MeasureRows(const std::vector<const T*>& parts, int64_t N,
                       int64_t D) {
  RowMoments moments;
  const int64_t rows = static_cast<int64_t>(parts.size()) * N;
  if (rows == 0) return moments;
  constexpr int64_t kBlockRows = 64;
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::vector<BlockMoments> all(blocks);
  ParallelFor(blocks, kBlockRows * 4 * D, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      all[b].sum.assign(D, 0);
      all[b].squares.assign(D, 0);
      const int64_t last = std::min(rows, (b + 1) * kBlockRows);
      for (int64_t i = b * kBlockRows; i < last; ++i) {
        AddRow(parts[i / N] + i % N * D, parts[0], D, &all[b]);
      }
    }
  });
  double norms = 0, variance = 0;
  for (const BlockMoments& block : all) norms += block.norms;
  for (int64_t k = 0; k < D; ++k) {
    double sum = 0, squares = 0;
    for (const BlockMoments& block : all) {
      sum += block.sum[k];
      squares += block.squares[k];
    }
    const double mean = sum / rows;
    // max(0, NaN) would hide a NaN.
    const double part = squares / rows - mean * mean;
    variance += part < 0 ? 0 : part;
  }
  moments.norm = norms / rows;
  moments.spread = std::sqrt(variance);
  return moments;
}

double TypicalDistance(Distance kind, const RowMoments& rows) {
  const double squared = 2 * rows.spread * rows.spread;
  switch (kind) {
    case Distance::kSquaredL2:
      return squared;
    case Distance::kL2:
      return std::sqrt(squared);
    case Distance::kCosine:
      return rows.norm > 0 ? squared / 2 / (rows.norm * rows.norm) : 0;
    case Distance::kL1:
      break;
  }
  return NAN;
}

DistanceSummary Summarise(std::vector<double>* distances) {
  DistanceSummary summary;
  summary.count = distances->size();
  if (distances->empty()) return summary;
  std::sort(distances->begin(), distances->end());
  double sum = 0;
  for (const double d : *distances) sum += d;
  summary.mean = sum / static_cast<double>(summary.count);
  for (int q = 0; q < kQuantiles; ++q) {
    const double place =
        kQuantileShares[q] * static_cast<double>(summary.count - 1);
    const int64_t below = static_cast<int64_t>(place);
    const int64_t above = std::min(below + 1, summary.count - 1);
    const double low = (*distances)[below], high = (*distances)[above];
    summary.quantile[q] =
        low == high ? low
                    : low + (place - static_cast<double>(below)) * (high - low);
  }
  return summary;
}

template <typename T>
void DescribePairs(Distance kind, const T* x, const T* labels, int64_t N,
                   int64_t D, BatchStatistics* statistics) {
  // Row i is held against the rows behind it, or where rows are left out
  // against all others.
  const bool all = N * (N - 1) / 2 <= kMostStatisticPairs;
  const int64_t rows =
      all ? N : std::max<int64_t>(1, kMostStatisticPairs / N);
  const int64_t step = all ? 1 : (N + rows - 1) / rows;
  std::vector<double> positive, negative;
  RowPair farthest, nearest;
  std::vector<T> d(N);
  for (int64_t i = 0; i < N; i += step) {
    const int64_t first = all ? i + 1 : 0;
    ParallelFor(N - first, 3 * D, [&](int64_t begin, int64_t end) {
      for (int64_t j = first + begin; j < first + end; ++j) {
        d[j] = RowDistance(kind, x + i * D, x + j * D, D);
      }
    });
    for (int64_t j = first; j < N; ++j) {
      if (j == i) continue;
      const double distance = d[j];
      if (labels[i] == labels[j]) {
        positive.push_back(distance);
        if (farthest.row < 0 || distance > farthest.distance) {
          farthest = RowPair{i, j, distance};
        }
      } else {
        negative.push_back(distance);
        if (nearest.row < 0 || distance < nearest.distance) {
          nearest = RowPair{i, j, distance};
        }
      }
    }
  }
  statistics->positive = Summarise(&positive);
  statistics->negative = Summarise(&negative);
  statistics->farthest_positive = farthest;
  statistics->nearest_negative = nearest;
}

template <typename T>
void StatisticsValues(const BatchStatistics& statistics, T* values) {
  const auto put = [&values](double value) {
    *values++ = static_cast<T>(value);
  };
  put(statistics.count.ActiveShare());
  put(static_cast<double>(statistics.count.tuples));
  for (const DistanceSummary* summary :
       {&statistics.positive, &statistics.negative}) {
    put(summary->mean);
    for (const double quantile : summary->quantile) put(quantile);
  }
  put(statistics.rows.norm);
  put(statistics.rows.spread);
  for (const RowPair* pair :
       {&statistics.farthest_positive, &statistics.nearest_negative}) {
    put(static_cast<double>(pair->row));
    put(static_cast<double>(pair->other));
  }
}

namespace {

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

std::string SummaryText(const char* name, const DistanceSummary& summary) {
  std::string text = name;
  if (summary.count == 0) return text + " none";
  text += " " + Number(summary.mean) + " (";
  for (int q = 0; q < kQuantiles; ++q) {
    text += (q > 0 ? " " : "") + Number(summary.quantile[q]);
  }
  return text + ")";
}

std::string PairText(const char* name, const RowPair& pair) {
  if (pair.row < 0) return "";
  return std::string(", ") + name + ": rows " + std::to_string(pair.row) +
         " and " + std::to_string(pair.other);
}

}  // namespace

std::string StatisticsText(const BatchStatistics& statistics,
                           const std::string& tuples) {
  std::string text = SummaryText("d(a,p)", statistics.positive) + ", " +
                     SummaryText("d(a,n)", statistics.negative) + ", ";
  if (statistics.count.tuples == 0) {
    text += "no " + tuples;
  } else {
    text += Number(100 * statistics.count.ActiveShare()) + " % of " +
            std::to_string(statistics.count.tuples) + " " + tuples + " active";
  }
  return text + ", norm " + Number(statistics.rows.norm) + ", spread " +
         Number(statistics.rows.spread) +
         PairText("farthest positive", statistics.farthest_positive) +
         PairText("nearest negative", statistics.nearest_negative);
}

#define INSTANTIATE_DIAGNOSTICS(T)                                        \
  template RowMoments MeasureRows<T>(const std::vector<const T*>&,        \
                                     int64_t, int64_t);                   \
  template void DescribePairs<T>(Distance, const T*, const T*, int64_t,   \
                                 int64_t, BatchStatistics*);              \
  template void StatisticsValues<T>(const BatchStatistics&, T*)
INSTANTIATE_DIAGNOSTICS(float);
INSTANTIATE_DIAGNOSTICS(double);

}  // namespace metric
}  // namespace caffe
