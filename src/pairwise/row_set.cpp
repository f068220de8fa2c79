// The start of mining: people in order, rows without their common offset, and
// the memory that the batch's pairs need.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "core/parallel.hpp"
#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

template <typename T>
void CheckLabel(T label, int64_t row) {
  INPUT_CHECK(std::isfinite(label)) << "the label of row " << row << " is "
                                    << label << ", but must be finite";
}

template <typename T>
void FailRows(const T* x, int64_t bank, int64_t B, int64_t D) {
  std::ostringstream text;
  for (int64_t i = 0; i < B * D; ++i) {
    if (std::isfinite(x[i])) continue;
    text << "row " << i / D - bank << " of the embeddings holds " << x[i]
         << " (coordinate " << i % D << "), but must be finite";
    throw Error::NotFinite(text.str());
  }
  int64_t longest = 0;
  double most = 0;
  for (int64_t i = 0; i < B; ++i) {
    double square = 0;
    for (int64_t k = 0; k < D; ++k) {
      square += static_cast<double>(x[i * D + k]) * x[i * D + k];
    }
    if (square > most) {
      most = square;
      longest = i;
    }
  }
  text << "row " << longest - bank << " of the embeddings has length "
       << std::sqrt(most) << ", too much for its square";
  throw Error::NotFinite(text.str());
}

namespace {

// Neighbouring rows with one label.
template <typename T>
struct Run {
  T label;
  int32_t begin;
  int32_t end;
  int32_t person;  // the first row of the person
};

template <typename T>
std::vector<Run<T>> RunsOf(const T* labels, int64_t bank, int64_t B) {
  std::vector<Run<T>> runs;
  for (int32_t i = 0; i < B; ++i) {
    CheckLabel(labels[i], i - bank);
    if (i > 0 && labels[i] == labels[i - 1]) {
      ++runs.back().end;
    } else {
      runs.push_back(Run<T>{labels[i], i, i + 1, i});
    }
  }
  std::sort(runs.begin(), runs.end(), [](const Run<T>& a, const Run<T>& b) {
    return a.label != b.label ? a.label < b.label : a.begin < b.begin;
  });
  for (size_t r = 1; r < runs.size(); ++r) {
    if (runs[r].label == runs[r - 1].label) {
      runs[r].person = runs[r - 1].person;
    }
  }
  std::sort(runs.begin(), runs.end(), [](const Run<T>& a, const Run<T>& b) {
    return a.person != b.person ? a.person < b.person : a.begin < b.begin;
  });
  return runs;
}

template <typename T>
void OrderRows(const T* labels, MiningBatch<T>* batch) {
  const std::vector<Run<T>> runs = RunsOf(labels, batch->bank, batch->B);
  batch->order.clear();
  batch->group.clear();
  for (size_t r = 0; r < runs.size();) {
    const int32_t person = runs[r].person;
    const int32_t begin = static_cast<int32_t>(batch->order.size());
    for (; r < runs.size() && runs[r].person == person; ++r) {
      for (int32_t i = runs[r].begin; i < runs[r].end; ++i) {
        batch->order.push_back(i);
      }
    }
    const int32_t end = static_cast<int32_t>(batch->order.size());
    batch->group.resize(end, MiningGroup{begin, end});
  }
}

template <typename T>
void ListAnchors(MiningBatch<T>* batch) {
  batch->anchors.resize(batch->B - batch->bank);
  for (int32_t i = 0; i < batch->B; ++i) {
    if (batch->bank == 0) {
      batch->anchors[i] = i;
    } else if (batch->order[i] >= batch->bank) {
      batch->anchors[batch->order[i] - batch->bank] = i;
    }
  }
}

// A point near the middle of some rows, in numbers of few digits, so that
// taking it away rounds as little as can be: small whole numbers stay exact.
template <typename T>
std::vector<T> CentreOf(const T* rows, int64_t B, int64_t D) {
  constexpr int64_t kSamples = 32;
  constexpr int kDigits = 6;  // binary, of the widest coordinate's range
  const int64_t samples = std::min(B, kSamples);
  std::vector<double> sum(D, 0);
  std::vector<T> low(rows, rows + D), high = low;
  for (int64_t s = 0; s < samples; ++s) {
    const T* const row = rows + B * s / samples * D;
    for (int64_t k = 0; k < D; ++k) {
      sum[k] += row[k];
      low[k] = std::min(low[k], row[k]);
      high[k] = std::max(high[k], row[k]);
    }
  }
  double range = 0;
  for (int64_t k = 0; k < D; ++k) {
    range = std::max(range, static_cast<double>(high[k]) - low[k]);
  }
  std::vector<T> centre(low);
  if (!std::isfinite(range)) return std::vector<T>(D, 0);
  if (range == 0) return centre;
  const double grid = std::ldexp(1., std::ilogb(range) - kDigits);
  for (int64_t k = 0; k < D; ++k) {
    centre[k] = static_cast<T>(std::round(sum[k] / samples / grid) * grid);
  }
  return centre;
}

// rows = x in the batch's order; for kCosine of length 1.
template <typename T>
void CopyRows(bool unit, const T* x, MiningBatch<T>* batch) {
  const int64_t D = batch->D;
  ParallelFor(batch->B, 2 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const from = x + batch->order[i] * D;
      T* const to = batch->rows.data() + i * D;
      if (!unit) {
        std::copy_n(from, D, to);
        continue;
      }
      const T inverse = RowInverseNorm(from, D);
      batch->inverses[i] = inverse;
      // 0 for a length whose square overflows, too: NaN is found below.
      const bool overflows =
          inverse == 0 &&
          std::any_of(from, from + D, [](T v) { return std::fabs(v) > 1; });
      const T factor =
          overflows ? std::numeric_limits<T>::quiet_NaN() : inverse;
      for (int64_t k = 0; k < D; ++k) to[k] = from[k] * factor;
    }
  });
}

