// The N-pair loss on the CPU.
#include "caffe/loss/n_pair.hpp"

#include <algorithm>
#include <limits>

#include "caffe/loss/triplet.hpp"
#include "caffe/pairwise/distances.hpp"
#include "caffe/util/math_functions.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

namespace {

// Checks the rows, and sums their squares.
template <typename T>
void MeasureRows(const T* x, const T* labels, int64_t bank, int64_t B,
                 int64_t D, NPairBatch<T>* batch) {
  const int64_t A = B - bank;
  batch->sums.assign(A, NPairSums());
  ParallelFor(A, 2 * D, [&](int64_t begin, int64_t end) {
    for (int64_t a = begin; a < end; ++a) {
      const T* const row = x + (bank + a) * D;
      batch->sums[a].squares =
          RowLaneSum<T>(D, [=](int64_t k) { return row[k] * row[k]; });
    }
  });
  for (int64_t a = 0; a < A; ++a) {
    CheckLabel(labels[bank + a], a);
    if (!(batch->sums[a].squares < kMostSquare<T>)) FailRows(x, bank, B, D);
  }
}

// Which rows are keys, and the partner of each row that begins a pair.
template <typename T>
void ChoosePairs(const NPairOptions& options, const T* labels, int64_t bank,
                 int64_t B, NPairBatch<T>* batch) {
  batch->key.assign(B, 1);
  batch->partner.assign(B - bank, -1);
  if (!options.disjoint) return;
  ParallelFor(B - bank, B - bank, [&](int64_t begin, int64_t end) {
    for (int64_t i = bank + begin; i < bank + end; ++i) {
      const int64_t before =
          std::count(labels + bank, labels + i, labels[i]);
      batch->key[i] = before % 2 == 1;
      if (batch->key[i]) continue;
      const T* const next = std::find(labels + i + 1, labels + B, labels[i]);
      if (next != labels + B) {
        batch->partner[i - bank] = static_cast<int32_t>(next - labels);
      }
    }
  });
}

// One row's products s, which become slopes.
template <typename T>
class NPairRow {
 public:
  NPairRow(const NPairOptions& options, const T* labels, int64_t bank,
           int64_t B, int64_t a, NPairBatch<T>* batch)
      : options_(options),
        labels_(labels),
        B_(B),
        i_(bank + a),
        partner_(batch->partner[a]),
        key_(batch->key.data()),
        s_(batch->slopes.data() + a * B),
        sums_(&batch->sums[a]) {}

  void Run() {
    SumKeys();
    if (keys_ == 0) {
      std::fill_n(s_, B_, T(0));
      return;
    }
    const T share = static_cast<T>(AddPairs() / sum_);
    for (int64_t j = 0; j < B_; ++j) {
      if (IsKey(j)) {
        s_[j] *= share;
      } else if (!IsPair(j)) {
        s_[j] = 0;
      }
    }
  }

 private:
  bool IsKey(int64_t j) const {
    return key_[j] != 0 && labels_[j] != labels_[i_];
  }
  bool IsPair(int64_t j) const {
    if (options_.disjoint) return j == partner_;
    return j != i_ && labels_[j] == labels_[i_];
  }

  // The sum over the keys, relative to the greatest term, and its logarithm;
  // the terms take the products' place. A row that begins no pair has no keys.
  void SumKeys() {
    if (options_.disjoint && partner_ < 0) return;
    T most = -std::numeric_limits<T>::infinity();
    for (int64_t j = 0; j < B_; ++j) {
      if (!IsKey(j)) continue;
      ++keys_;
      most = std::max(most, s_[j]);
    }
    for (int64_t j = 0; j < B_; ++j) {
      if (!IsKey(j)) continue;
      s_[j] = std::exp(s_[j] - most);
      sum_ += s_[j];
    }
    log_ = most + static_cast<T>(std::log(sum_));
  }

  // The losses and slopes of the pairs; returns the sum of q.
  double AddPairs() {
    double pull = 0;
    for (int64_t p = 0; p < B_; ++p) {
      if (!IsPair(p)) continue;
      const T h = log_ - s_[p];
      const T slope = HingeSlope(Hinge::kSoft, h);
      s_[p] = -slope;
      pull += slope;
      sums_->loss += HingeValue(Hinge::kSoft, h);
      sums_->pairs += 1;
      sums_->active += h > 0;
      sums_->collapsed += std::log1p(static_cast<double>(keys_));
    }
    return pull;
  }

