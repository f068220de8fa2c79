// Random numbers on the device: each thread seeks the place of its number in
// Caffe::rng()'s stream, so they are those that the CPU draws, up to what log,
// cosine and square root differ in.
#include "core/device.cuh"
#include "caffe/util/math_functions.hpp"

namespace caffe {
namespace {

// Calls draw(rng, i) with the generator where the i-th of n numbers begins,
// each of which takes so many words; then the stream goes on behind them.
template <typename Draw>
void DrawEach(int n, uint64_t words, Draw draw) {
  const Rng now = Caffe::rng();
  const uint64_t seed = now.seed(), stream = now.stream();
  const uint64_t start = now.position();
  ForEach(n, [=] __device__(int64_t i) {
    Rng rng(seed, stream);
    rng.Seek(start + words * i);
    draw(&rng, i);
  });
  Caffe::rng().Seek(start + words * n);
}

}  // namespace

template <typename Dtype>
void caffe_gpu_rng_uniform(int n, Dtype a, Dtype b, Dtype* r) {
  CHECK_GE(n, 0);
  CHECK_LE(a, b);
  constexpr uint64_t kWords = 2;
  DrawEach(n, kWords, [=] __device__(Rng* rng, int64_t i) {
    const Dtype draw = static_cast<Dtype>(rng->Uniform(a, b));
    r[i] = draw < b || a == b ? draw : a;
  });
}

template <typename Dtype>
void caffe_gpu_rng_gaussian(int n, Dtype mu, Dtype sigma, Dtype* r) {
  CHECK_GE(n, 0);
  CHECK_GE(sigma, 0);
  constexpr uint64_t kWords = 4;
  DrawEach(n, kWords, [=] __device__(Rng* rng, int64_t i) {
    r[i] = static_cast<Dtype>(mu + sigma * rng->Gaussian());
  });
}

#define INSTANTIATE_GPU_RANDOM(Dtype)                                    \
  template void caffe_gpu_rng_uniform<Dtype>(int, Dtype, Dtype, Dtype*); \
  template void caffe_gpu_rng_gaussian<Dtype>(int, Dtype, Dtype, Dtype*)

INSTANTIATE_GPU_RANDOM(float);
INSTANTIATE_GPU_RANDOM(double);

}  // namespace caffe
