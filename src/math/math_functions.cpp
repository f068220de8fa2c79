// Vector arithmetic on the host: loops that the compiler vectorises, spread
// over the threads where they are long. Sums go through fixed blocks.
#include "caffe/util/math_functions.hpp"

#include <algorithm>

#include "core/device.hpp"
#include "core/parallel.hpp"

namespace caffe {
namespace {

// y[i] = f(i)
template <typename Dtype, typename F>
void Map(int n, Dtype* y, const F& f) {
  ParallelFor(n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = f(i);
  });
}

// As Map, for functions that cost much more than an addition.
template <typename Dtype, typename F>
void MapCostly(int n, Dtype* y, const F& f) {
  ParallelFor(n, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = f(i);
  });
}

}  // namespace

template <typename Dtype>
void caffe_axpy(int N, Dtype alpha, const Dtype* X, Dtype* Y) {
  Map(N, Y, [=](int64_t i) { return Y[i] + alpha * X[i]; });
}

template <typename Dtype>
void caffe_cpu_axpby(int N, Dtype alpha, const Dtype* X, Dtype beta,
                     Dtype* Y) {
  Map(N, Y, [=](int64_t i) { return alpha * X[i] + beta * Y[i]; });
}

template <typename Dtype>
void caffe_scal(int N, Dtype alpha, Dtype* X) {
  Map(N, X, [=](int64_t i) { return alpha * X[i]; });
}

template <typename Dtype>
void caffe_cpu_scale(int n, Dtype alpha, const Dtype* x, Dtype* y) {
  Map(n, y, [=](int64_t i) { return alpha * x[i]; });
}

template <typename Dtype>
void caffe_add_scalar(int N, Dtype alpha, Dtype* X) {
  Map(N, X, [=](int64_t i) { return X[i] + alpha; });
}

template <typename Dtype>
void caffe_set(int N, Dtype alpha, Dtype* X) {
  ParallelFor(N, 1, [=](int64_t begin, int64_t end) {
    std::fill(X + begin, X + end, alpha);
  });
}

template <typename Dtype>
void caffe_copy(int N, const Dtype* X, Dtype* Y) {
  if (X == Y || N == 0) return;
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    CopyBetween(Y, X, sizeof(Dtype) * N);
    return;
  }
#endif
  ParallelFor(N, 1, [=](int64_t begin, int64_t end) {
    std::memcpy(Y + begin, X + begin, sizeof(Dtype) * (end - begin));
  });
}

template <typename Dtype>
void caffe_add(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(N, y, [=](int64_t i) { return a[i] + b[i]; });
}

template <typename Dtype>
void caffe_sub(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(N, y, [=](int64_t i) { return a[i] - b[i]; });
}

template <typename Dtype>
void caffe_mul(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(N, y, [=](int64_t i) { return a[i] * b[i]; });
}

template <typename Dtype>
void caffe_div(int N, const Dtype* a, const Dtype* b, Dtype* y) {
  Map(N, y, [=](int64_t i) { return a[i] / b[i]; });
}

template <typename Dtype>
void caffe_sqr(int N, const Dtype* a, Dtype* y) {
  Map(N, y, [=](int64_t i) { return a[i] * a[i]; });
}

template <typename Dtype>
void caffe_sqrt(int N, const Dtype* a, Dtype* y) {
  Map(N, y, [=](int64_t i) { return std::sqrt(a[i]); });
}

template <typename Dtype>
void caffe_exp(int n, const Dtype* a, Dtype* y) {
  MapCostly(n, y, [=](int64_t i) { return std::exp(a[i]); });
}

template <typename Dtype>
void caffe_log(int n, const Dtype* a, Dtype* y) {
  MapCostly(n, y, [=](int64_t i) { return std::log(a[i]); });
}

template <typename Dtype>
void caffe_abs(int n, const Dtype* a, Dtype* y) {
  Map(n, y, [=](int64_t i) { return std::fabs(a[i]); });
}

template <typename Dtype>
void caffe_powx(int n, const Dtype* a, Dtype b, Dtype* y) {
  MapCostly(n, y, [=](int64_t i) { return std::pow(a[i], b); });
}

template <typename Dtype>
void caffe_cpu_sign(int n, const Dtype* x, Dtype* y) {
  Map(n, y, [=](int64_t i) {
    return static_cast<Dtype>((Dtype(0) < x[i]) - (x[i] < Dtype(0)));
  });
}

template <typename Dtype>
Dtype caffe_cpu_strided_dot(int n, const Dtype* x, int incx, const Dtype* y,
                            int incy) {
  const int64_t step_x = incx, step_y = incy;
  return static_cast<Dtype>(
      ParallelSum<double>(n, [=](int64_t begin, int64_t end) {
        double sum = 0;
        for (int64_t i = begin; i < end; ++i) {
          sum += static_cast<double>(x[i * step_x]) * y[i * step_y];
        }
        return sum;
      }));
}

template <typename Dtype>
Dtype caffe_cpu_dot(int n, const Dtype* x, const Dtype* y) {
  return static_cast<Dtype>(
      ParallelSum<double>(n, [=](int64_t begin, int64_t end) {
        return LaneSum(begin, end, [=](int64_t i) {
          return static_cast<double>(x[i]) * y[i];
        });
      }));
}

