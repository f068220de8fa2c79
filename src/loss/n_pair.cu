// The N-pair loss on the device: one block of threads a row of the batch.
#include <algorithm>

#include "caffe/loss/triplet.hpp"
#include "caffe/pairwise/distances.hpp"
#include "caffe/loss/n_pair.hpp"
#include "caffe/util/math_functions.hpp"
#include "core/device.hpp"
#include "pairwise/reduce.cuh"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

namespace {

template <typename T>
struct NPairPlan {
  NPairOptions options;
  const T* x;
  const T* labels;
  int64_t bank;
  int64_t A;
  int64_t B;
  int64_t D;
  T* slopes;       // A x B
  int* partner;    // A
  int* key;        // B
  double* sums;    // kNPairSums x B: a row of each of NPairSums, by row
  double* totals;  // of these, and whether all is finite

  __device__ bool IsKey(int64_t i, int64_t j) const {
    return key[j] != 0 && labels[j] != labels[i];
  }
  __device__ bool IsPair(int64_t i, int64_t j) const {
    if (options.disjoint) return j == partner[i - bank];
    return j != i && labels[j] == labels[i];
  }
};

template <typename T>
NPairPlan<T> MakeNPairPlan(const NPairOptions& options, const T* x,
                           const T* labels, int64_t bank, int64_t B,
                           int64_t D, const NPairDevice<T>& device) {
  NPairPlan<T> plan = {};
  plan.options = options;
  plan.x = x;
  plan.labels = labels;
  plan.bank = bank;
  plan.A = B - bank;
  plan.B = B;
  plan.D = D;
  plan.slopes = device.slopes;
  plan.partner = device.ints;
  plan.key = device.ints + B;
  plan.sums = device.sums;
  plan.totals = plan.sums + kNPairSums * B;
  return plan;
}

template <typename T>
void MeasureRows(const NPairPlan<T>& plan) {
  const NPairPlan<T> m = plan;
  const T most = kMostSquare<T>;
  ForEach(1, [=] __device__(int64_t) { m.totals[kNPairSums] = 1; });
  ForEachWarp(m.A, [=] __device__(int64_t a, int lane) {
    const T* const row = m.x + (m.bank + a) * m.D;
    const T square =
        WarpRowSum<T>(m.D, lane, [=](int64_t k) { return row[k] * row[k]; });
    if (lane != 0) return;
    m.sums[4 * m.B + a] = square;
    if (!(square < most) || !isfinite(m.labels[m.bank + a])) {
      m.totals[kNPairSums] = 0;
    }
  });
}

// Which rows are keys, and the partner of each row that begins a pair.
template <typename T>
void ChoosePairs(const NPairPlan<T>& plan) {
  const NPairPlan<T> m = plan;
  ForEachWarp(m.B, [=] __device__(int64_t i, int lane) {
    int before = 0, later = 0;  // later: from the end, the nearest is the most
    for (int64_t j = m.bank + lane; j < m.B; j += kWarpSize) {
      if (m.labels[j] != m.labels[i]) continue;
      before += j < i;
      if (j > i && later == 0) later = static_cast<int>(m.B - j);
    }
    before = WarpSum(before);
    later = WarpMax(later);
    if (lane != 0) return;
    const bool of_bank = i < m.bank;
    m.key[i] = !m.options.disjoint || of_bank || before % 2 == 1;
    if (of_bank) return;
    const bool begins = m.options.disjoint && before % 2 == 0 && later > 0;
    m.partner[i - m.bank] = begins ? static_cast<int>(m.B - later) : -1;
  });
}

// The keys of a row: how many there are, their sum relative to the greatest
// term, and its logarithm. The terms take the products' place.
template <typename T>
struct KeySum {
  double keys;
  double sum;
  T log;
};
template <typename T>
__device__ KeySum<T> SumKeys(const NPairPlan<T>& m, int64_t i, T* s) {
  KeySum<T> result = {};
  // A row that begins no pair has none.
  if (m.options.disjoint && m.partner[i - m.bank] < 0) return result;
  T minus = HUGE_VAL;
  double count = 0;
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    if (!m.IsKey(i, j)) continue;
    ++count;
    minus = -s[j] < minus ? -s[j] : minus;
  }
  result.keys = BlockSumToAll(count);
  minus = BlockLeastValue(minus);
  double sum = 0;
  for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
    if (!m.IsKey(i, j)) continue;
    s[j] = std::exp(s[j] + minus);
    sum += s[j];
  }
  result.sum = BlockSumToAll(sum);
  result.log = static_cast<T>(std::log(result.sum)) - minus;
  return result;
}

// The losses and slopes of row i's pairs; to all threads the sum of q.
template <typename T>
__device__ double AddPairs(const NPairPlan<T>& m, int64_t i,
                           const KeySum<T>& keys, T* s, NPairSums* sums) {
  double pull = 0;
  for (int64_t p = threadIdx.x; p < m.B; p += kBlockThreads) {
    if (!m.IsPair(i, p)) continue;
    const T h = keys.log - s[p];
    const T slope = HingeSlope(Hinge::kSoft, h);
    s[p] = -slope;
    pull += slope;
    sums->loss += HingeValue(Hinge::kSoft, h);
    sums->pairs += 1;
    sums->active += h > 0;
    sums->collapsed += std::log1p(keys.keys);
  }
  return BlockSumToAll(pull);
}

