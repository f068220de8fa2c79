// The device passes of triplet.hpp, with row_lanes.cuh. Forward reads each of
// a, p, n once, and adds the losses up by block, then over the blocks, in an
// order that N and D alone decide; backward reads each once and writes each
// diff once. The cosine distance needs the norms of both rows before its first
// term, so its rows are gone over twice: the sum for |v|^2 that one sweep could
// make from products loses the digits of near-parallel rows. The rows wait in
// shared memory meanwhile, up to kMostKept.
#include "pairwise/for_distance.hpp"
#include "pairwise/reduce.cuh"
#include "pairwise/row_lanes.cuh"
#include "caffe/loss/triplet.hpp"

namespace caffe {
namespace metric {

namespace {

enum Bottom { kAnchor, kPositive, kNegative, kBottoms };

// Fills the pairs from a sweep of all that they need.
template <int W, typename T, typename Rows>
__device__ void FillCosinePairs(const Rows& rows, int64_t D, int first,
                                CosinePair<T>* positive,
                                CosinePair<T>* negative) {
  T aa[W] = {}, pp[W] = {}, nn[W] = {}, ap[W] = {}, an[W] = {};
  SweepRow(rows, D, first, [&](const RowPacks<T, W, kBottoms>& x) {
#pragma unroll
    for (int c = 0; c < W; ++c) {
      const T a = x.of[kAnchor].v[c];
      const T p = x.of[kPositive].v[c];
      const T n = x.of[kNegative].v[c];
      aa[c] += a * a;
      pp[c] += p * p;
      nn[c] += n * n;
      ap[c] += (a - p) * (a + p);
      an[c] += (a - n) * (a + n);
    }
  });
  const T inverse_a = InverseNorm(SumOfLanes(aa));
  *positive = MakeCosinePair(inverse_a, InverseNorm(SumOfLanes(pp)),
                             SumOfLanes(ap));
  *negative = MakeCosinePair(inverse_a, InverseNorm(SumOfLanes(nn)),
                             SumOfLanes(an));
}

template <Distance kind, int W, typename T, typename Rows>
__device__ void FillDistances(const Rows& rows, int64_t D, int first, T* row) {
  CosinePair<T> positive, negative;
  if (kind == Distance::kCosine) {
    FillCosinePairs<W>(rows, D, first, &positive, &negative);
  }
  row[kInverseAnchor] = positive.inverse_x;
  row[kInversePositive] = positive.inverse_y;
  row[kInverseNegative] = negative.inverse_y;
  row[kRadialPositive] = positive.radial;
  row[kRadialNegative] = negative.radial;
  T to_positive[W] = {}, to_negative[W] = {};
  SweepRow(rows, D, first, [&](const RowPacks<T, W, kBottoms>& x) {
#pragma unroll
    for (int c = 0; c < W; ++c) {
      const T a = x.of[kAnchor].v[c];
      to_positive[c] +=
          DistanceTerm<kind>(a, x.of[kPositive].v[c], positive);
      to_negative[c] +=
          DistanceTerm<kind>(a, x.of[kNegative].v[c], negative);
    }
  });
  row[kPositiveDistance] =
      DistanceFromSum<kind>(SumOfLanes(to_positive), positive);
  row[kNegativeDistance] =
      DistanceFromSum<kind>(SumOfLanes(to_negative), negative);
}

template <Distance kind, int W, bool kKept, typename T>
__global__ void ForwardKernel(TripletOptions options, const T* a, const T* p,
                              const T* n, const T* weights, int64_t N,
                              int64_t D, T* rows, RowSum* sums) {
  const RowPlace<W> at(N);
  const RowsInPlace<T, W, kBottoms> bottoms = {
      {a + at.row * D, p + at.row * D, n + at.row * D}};
  T row[kTripletRowSize];
  if constexpr (kKept) {
    const RowsKept<T, W, kBottoms> kept(bottoms, D, at.first);
    FillDistances<kind, W>(kept, D, at.first, row);
  } else {
    FillDistances<kind, W>(bottoms, D, at.first, row);
  }
  RowSum sum;
  if (at.leads()) {
    FinishTripletRow(options, weights == nullptr ? T(1) : weights[at.row],
                     row);
    constexpr int kUsed =
        kind == Distance::kCosine ? kTripletRowSize : kInverseAnchor;
    for (int k = 0; k < kUsed; ++k) {
      rows[at.row * kTripletRowSize + k] = row[k];
    }
    sum.Add(row[kRowLoss]);
  }
  sum = SumOfBlock(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// Runs the rows; sets *sums to those of the blocks and returns their number.
template <Distance kind, int W, typename T>
int RunForward(const TripletOptions& options, const T* a, const T* p,
               const T* n, const T* weights, int64_t N, int64_t D, T* rows,
               RowSum** sums) {
  const int64_t kept = KeptBytes<T, W>(D, kBottoms);
  const bool keep = kind == Distance::kCosine && kept <= kMostKept;
  const int threads = keep ? kKeepingThreads : kBlockThreads;
  const int blocks = BlocksForRows<W>(N, threads);
  *sums = ScratchSums(blocks);
  if (blocks == 0) return 0;
  Launch(keep ? ForwardKernel<kind, W, kind == Distance::kCosine, T>
              : ForwardKernel<kind, W, false, T>,
         blocks, threads, keep ? kept : 0, options, a, p, n, weights, N, D,
         rows, *sums);
  return blocks;
}

template <Distance kind, typename T>
int ForwardRows(const TripletOptions& options, const T* a, const T* p,
                const T* n, const T* weights, int64_t N, int64_t D, T* rows,
                RowSum** sums) {
  const bool wide = D % kWide<T> == 0 && AlignedForPacks(a, p, n);
  return (wide ? RunForward<kind, kWide<T>, T> : RunForward<kind, 1, T>)(
      options, a, p, n, weights, N, D, rows, sums);
}

// What a row's gradients need, with the scale in the slopes.
template <Distance kind, typename T>
__device__ bool LoadRow(const T* rows, int64_t i, T scale, T* row) {
  constexpr int kUsed =
      kind == Distance::kCosine ? kTripletRowSize : kInverseAnchor;
  for (int k = 0; k < kUsed; ++k) row[k] = rows[i * kTripletRowSize + k];
  if (row[kPositiveSlope] == 0 && row[kNegativeSlope] == 0) return false;
  row[kPositiveSlope] *= scale;
  row[kNegativeSlope] *= scale;
  return true;
}

// One thread a pack. `columns` is the packs of a row.
template <Distance kind, int W, typename T>
__global__ void BackwardKernel(const T* a, const T* p, const T* n,
                               const T* rows, const T* factor,
                               const T* loss_diff, int64_t packs,
                               Divisor columns, T* da, T* dp, T* dn) {
  const int64_t pack =
      static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (pack >= packs) return;
  const int64_t k = pack * W;
  Pack<T, W> to_a = {}, to_p = {}, to_n = {};
  T row[kTripletRowSize];
  if (LoadRow<kind>(rows, columns.Quotient(pack), *factor * *loss_diff,
                    row)) {
    const Pack<T, W> x = LoadPack<W>(a + k);
    const Pack<T, W> y = LoadPack<W>(p + k);
    const Pack<T, W> z = LoadPack<W>(n + k);
#pragma unroll
    for (int c = 0; c < W; ++c) {
      to_a.v[c] = AnchorGradient<kind>(row, x.v[c], y.v[c], z.v[c]);
      to_p.v[c] = PositiveGradient<kind>(row, x.v[c], y.v[c]);
      to_n.v[c] = NegativeGradient<kind>(row, x.v[c], z.v[c]);
    }
  }
  if (da != nullptr) StorePack(to_a, da + k);
  if (dp != nullptr) StorePack(to_p, dp + k);
  if (dn != nullptr) StorePack(to_n, dn + k);
}

template <Distance kind, int W, typename T>
void RunBackward(const T* a, const T* p, const T* n, const T* rows,
                 const T* factor, const T* loss_diff, int64_t N, int64_t D,
                 T* da, T* dp, T* dn) {
  const int64_t packs = N * D / W;
  if (packs == 0) return;
  CHECK_LE(packs, INT32_MAX);
  Launch(BackwardKernel<kind, W, T>,
         static_cast<int>((packs + kBlockThreads - 1) / kBlockThreads),
         kBlockThreads, 0, a, p, n, rows, factor, loss_diff, packs,
         Divisor(D / W), da, dp, dn);
}

template <Distance kind, typename T>
void BackwardRows(const T* a, const T* p, const T* n, const T* rows,
                  const T* factor, const T* loss_diff, int64_t N, int64_t D,
                  T* da, T* dp, T* dn) {
  const bool wide =
      D % kWide<T> == 0 && AlignedForPacks(a, p, n, da, dp, dn);
  (wide ? RunBackward<kind, kWide<T>, T> : RunBackward<kind, 1, T>)(
      a, p, n, rows, factor, loss_diff, N, D, da, dp, dn);
}

}  // namespace

template <typename T>
void TripletForwardGpu(const TripletOptions& options, const T* a, const T* p,
                       const T* n, const T* weights, int64_t N, int64_t D,
                       T* rows, T* loss, T* factor, double* totals) {
  RowSum* sums;
  const int blocks = ForDistance(options.distance, [&](auto kind) {
    return ForwardRows<kind>(options, a, p, n, weights, N, D, rows, &sums);
  });
  const TripletOptions chosen = options;
  FinishSums(blocks, sums, [=] __device__(double sum, int64_t with_loss) {
    const double scale = TripletFactor(chosen, N, with_loss);
    *loss = static_cast<T>(scale * sum);
    *factor = static_cast<T>(scale);
    totals[kTripletLossSum] = sum;
    totals[kTripletWeightSum] = static_cast<double>(N);
    totals[kTripletWeighted] = static_cast<double>(N);
    totals[kTripletActive] = static_cast<double>(with_loss);
  });
  // Without more, a loss above 0 is a hinge above 0.
  if (options.hinge == Hinge::kHard && options.intra_weight == 0 &&
      weights == nullptr) {
    return;
  }
  SumRows(
      N,
      [=] __device__(int64_t i) {
        if (weights != nullptr && !(weights[i] > 0)) return 0.;
        return static_cast<double>(
            TripletHinge(chosen, rows + i * kTripletRowSize));
      },
      [=] __device__(double, int64_t active) {
        totals[kTripletActive] = static_cast<double>(active);
      });
  if (weights == nullptr) return;
  SumRows(
      N,
      [=] __device__(int64_t i) { return static_cast<double>(weights[i]); },
      [=] __device__(double sum, int64_t weighted) {
        totals[kTripletWeightSum] = sum;
        totals[kTripletWeighted] = static_cast<double>(weighted);
      });
}

template <typename T>
void TripletBackwardGpu(const TripletOptions& options, const T* a, const T* p,
                        const T* n, const T* rows, const T* factor,
                        const T* loss_diff, int64_t N, int64_t D, T* da, T* dp,
                        T* dn) {
  ForDistance(options.distance, [&](auto kind) {
    BackwardRows<kind>(a, p, n, rows, factor, loss_diff, N, D, da, dp, dn);
  });
}

#define INSTANTIATE_TRIPLET_GPU(T)                                            \
  template void TripletForwardGpu<T>(const TripletOptions&, const T*,         \
                                     const T*, const T*, const T*, int64_t,   \
                                     int64_t, T*, T*, T*, double*);           \
  template void TripletBackwardGpu<T>(const TripletOptions&, const T*,        \
                                      const T*, const T*, const T*, const T*, \
                                      const T*, int64_t, int64_t, T*, T*, T*)
INSTANTIATE_TRIPLET_GPU(float);
INSTANTIATE_TRIPLET_GPU(double);

}  // namespace metric
}  // namespace caffe
