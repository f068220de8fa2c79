// All pairs, block by block of the upper triangle of their matrix, and listed
// pairs one by one. What is kept of them is score_table's and pair_sample's.
#include "caffe/evaluation/verification.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "evaluation/pair_sample.hpp"
#include "evaluation/score_table.hpp"
#include "pairwise/row_measure.hpp"

namespace caffe {
namespace metric {

namespace {

// Up to so many rows each distance is summed from differences, beyond them from
// products where these keep their digits.
constexpr int64_t kDirectRows = 1024;

void CheckRows(const VerificationOptions& options, const float* x, int64_t n,
               int64_t D) {
  CHECK_GT(options.sampled_pairs, 0);
  for (int64_t i = 0; i < n; ++i) {
    float square = 0;
    for (int64_t k = 0; k < D; ++k) square += x[i * D + k] * x[i * D + k];
    if (!(square < kMostSquare<float>)) FailRows(x, 0, n, D);
  }
}

// Rows in the order of their groups and people, so that the pairs of one kind
// stand side by side.
struct OrderedRows {
  std::vector<int32_t> order;    // the row of x at a place
  std::vector<int32_t> same;     // the end of the place's person in its group
  std::vector<int32_t> again;    // its begin in the next group it is in, or n
  std::vector<int> group;        // of each place
  std::vector<int64_t> runs;     // where a group begins, and the end
  std::vector<float> x;          // n x D

  OrderedRows(const float* rows, const int* person, const int* groups,
              int64_t n, int64_t D)
      : order(n), same(n), again(n), group(n, 0), x(n * D) {
    std::iota(order.begin(), order.end(), 0);
    const auto key = [=](int32_t i) {
      return std::make_tuple(groups == nullptr ? 0 : groups[i], person[i], i);
    };
    std::sort(order.begin(), order.end(),
              [&](int32_t a, int32_t b) { return key(a) < key(b); });
    for (int64_t p = 0; p < n; ++p) {
      std::copy_n(rows + int64_t{order[p]} * D, D, &x[p * D]);
      if (groups != nullptr) group[p] = groups[order[p]];
      if (p == 0 || group[p] != group[p - 1]) runs.push_back(p);
    }
    runs.push_back(n);
    std::unordered_map<int, int32_t> later;
    for (int64_t p = n - 1; p >= 0; --p) {
      const int name = person[order[p]];
      const bool last = p == n - 1 || group[p] != group[p + 1] ||
                        name != person[order[p + 1]];
      same[p] = static_cast<int32_t>(last ? p + 1 : same[p + 1]);
      const auto found = later.find(name);
      again[p] = !last                   ? again[p + 1]
                 : found == later.end() ? static_cast<int32_t>(n)
                                        : found->second;
      const bool first = p == 0 || group[p] != group[p - 1] ||
                         name != person[order[p - 1]];
      if (first) later[name] = static_cast<int32_t>(p);
    }
  }
  int64_t size() const { return static_cast<int64_t>(order.size()); }
};

// What one thread keeps.
struct ThreadScores {
  ScoreTable table;
  ExtremePairs nearest, worst_genuine, worst_impostor;
  std::vector<ScoredPair> genuine, impostor;

  ThreadScores(const VerificationOptions& options, bool exact,
               int64_t nearest_limit)
      : table(options.groups, exact),
        nearest(nearest_limit, false),
        worst_genuine(options.worst, true),
        worst_impostor(options.worst, false) {}
};

}  // namespace

VerificationScores::VerificationScores() = default;
VerificationScores::VerificationScores(VerificationScores&&) noexcept = default;
VerificationScores& VerificationScores::operator=(
    VerificationScores&&) noexcept = default;
VerificationScores::~VerificationScores() = default;

RocCurve VerificationScores::Curve(
    const std::function<bool(int, int)>& wanted) const {
  return table_->Curve(wanted);
}

RocCurve VerificationScores::Curve() const {
  return Curve([](int, int) { return true; });
}

// One evaluation: how many pairs there are, what is kept of them, and the end.
class PairScan {
 public:
  PairScan(const VerificationOptions& options, int64_t genuine,
           int64_t impostor, int64_t judged_genuine, int64_t judged_impostor)
      : options_(options),
        exact_(genuine + impostor <= options.exact_pairs),
        judged_impostor_(judged_impostor),
        judged_genuine_(judged_genuine),
        genuine_stride_(judged_genuine, options.sampled_pairs),
        impostor_stride_(
            judged_impostor <= 2 * options.sampled_pairs ? 0 : judged_impostor,
            options.sampled_pairs) {}