template <typename T>
__global__ void RowKernel(NPairPlan<T> m) {
  for (int64_t a = blockIdx.x; a < m.A; a += gridDim.x) {
    const int64_t i = m.bank + a;
    T* const s = m.slopes + a * m.B;
    const KeySum<T> keys = SumKeys(m, i, s);
    NPairSums sums;
    T share = 0;
    if (keys.keys > 0) {
      share = static_cast<T>(AddPairs(m, i, keys, s, &sums) / keys.sum);
    }
    for (int64_t j = threadIdx.x; j < m.B; j += kBlockThreads) {
      if (m.IsKey(i, j)) {
        s[j] = keys.keys > 0 ? share * s[j] : T(0);
      } else if (!m.IsPair(i, j) || keys.keys == 0) {
        s[j] = 0;
      }
    }
    const double values[] = {sums.loss, sums.pairs, sums.active,
                             sums.collapsed};
    for (int k = 0; k < 4; ++k) {
      const double total = BlockTotal(values[k]);
      if (threadIdx.x == 0) m.sums[k * m.B + a] = total;
    }
  }
}

// Both rows of a pair get s(a, b) + s(b, a).
template <typename T>
void SymmetriseSlopes(const NPairPlan<T>& plan) {
  const NPairPlan<T> m = plan;
  ForEach(m.A * m.A, [=] __device__(int64_t at) {
    const int64_t a = at / m.A, b = at % m.A;
    if (a >= b) return;
    T* const one = m.slopes + a * m.B + m.bank + b;
    T* const other = m.slopes + b * m.B + m.bank + a;
    *one += *other;
    *other = *one;
  });
}

template <typename T>
void FinishSums(const NPairPlan<T>& plan, T* loss) {
  const NPairPlan<T> m = plan;
  for (int k = 0; k < kNPairSums; ++k) {
    const double* const values = m.sums + k * m.B;
    double* const total = m.totals + k;
    SumRows(
        m.A, [=] __device__(int64_t a) { return values[a]; },
        [=] __device__(double sum, int64_t) { *total = sum; });
  }
  ForEach(1, [=] __device__(int64_t) {
    const NPairSums sums = {m.totals[0], m.totals[1], m.totals[2],
                            m.totals[3], m.totals[4]};
    *loss = static_cast<T>(
        NPairLoss(m.options, sums, static_cast<double>(m.A)));
  });
}

}  // namespace

template <typename T>
bool NPairForwardGpu(const NPairOptions& options, const T* x, const T* labels,
                     int64_t bank, int64_t B, int64_t D,
                     const NPairDevice<T>& device, T* loss,
                     NPairSums* result) {
  const NPairPlan<T> plan =
      MakeNPairPlan(options, x, labels, bank, B, D, device);
  MeasureRows(plan);
  if (plan.A > 0) {
    ChoosePairs(plan);
    caffe_gpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(plan.A),
                   static_cast<int>(B), static_cast<int>(D), T(1),
                   x + bank * D, x, T(0), plan.slopes);
    Launch(RowKernel<T>,
           static_cast<int>(std::min<int64_t>(plan.A, kMaxBlocks)),
           kBlockThreads, 0, plan);
    SymmetriseSlopes(plan);
  }
  FinishSums(plan, loss);
  double totals[kNPairSums + 1];
  CopyToHost(totals, plan.totals, sizeof(totals));
  *result = {totals[0], totals[1], totals[2], totals[3], totals[4]};
  return totals[kNPairSums] != 0;
}

template <typename T>
void NPairBackwardGpu(const NPairOptions& options, const NPairSums& sums,
                      const T* x, const T* loss_diff, int64_t bank, int64_t B,
                      int64_t D, const NPairDevice<T>& device, T* dx) {
  const int64_t A = B - bank;
  if (A == 0) return;
  caffe_gpu_gemm(CblasNoTrans, CblasNoTrans, static_cast<int>(A),
                 static_cast<int>(D), static_cast<int>(B),
                 static_cast<T>(NPairWeight(options, sums.pairs)),
                 device.slopes, x, T(0), dx);
  const T l2 = static_cast<T>(2 * options.l2 / A);
  const T* const own = x + bank * D;
  ForEach(A * D, [=] __device__(int64_t k) {
    dx[k] = *loss_diff * (dx[k] + l2 * own[k]);
  });
}

#define INSTANTIATE_N_PAIR_GPU(T)                                          \
  template bool NPairForwardGpu<T>(const NPairOptions&, const T*,          \
                                   const T*, int64_t, int64_t, int64_t,    \
                                   const NPairDevice<T>&, T*, NPairSums*); \
  template void NPairBackwardGpu<T>(                                       \
      const NPairOptions&, const NPairSums&, const T*, const T*, int64_t,  \
      int64_t, int64_t, const NPairDevice<T>&, T*)
INSTANTIATE_N_PAIR_GPU(float);
INSTANTIATE_N_PAIR_GPU(double);

}  // namespace metric
}  // namespace caffe