template <typename Dtype>
Dtype caffe_cpu_asum(int n, const Dtype* x) {
  return static_cast<Dtype>(
      ParallelSum<double>(n, [=](int64_t begin, int64_t end) {
        return LaneSum(begin, end, [=](int64_t i) {
          return std::fabs(static_cast<double>(x[i]));
        });
      }));
}

unsigned int caffe_rng_rand() { return Caffe::rng().Uint32(); }

template <typename Dtype>
void caffe_rng_uniform(int n, Dtype a, Dtype b, Dtype* r) {
  CHECK_GE(n, 0);
  CHECK_LE(a, b);
  for (int i = 0; i < n; ++i) {
    // Rounding to float may reach b itself; a stays possible, b does not.
    const Dtype draw = static_cast<Dtype>(Caffe::rng().Uniform(a, b));
    r[i] = draw < b || a == b ? draw : a;
  }
}

template <typename Dtype>
void caffe_rng_gaussian(int n, Dtype mu, Dtype sigma, Dtype* r) {
  CHECK_GE(n, 0);
  CHECK_GE(sigma, 0);
  // A normal number takes four words of the stream, so each thread seeks its
  // own place in it.
  constexpr uint64_t kWords = 4;
  constexpr int64_t kWork = 64;
  const uint64_t start = Caffe::rng().position();
  ParallelFor(n, kWork, [=](int64_t begin, int64_t end) {
    Rng rng = Caffe::rng();
    rng.Seek(start + kWords * begin);
    for (int64_t i = begin; i < end; ++i) {
      r[i] = static_cast<Dtype>(mu + sigma * rng.Gaussian());
    }
  });
  Caffe::rng().Seek(start + kWords * n);
}

template <typename Dtype>
void caffe_rng_bernoulli(int n, Dtype p, int* r) {
  CHECK(p >= 0 && p <= 1);
  for (int i = 0; i < n; ++i) r[i] = Caffe::rng().Bernoulli(p) ? 1 : 0;
}

template <typename Dtype>
void caffe_rng_bernoulli(int n, Dtype p, unsigned int* r) {
  CHECK(p >= 0 && p <= 1);
  for (int i = 0; i < n; ++i) r[i] = Caffe::rng().Bernoulli(p) ? 1u : 0u;
}

#define INSTANTIATE_VECTOR_FUNCTIONS(Dtype)                                   \
  template void caffe_axpy<Dtype>(int, Dtype, const Dtype*, Dtype*);          \
  template void caffe_cpu_axpby<Dtype>(int, Dtype, const Dtype*, Dtype,       \
                                       Dtype*);                               \
  template void caffe_scal<Dtype>(int, Dtype, Dtype*);                        \
  template void caffe_cpu_scale<Dtype>(int, Dtype, const Dtype*, Dtype*);     \
  template void caffe_add_scalar<Dtype>(int, Dtype, Dtype*);                  \
  template void caffe_add<Dtype>(int, const Dtype*, const Dtype*, Dtype*);    \
  template void caffe_sub<Dtype>(int, const Dtype*, const Dtype*, Dtype*);    \
  template void caffe_mul<Dtype>(int, const Dtype*, const Dtype*, Dtype*);    \
  template void caffe_div<Dtype>(int, const Dtype*, const Dtype*, Dtype*);    \
  template void caffe_sqr<Dtype>(int, const Dtype*, Dtype*);                  \
  template void caffe_sqrt<Dtype>(int, const Dtype*, Dtype*);                 \
  template void caffe_exp<Dtype>(int, const Dtype*, Dtype*);                  \
  template void caffe_log<Dtype>(int, const Dtype*, Dtype*);                  \
  template void caffe_abs<Dtype>(int, const Dtype*, Dtype*);                  \
  template void caffe_powx<Dtype>(int, const Dtype*, Dtype, Dtype*);          \
  template void caffe_cpu_sign<Dtype>(int, const Dtype*, Dtype*);             \
  template Dtype caffe_cpu_dot<Dtype>(int, const Dtype*, const Dtype*);       \
  template Dtype caffe_cpu_strided_dot<Dtype>(int, const Dtype*, int,         \
                                              const Dtype*, int);             \
  template Dtype caffe_cpu_asum<Dtype>(int, const Dtype*);                    \
  template void caffe_rng_uniform<Dtype>(int, Dtype, Dtype, Dtype*);          \
  template void caffe_rng_gaussian<Dtype>(int, Dtype, Dtype, Dtype*);         \
  template void caffe_rng_bernoulli<Dtype>(int, Dtype, int*);                 \
  template void caffe_rng_bernoulli<Dtype>(int, Dtype, unsigned int*)

INSTANTIATE_VECTOR_FUNCTIONS(float);
INSTANTIATE_VECTOR_FUNCTIONS(double);

template void caffe_set<int>(int, int, int*);
template void caffe_set<float>(int, float, float*);
template void caffe_set<double>(int, double, double*);
template void caffe_copy<int>(int, const int*, int*);
template void caffe_copy<unsigned int>(int, const unsigned int*,
                                       unsigned int*);
template void caffe_copy<float>(int, const float*, float*);
template void caffe_copy<double>(int, const double*, double*);

}  // namespace caffe