  ThreadScores NewScores() const {
    const bool strided = impostor_stride_.step() > 1;
    return ThreadScores(options_, exact_, strided ? options_.sampled_pairs : 0);
  }

  bool Judges(int a, int b) const {
    return options_.judged < 0 ||
           (a == options_.judged && b == options_.judged);
  }

  // The pairs of place p with the places after it; d has their distances, from
  // place p + 1 on.
  void TakeRow(const OrderedRows& rows, int64_t p, const float* d,
               ThreadScores* kept) const {
    const float* const at = d - (p + 1);
    TakeGenuine(rows, p, p + 1, rows.same[p], at, kept);
    int64_t own = rows.again[p];
    for (size_t r = 0; r + 1 < rows.runs.size(); ++r) {
      const int64_t begin = std::max<int64_t>(rows.runs[r], rows.same[p]);
      const int64_t end = rows.runs[r + 1];
      if (own >= end) {
        TakeImpostors(rows, p, begin, end, at, kept);
        continue;
      }
      const int64_t own_end = rows.same[own];
      TakeImpostors(rows, p, begin, own, at, kept);
      TakeGenuine(rows, p, own, own_end, at, kept);
      TakeImpostors(rows, p, own_end, end, at, kept);
      own = rows.again[own];
    }
  }

  VerificationScores Finish(std::vector<ThreadScores>* parts) const {
    ThreadScores& first = (*parts)[0];
    for (size_t s = 1; s < parts->size(); ++s) {
      ThreadScores& other = (*parts)[s];
      first.table.Merge(std::move(other.table));
      first.nearest.Merge(other.nearest);
      first.worst_genuine.Merge(other.worst_genuine);
      first.worst_impostor.Merge(other.worst_impostor);
      first.genuine.insert(first.genuine.end(), other.genuine.begin(),
                           other.genuine.end());
      first.impostor.insert(first.impostor.end(), other.impostor.begin(),
                            other.impostor.end());
    }
    VerificationScores scores;
    scores.genuine_sample =
        JoinSamples(std::move(first.genuine), {}, judged_genuine_);
    scores.impostor_sample = JoinSamples(
        std::move(first.impostor), first.nearest.Take(), judged_impostor_);
    scores.worst_genuine = first.worst_genuine.Take();
    scores.worst_impostor = first.worst_impostor.Take();
    scores.table_ = std::make_unique<ScoreTable>(std::move(first.table));
    return scores;
  }

  void TakeListed(const ListedPair& pair, float d, int64_t* judged_before,
                  ThreadScores* kept) const {
    kept->table.Add(pair.group, pair.group, pair.genuine, d);
    if (!Judges(pair.group, pair.group)) return;
    const int32_t i = std::min(pair.i, pair.j), j = std::max(pair.i, pair.j);
    const Stride& stride = pair.genuine ? genuine_stride_ : impostor_stride_;
    if ((*judged_before)++ % stride.step() == 0) {
      (pair.genuine ? kept->genuine : kept->impostor)
          .push_back(ScoredPair{d, i, j, 1});
    }
    if (pair.genuine) {
      kept->worst_genuine.Offer(d, i, j);
    } else {
      kept->worst_impostor.Offer(d, i, j);
      kept->nearest.Offer(d, i, j);
    }
  }