template <typename T>
void CentreRows(bool unit, const std::vector<T>& centre,
                MiningBatch<T>* batch) {
  const int64_t D = batch->D;
  const T share = unit ? T(0.5) : T(1);  // kCosine is |u|^2 / 2
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  ParallelFor(batch->B, 2 * D, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* const row = batch->rows.data() + i * D;
      batch->squares[i] =
          share * kernels.centre(row, centre.data(), D);
    }
  });
}

template <typename T>
void TakeMemory(const MiningOptions& options, MiningBatch<T>* batch) {
  const int64_t B = batch->B, anchors = AnchorCount(*batch);
  batch->first.resize(anchors);
  batch->count.assign(anchors, 0);
  batch->loss.assign(anchors, 0);
  batch->triplets.assign(anchors, 0);
  batch->active.assign(anchors, 0);
  int64_t edges = 0;
  for (int64_t a = 0; a < anchors; ++a) {
    batch->first[a] = edges;
    const MiningGroup group = batch->group[batch->anchors[a]];
    const int64_t positives = group.end - group.begin - 1;
    if (positives == B - 1) continue;
    edges += 2 * (options.mining == Mining::kBatchHard
                      ? std::min<int64_t>(positives, 1)
                      : positives);
  }
  constexpr int64_t kFewEdges = 8;  // edges cost about this more than slopes
  batch->dense =
      options.mining == Mining::kBatchAll || kFewEdges * edges > anchors * B;
  if (batch->dense) {
    const size_t size = MiningBlocks(B) * kBlockRows * anchors;
    if (batch->slopes.size() < size) batch->slopes.resize(size);
    batch->near.assign(options.distance == Distance::kL2 ? anchors : 0, {});
    batch->edges.clear();
  } else {
    batch->edges.resize(edges);
  }
  const int64_t slots =
      std::max<int64_t>(1, std::min<int64_t>(Caffe::threads(),
                                             MiningBlocks(anchors)));
  batch->slots.resize(slots);
  if (batch->record) batch->choices.assign(anchors, {});
}

}  // namespace

template <typename T>
void PrepareRows(const MiningOptions& options, const T* x, const T* labels,
                 int64_t bank, int64_t B, int64_t D, MiningBatch<T>* batch) {
  CHECK(options.distance != Distance::kL1);
  CHECK_LT(B, std::numeric_limits<int32_t>::max());
  batch->B = B;
  batch->D = D;
  batch->bank = bank;
  OrderRows(labels, batch);
  ListAnchors(batch);
  const bool unit = options.distance == Distance::kCosine;
  batch->rows.resize(B * D);
  batch->squares.resize(B);
  batch->inverses.resize(unit ? B : 0);
  CopyRows(unit, x, batch);
  CentreRows(unit, CentreOf(batch->rows.data(), B, D), batch);
  for (int64_t i = 0; i < B; ++i) {
    if (!(batch->squares[i] < kMostSquare<T>)) FailRows(x, bank, B, D);
  }
}

template <typename T>
void PrepareMining(const MiningOptions& options, const T* x, const T* labels,
                   int64_t bank, int64_t B, int64_t D, MiningBatch<T>* batch) {
  PrepareRows(options, x, labels, bank, B, D, batch);
  TakeMemory(options, batch);
}

template <typename T>
const T* AnchorRows(const MiningBatch<T>& batch, int64_t begin, int64_t end,
                    MiningSlot<T>* slot) {
  const int64_t D = batch.D;
  if (batch.bank == 0) return batch.rows.data() + begin * D;
  slot->rows.resize((end - begin) * D);
  for (int64_t a = begin; a < end; ++a) {
    std::copy_n(batch.rows.data() + batch.anchors[a] * D, D,
                slot->rows.data() + (a - begin) * D);
  }
  return slot->rows.data();
}

#define INSTANTIATE_MINING_BATCH(T)                                         \
  template void CheckLabel<T>(T, int64_t);                                  \
  template void FailRows<T>(const T*, int64_t, int64_t, int64_t);           \
  template void PrepareRows<T>(const MiningOptions&, const T*, const T*,    \
                               int64_t, int64_t, int64_t, MiningBatch<T>*); \
  template void PrepareMining<T>(const MiningOptions&, const T*, const T*,  \
                                 int64_t, int64_t, int64_t,                 \
                                 MiningBatch<T>*);                          \
  template const T* AnchorRows<T>(const MiningBatch<T>&, int64_t, int64_t,  \
                                  MiningSlot<T>*)
INSTANTIATE_MINING_BATCH(float);
INSTANTIATE_MINING_BATCH(double);

}  // namespace metric
}  // namespace caffe
