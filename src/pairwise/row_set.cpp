// Rows in the order of their people, and without their common offset.
#include "pairwise/row_set.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "caffe/check.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_kernels.hpp"

namespace caffe {
namespace metric {

template <typename T>
void CheckLabel(T label, int64_t row) {
  INPUT_CHECK(std::isfinite(label)) << "the label of row " << row << " is "
                                    << label << ", but must be finite";
}

template <typename T>
void FailRows(const T* x, int64_t bank, int64_t B, int64_t D,
              const char* what) {
  std::ostringstream text;
  for (int64_t i = 0; i < B * D; ++i) {
    if (std::isfinite(x[i])) continue;
    text << "row " << i / D - bank << " of " << what << " holds " << x[i]
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
  text << "row " << longest - bank << " of " << what << " has length "
       << std::sqrt(most) << ", too much for its square";
  throw Error::NotFinite(text.str());
}

template <typename T>
void FailRowPair(const NamedRow<T>& a, const NamedRow<T>& b, int64_t i,
                 int64_t D) {
  std::ostringstream text;
  double length[2] = {};
  const NamedRow<T>* const both[2] = {&a, &b};
  for (int r = 0; r < 2; ++r) {
    for (int64_t k = 0; k < D; ++k) {
      const double value = both[r]->x[k];
      length[r] += value * value;
      if (std::isfinite(value)) continue;
      text << "row " << i << " of " << both[r]->name << " holds " << value
           << " (coordinate " << k << "), but must be finite";
      throw Error::NotFinite(text.str());
    }
  }
  text << "the distance of row " << i << " of " << a.name << ", length "
       << std::sqrt(length[0]) << ", and of " << b.name << ", length "
       << std::sqrt(length[1]) << ", is too large for a number";
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
void OrderRows(const T* labels, RowSet<T>* set) {
  const std::vector<Run<T>> runs = RunsOf(labels, set->bank, set->B);
  set->order.clear();
  set->group.clear();
  for (size_t r = 0; r < runs.size();) {
    const int32_t person = runs[r].person;
    const int32_t begin = static_cast<int32_t>(set->order.size());
    for (; r < runs.size() && runs[r].person == person; ++r) {
      for (int32_t i = runs[r].begin; i < runs[r].end; ++i) {
        set->order.push_back(i);
      }
    }
    const int32_t end = static_cast<int32_t>(set->order.size());
    set->group.resize(end, RowRange{begin, end});
  }
}

template <typename T>
void ListAnchors(RowSet<T>* set) {
  set->anchors.resize(set->B - set->bank);
  for (int32_t i = 0; i < set->B; ++i) {
    if (set->bank == 0) {
      set->anchors[i] = i;
    } else if (set->order[i] >= set->bank) {
      set->anchors[set->order[i] - set->bank] = i;
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

// rows = x in the set's order; for kCosine of length 1.
template <typename T>
void CopyRows(RowSet<T>* set) {
  const bool unit = set->cosine();
  const T* const x = set->x;
  const int64_t D = set->D;
  ParallelFor(set->B, 2 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* const from = x + set->order[i] * D;
      T* const to = set->rows.data() + i * D;
      if (!unit) {
        std::copy_n(from, D, to);
        continue;
      }
      const T inverse = RowInverseNorm(from, D);
      set->inverses[i] = inverse;
      for (int64_t k = 0; k < D; ++k) to[k] = from[k] * inverse;
    }
  });
}

template <typename T>
void CentreRows(const std::vector<T>& centre, RowSet<T>* set) {
  const int64_t D = set->D;
  const T share = set->cosine() ? T(0.5) : T(1);  // kCosine is |u|^2 / 2
  const RowKernels<T>& kernels = BestRowKernels<T>();
  ParallelFor(set->B, 2 * D, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* const row = set->rows.data() + i * D;
      set->squares[i] =
          share * kernels.centre(row, centre.data(), D);
    }
  });
}

template <typename T>
void SetShape(Distance distance, const T* x, int64_t bank, int64_t B,
              int64_t D, RowSet<T>* set) {
  CHECK(distance != Distance::kL1);
  CHECK_LT(B, std::numeric_limits<int32_t>::max());
  set->distance = distance;
  set->B = B;
  set->D = D;
  set->bank = bank;
  set->x = x;
}

// Fills rows, squares and inverses.
template <typename T>
void Centre(RowSet<T>* set) {
  const int64_t B = set->B, D = set->D;
  set->rows.resize(B * D);
  set->squares.resize(B);
  set->inverses.resize(set->cosine() ? B : 0);
  CopyRows(set);
  CentreRows(CentreOf(set->rows.data(), B, D), set);
  for (int64_t i = 0; i < B; ++i) {
    if (!(set->squares[i] < kMostSquare<T>)) {
      FailRows(set->x, set->bank, B, D);
    }
  }
}

}  // namespace

template <typename T>
void PrepareRows(Distance distance, const T* x, int64_t B, int64_t D,
                 RowSet<T>* set) {
  SetShape(distance, x, 0, B, D, set);
  set->order.resize(B);
  std::iota(set->order.begin(), set->order.end(), 0);
  set->group.clear();
  set->anchors = set->order;
  Centre(set);
}

template <typename T>
void PrepareLabelledRows(Distance distance, const T* x, const T* labels,
                         int64_t bank, int64_t B, int64_t D, RowSet<T>* set) {
  SetShape(distance, x, bank, B, D, set);
  OrderRows(labels, set);
  ListAnchors(set);
  Centre(set);
}

#define INSTANTIATE_ROW_SET(T)                                               \
  template void CheckLabel<T>(T, int64_t);                                   \
  template void FailRows<T>(const T*, int64_t, int64_t, int64_t,             \
                            const char*);                                     \
  template void FailRowPair<T>(const NamedRow<T>&, const NamedRow<T>&,        \
                               int64_t, int64_t);                            \
  template void PrepareRows<T>(Distance, const T*, int64_t, int64_t,         \
                               RowSet<T>*);                                  \
  template void PrepareLabelledRows<T>(Distance, const T*, const T*, int64_t, \
                                       int64_t, int64_t, RowSet<T>*)
INSTANTIATE_ROW_SET(float);
INSTANTIATE_ROW_SET(double);

}  // namespace metric
}  // namespace caffe