 private:
  static ScoredPair PairAt(const OrderedRows& rows, int64_t p, int64_t q,
                           float d) {
    const int32_t i = rows.order[p], j = rows.order[q];
    return ScoredPair{d, std::min(i, j), std::max(i, j), 1};
  }

  // The pairs of place p with the places from `begin` to `end`, which are of
  // one group and the same person.
  void TakeGenuine(const OrderedRows& rows, int64_t p, int64_t begin,
                   int64_t end, const float* at, ThreadScores* kept) const {
    if (begin >= end) return;
    const int a = rows.group[p], b = rows.group[begin];
    for (int64_t q = begin; q < end; ++q) kept->table.Add(a, b, true, at[q]);
    if (!Judges(a, b)) return;
    for (int64_t q = begin; q < end; ++q) {
      if (!kept->worst_genuine.Wants(at[q])) continue;
      const ScoredPair pair = PairAt(rows, p, q, at[q]);
      kept->worst_genuine.Offer(pair.distance, pair.i, pair.j);
    }
    for (int64_t q = genuine_stride_.First(p, begin); q < end;
         q += genuine_stride_.step()) {
      kept->genuine.push_back(PairAt(rows, p, q, at[q]));
    }
  }

  // The same with others. Most parts of a row hold no near pair, which is seen
  // at one glance.
  void TakeImpostors(const OrderedRows& rows, int64_t p, int64_t begin,
                     int64_t end, const float* at, ThreadScores* kept) const {
    if (begin >= end) return;
    const int a = rows.group[p], b = rows.group[begin];
    kept->table.AddImpostors(a, b, at + begin, end - begin);
    if (!Judges(a, b)) return;
    constexpr int64_t kPart = 64;
    for (int64_t from = begin; from < end; from += kPart) {
      const int64_t to = std::min(end, from + kPart);
      const float bound =
          std::max(kept->nearest.bound(), kept->worst_impostor.bound());
      int near = 0;
      for (int64_t q = from; q < to; ++q) near += at[q] <= bound;
      if (near == 0) continue;
      for (int64_t q = from; q < to; ++q) {
        if (at[q] > bound) continue;
        const ScoredPair pair = PairAt(rows, p, q, at[q]);
        kept->nearest.Offer(pair.distance, pair.i, pair.j);
        kept->worst_impostor.Offer(pair.distance, pair.i, pair.j);
      }
    }
    for (int64_t q = impostor_stride_.First(p, begin); q < end;
         q += impostor_stride_.step()) {
      kept->impostor.push_back(PairAt(rows, p, q, at[q]));
    }
  }