  const NPairOptions& options_;
  const T* const labels_;
  const int64_t B_;
  const int64_t i_;
  const int32_t partner_;
  const char* const key_;
  T* const s_;
  NPairSums* const sums_;
  int64_t keys_ = 0;
  double sum_ = 0;
  T log_ = 0;
};

// Both rows of a pair get what each has as its first: s(a, b) + s(b, a), in
// tiles that stay in cache.
template <typename T>
void SymmetriseSlopes(int64_t bank, int64_t B, T* slopes) {
  constexpr int64_t kTile = 32;
  const int64_t A = B - bank, tiles = (A + kTile - 1) / kTile;
  ParallelFor(tiles, A * kTile, [=](int64_t first, int64_t last) {
    for (int64_t t = first * kTile; t < last * kTile; t += kTile) {
      for (int64_t u = t; u < A; u += kTile) {
        for (int64_t a = t; a < std::min(A, t + kTile); ++a) {
          for (int64_t b = std::max(u, a + 1); b < std::min(A, u + kTile);
               ++b) {
            T* const one = slopes + a * B + bank + b;
            T* const other = slopes + b * B + bank + a;
            *one += *other;
            *other = *one;
          }
        }
      }
    }
  });
}

}  // namespace

template <typename T>
NPairSums NPairForward(const NPairOptions& options, const T* x,
                       const T* labels, int64_t bank, int64_t B, int64_t D,
                       NPairBatch<T>* batch) {
  const int64_t A = B - bank;
  NPairSums all;
  if (A == 0) return all;
  MeasureRows(x, labels, bank, B, D, batch);
  ChoosePairs(options, labels, bank, B, batch);
  if (static_cast<int64_t>(batch->slopes.size()) < A * B) {
    batch->slopes.resize(A * B);
  }
  T* const slopes = batch->slopes.data();
  caffe_cpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(A),
                 static_cast<int>(B), static_cast<int>(D), T(1), x + bank * D,
                 x, T(0), slopes);
  ParallelFor(A, 16 * B, [&](int64_t begin, int64_t end) {
    for (int64_t a = begin; a < end; ++a) {
      NPairRow<T>(options, labels, bank, B, a, batch).Run();
    }
  });
  SymmetriseSlopes(bank, B, slopes);
  for (const NPairSums& one : batch->sums) {
    all.loss += one.loss;
    all.pairs += one.pairs;
    all.active += one.active;
    all.collapsed += one.collapsed;
    all.squares += one.squares;
  }
  return all;
}

template <typename T>
void NPairBackward(const NPairOptions& options, const NPairSums& sums,
                   const T* x, T scale, int64_t bank, int64_t B, int64_t D,
                   NPairBatch<T>* batch, T* dx) {
  const int64_t A = B - bank;
  if (A == 0) return;
  caffe_cpu_gemm(CblasNoTrans, CblasNoTrans, static_cast<int>(A),
                 static_cast<int>(D), static_cast<int>(B),
                 scale * static_cast<T>(NPairWeight(options, sums.pairs)),
                 batch->slopes.data(), x, T(0), dx);
  const T l2 = scale * static_cast<T>(2 * options.l2 / A);
  if (l2 == 0) return;
  caffe_axpy(static_cast<int>(A * D), l2, x + bank * D, dx);
}

#define INSTANTIATE_N_PAIR(T)                                               \
  template NPairSums NPairForward<T>(const NPairOptions&, const T*,         \
                                     const T*, int64_t, int64_t, int64_t,   \
                                     NPairBatch<T>*);                       \
  template void NPairBackward<T>(const NPairOptions&, const NPairSums&,     \
                                 const T*, T, int64_t, int64_t, int64_t,    \
                                 NPairBatch<T>*, T*)
INSTANTIATE_N_PAIR(float);
INSTANTIATE_N_PAIR(double);

}  // namespace metric
}  // namespace caffe
