// Functions of single values over whole arrays on the device, 16 bytes an
// access where the arrays allow it. Included by .cu files alone.
#ifndef TERCET_MATH_MAP_CUH_
#define TERCET_MATH_MAP_CUH_

#include <cstdint>

#include "core/device.cuh"

namespace caffe {

template <typename Y, int W, typename F, typename... X>
__device__ inline Pack<Y, W> MapPack(const F& f, const Pack<X, W>&... x) {
  Pack<Y, W> y;
#pragma unroll
  for (int c = 0; c < W; ++c) y.v[c] = f(x.v[c]...);
  return y;
}

// One thread a pack; what is left over falls to the last one.
template <int W, typename F, typename Y, typename... X>
__global__ void MapKernel(int64_t n, F f, Y* y, const X*... x) {
  const int64_t i =
      (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * W;
  if (i + W <= n) {
    StorePack(MapPack<Y, W, F, X...>(f, LoadPack<W>(x + i)...), y + i);
    return;
  }
  for (int64_t k = i; k < n; ++k) y[k] = f(x[k]...);
}

template <int W, typename F, typename Y, typename... X>
void LaunchMap(int64_t n, F f, Y* y, const X*... x) {
  const int64_t packs = (n + W - 1) / W;
  Launch(MapKernel<W, F, Y, X...>,
         static_cast<int>((packs + kBlockThreads - 1) / kBlockThreads),
         kBlockThreads, 0, n, f, y, x...);
}

// y[i] = f(x[i]...) for each i of 0 ... n-1, of any number of arrays x, each
// of which may be y itself and has values no larger than those of y.
template <typename F, typename Y, typename... X>
void Map(int64_t n, F f, Y* y, const X*... x) {
  if (n <= 0) return;
  if (AlignedForPacks(y, x...)) {
    LaunchMap<kWide<Y>>(n, f, y, x...);
  } else {
    LaunchMap<1>(n, f, y, x...);
  }
}

}  // namespace caffe

#endif  // TERCET_MATH_MAP_CUH_