  const VerificationOptions options_;
  const bool exact_;
  const int64_t judged_impostor_, judged_genuine_;
  const Stride genuine_stride_, impostor_stride_;
};

namespace {

PairScan ScanOf(const VerificationOptions& options, const OrderedRows& rows) {
  int64_t genuine = 0, judged_genuine = 0, judged_rows = 0;
  for (int64_t p = 0; p < rows.size(); ++p) {
    const int64_t here = rows.same[p] - p - 1;
    int64_t elsewhere = 0;
    for (int64_t q = rows.again[p]; q < rows.size(); q = rows.again[q]) {
      elsewhere += rows.same[q] - q;
    }
    genuine += here + elsewhere;
    if (options.judged < 0) {
      judged_genuine += here + elsewhere;
      ++judged_rows;
    } else if (rows.group[p] == options.judged) {
      judged_genuine += here;
      ++judged_rows;
    }
  }
  return PairScan(options, genuine,
                  rows.size() * (rows.size() - 1) / 2 - genuine,
                  judged_genuine,
                  judged_rows * (judged_rows - 1) / 2 - judged_genuine);
}

// Slot s of several takes the rows s, s + slots, ...
void ScanDirectly(Distance kind, const OrderedRows& rows, int64_t D,
                  const PairScan& scan, std::vector<ThreadScores>* parts) {
  const int64_t n = rows.size(), slots = parts->size();
  ParallelFor(slots, n * n * D / slots, [&](int64_t first, int64_t last) {
    std::vector<float> d(n);
    for (int64_t s = first; s < last; ++s) {
      for (int64_t p = s; p < n; p += slots) {
        for (int64_t q = p + 1; q < n; ++q) {
          d[q - p - 1] =
              RowDistance(kind, &rows.x[p * D], &rows.x[q * D], D);
        }
        scan.TakeRow(rows, p, d.data(), &(*parts)[s]);
      }
    }
  });
}

void ScanByProducts(Distance kind, const OrderedRows& rows, int64_t D,
                    const PairScan& scan, std::vector<ThreadScores>* parts) {
  const int64_t n = rows.size();
  RowSet<float> set;
  PrepareRows(kind, rows.x.data(), n, D, &set);
  const RowMeasure<float> measure(set);
  const RowKernels<float>& kernels = BestRowKernels<float>();
  std::vector<MeasureSlot<float>> slots(RowSlots(n));
  while (parts->size() < slots.size()) parts->push_back(scan.NewScores());
  ForEachRowBlock(
      n, n * D / 2, slots.size(), [&](int64_t s, int64_t begin, int64_t end) {
        measure.Multiply(begin, end, begin, n, &slots[s]);
        for (int64_t p = begin; p < end; ++p) {
          float* const d =
              slots[s].block.data() + (p - begin) * (n - begin) + (p - begin);
          measure.Finish(p, p, n, d);
          for (int64_t q = 1; q < n - p; ++q) d[q] = d[q] < 0 ? 0 : d[q];
          if (kind == Distance::kL2) kernels.root(d, n - p);
          scan.TakeRow(rows, p, d + 1, &(*parts)[s]);
        }
      });
}

}  // namespace

VerificationScores ScoreAllPairs(const VerificationOptions& options,
                                 const float* x, const int* person,
                                 const int* group, int64_t n, int64_t D) {
  CheckRows(options, x, n, D);
  for (int64_t i = 0; group != nullptr && i < n; ++i) {
    CHECK(group[i] >= 0 && group[i] < options.groups);
  }
  const OrderedRows rows(x, person, group, n, D);
  const PairScan scan = ScanOf(options, rows);
  std::vector<ThreadScores> parts;
  parts.push_back(scan.NewScores());
  if (options.distance == Distance::kL1 || n <= kDirectRows) {
    const int64_t slots = std::min<int64_t>(Caffe::threads(), n);
    while (static_cast<int64_t>(parts.size()) < slots) {
      parts.push_back(scan.NewScores());
    }
    ScanDirectly(options.distance, rows, D, scan, &parts);
  } else {
    ScanByProducts(options.distance, rows, D, scan, &parts);
  }
  return scan.Finish(&parts);
}

VerificationScores ScoreListedPairs(const VerificationOptions& options,
                                    const float* x,
                                    const std::vector<ListedPair>& pairs,
                                    int64_t n, int64_t D) {
  CheckRows(options, x, n, D);
  int64_t count[2] = {0, 0}, judged[2] = {0, 0};
  for (const ListedPair& pair : pairs) {
    CHECK(pair.i >= 0 && pair.i < n && pair.j >= 0 && pair.j < n);
    CHECK(pair.group >= 0 && pair.group < options.groups);
    ++count[pair.genuine];
    judged[pair.genuine] +=
        options.judged < 0 || pair.group == options.judged;
  }
  const PairScan scan(options, count[1], count[0], judged[1], judged[0]);
  std::vector<float> d(pairs.size());
  ParallelFor(pairs.size(), 4 * D, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      d[k] = RowDistance(options.distance, x + pairs[k].i * D,
                         x + pairs[k].j * D, D);
    }
  });
  std::vector<ThreadScores> parts;
  parts.push_back(scan.NewScores());
  int64_t before[2] = {0, 0};
  for (size_t k = 0; k < pairs.size(); ++k) {
    scan.TakeListed(pairs[k], d[k], &before[pairs[k].genuine], &parts[0]);
  }
  return scan.Finish(&parts);
}

}  // namespace metric
}  // namespace caffe
