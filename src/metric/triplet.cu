// The device passes of triplet.hpp: one warp a row forward, then one block for
// the sum; one thread a coordinate backward.
#include "caffe/metric/reduce.cuh"
#include "caffe/metric/triplet.hpp"

namespace caffe {
namespace metric {

namespace {

template <typename T>
__device__ T WarpInverseNorm(const T* x, int64_t D, int lane) {
  return InverseNorm(
      WarpRowSum<T>(D, lane, [=](int64_t k) { return x[k] * x[k]; }));
}

template <typename T>
__device__ CosinePair<T> WarpCosinePair(const T* x, const T* y, T inverse_x,
                                        T inverse_y, int64_t D, int lane) {
  return MakeCosinePair(
      inverse_x, inverse_y, WarpRowSum<T>(D, lane, [=](int64_t k) {
        return (x[k] - y[k]) * (x[k] + y[k]);
      }));
}

template <Distance kind, typename T>
__device__ void FillDistances(const T* a, const T* p, const T* n, int64_t D,
                              int lane, T* row) {
  CosinePair<T> positive, negative;
  if (kind == Distance::kCosine) {
    const T ia = WarpInverseNorm(a, D, lane);
    positive =
        WarpCosinePair(a, p, ia, WarpInverseNorm(p, D, lane), D, lane);
    negative =
        WarpCosinePair(a, n, ia, WarpInverseNorm(n, D, lane), D, lane);
  }
  row[kInverseAnchor] = positive.inverse_x;
  row[kInversePositive] = positive.inverse_y;
  row[kInverseNegative] = negative.inverse_y;
  row[kRadialPositive] = positive.radial;
  row[kRadialNegative] = negative.radial;
  row[kPositiveDistance] = DistanceFromSum<kind>(
      WarpRowSum<T>(D, lane,
                    [=](int64_t k) {
                      return DistanceTerm<kind>(a[k], p[k], positive);
                    }),
      positive);
  row[kNegativeDistance] = DistanceFromSum<kind>(
      WarpRowSum<T>(D, lane,
                    [=](int64_t k) {
                      return DistanceTerm<kind>(a[k], n[k], negative);
                    }),
      negative);
}

template <Distance kind, typename T>
void ForwardRows(const TripletOptions& options, const T* a, const T* p,
                 const T* n, const T* weights, int64_t N, int64_t D, T* rows) {
  const TripletOptions chosen = options;
  ForEachWarp(N, [=] __device__(int64_t i, int lane) {
    T row[kTripletRowSize];
    FillDistances<kind>(a + i * D, p + i * D, n + i * D, D, lane, row);
    if (lane != 0) return;
    FinishTripletRow(chosen, weights == nullptr ? T(1) : weights[i], row);
    for (int k = 0; k < kTripletRowSize; ++k) {
      rows[i * kTripletRowSize + k] = row[k];
    }
  });
}

template <Distance kind, typename T>
void BackwardRows(const T* a, const T* p, const T* n, const T* rows,
                  const T* factor, const T* loss_diff, int64_t N, int64_t D,
                  T* da, T* dp, T* dn) {
  ForEach(N * D, [=] __device__(int64_t k) {
    const T* row = rows + k / D * kTripletRowSize;
    const bool active = row[kPositiveSlope] != 0 || row[kNegativeSlope] != 0;
    const T scale = *factor * *loss_diff;
    if (da != nullptr) {
      da[k] = active ? scale * AnchorGradient<kind>(row, a[k], p[k], n[k])
                     : T(0);
    }
    if (dp != nullptr) {
      dp[k] = active ? scale * PositiveGradient<kind>(row, a[k], p[k]) : T(0);
    }
    if (dn != nullptr) {
      dn[k] = active ? scale * NegativeGradient<kind>(row, a[k], n[k]) : T(0);
    }
  });
}

}  // namespace

template <typename T>
void TripletForwardGpu(const TripletOptions& options, const T* a, const T* p,
                       const T* n, const T* weights, int64_t N, int64_t D,
                       T* rows, T* loss, T* factor) {
  auto forward = &ForwardRows<Distance::kSquaredL2, T>;
  switch (options.distance) {
    case Distance::kSquaredL2:
      break;
    case Distance::kL2:
      forward = &ForwardRows<Distance::kL2, T>;
      break;
    case Distance::kCosine:
      forward = &ForwardRows<Distance::kCosine, T>;
      break;
    case Distance::kL1:
      forward = &ForwardRows<Distance::kL1, T>;
      break;
  }
  forward(options, a, p, n, weights, N, D, rows);
  const TripletOptions chosen = options;
  SumRows(
      N,
      [=] __device__(int64_t i) {
        return rows[i * kTripletRowSize + kRowLoss];
      },
      [=] __device__(double sum, int64_t active) {
        const double scale = TripletFactor(chosen, N, active);
        *loss = static_cast<T>(scale * sum);
        *factor = static_cast<T>(scale);
      });
}

template <typename T>
void TripletBackwardGpu(const TripletOptions& options, const T* a, const T* p,
                        const T* n, const T* rows, const T* factor,
                        const T* loss_diff, int64_t N, int64_t D, T* da, T* dp,
                        T* dn) {
  auto backward = &BackwardRows<Distance::kSquaredL2, T>;
  switch (options.distance) {
    case Distance::kSquaredL2:
      break;
    case Distance::kL2:
      backward = &BackwardRows<Distance::kL2, T>;
      break;
    case Distance::kCosine:
      backward = &BackwardRows<Distance::kCosine, T>;
      break;
    case Distance::kL1:
      backward = &BackwardRows<Distance::kL1, T>;
      break;
  }
  backward(a, p, n, rows, factor, loss_diff, N, D, da, dp, dn);
}

#define INSTANTIATE_TRIPLET_GPU(T)                                            \
  template void TripletForwardGpu<T>(const TripletOptions&, const T*,         \
                                     const T*, const T*, const T*, int64_t,   \
                                     int64_t, T*, T*, T*);                    \
  template void TripletBackwardGpu<T>(const TripletOptions&, const T*,        \
                                      const T*, const T*, const T*, const T*, \
                                      const T*, int64_t, int64_t, T*, T*, T*)
INSTANTIATE_TRIPLET_GPU(float);
INSTANTIATE_TRIPLET_GPU(double);

}  // namespace metric
}  // namespace caffe
