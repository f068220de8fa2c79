// The inner loops over rows, their distances and slopes, one set an instruction
// set: what each does. The callers decide the blocking and the threads; nothing
// here allocates or knows of options.
#ifndef TERCET_PAIRWISE_ROW_KERNELS_HPP_
#define TERCET_PAIRWISE_ROW_KERNELS_HPP_

#include <cstdint>

namespace caffe {
namespace metric {

// The best value of a search and where it stands.
template <typename T>
struct Found {
  T value;
  int64_t at;
};

// A pair with a gradient, of a row that is given elsewhere: dL/dd of the two,
// for kL2 divided by d.
template <typename T>
struct PairEdge {
  int32_t row;
  T slope;
};

// How many thresholds `above` and `count` take at a time.
constexpr int kThresholds = 4;

template <typename T>
struct RowKernels {
  // g_j = max(0, g_j + squares_j + own) for j of 0 ... n-1, and the least of
  // these.
  T (*distances)(T* g, const T* squares, T own, int64_t n);
  // d_j = sqrt(d_j).
  void (*root)(T* d, int64_t n);
  // The first least, or greatest, of d_begin ... d_end-1, where it is less, or
  // greater, than what was found before.
  void (*nearest)(const T* d, int64_t begin, int64_t end, Found<T>* found);
  void (*farthest)(const T* d, int64_t begin, int64_t end, Found<T>* found);
  // For j of 0 ... n-1: where the least of d(r, j), r of 0 ... rows-1, is less
  // than least_j, it takes its place, and tags_j = tag.
  void (*fold)(const T* d, int64_t pitch, int rows, int64_t n, T tag, T* least,
               T* tags);
  // For each of kThresholds t: the first least d_j > t, as in `nearest`.
  void (*above)(const T* d, int64_t begin, int64_t end, const T* t,
                Found<T>* found);
  // For each of kThresholds t: w_j += (t > d_j), and count += that.
  void (*count)(const T* d, int64_t begin, int64_t end, const T* t, T* w,
                int64_t* count);
  // rank_j = how many of the 2^steps - 1 ascending t are below d_j; with
  // `or_equal`, how many are not above it.
  void (*rank)(const T* d, int64_t n, const T* t, int steps, bool or_equal,
               int32_t* rank);
  // sum of a_j b_j.
  double (*dot)(const T* a, const T* b, int64_t n);
  // x_k -= c_k for D values, and the sum of the squares of these.
  T (*centre)(T* x, const T* c, int64_t D);
  // |x - y|^2 of D values.
  T (*squared)(const T* x, const T* y, int64_t D);
  // sum_k += sum over edges of slope (own_k - rows(edge.row)_k).
  void (*pull)(const PairEdge<T>* edges, int64_t count, const T* rows,
               const T* own, int64_t D, T* sum);
  // to(i, j) = a(i, j) + b(j, i) for i of 0 ... m-1, j of 0 ... n-1.
  void (*add_transposed)(const T* a, const T* b, int64_t pitch, int64_t m,
                         int64_t n, T* to, int64_t to_pitch);
  // The sum of n values.
  T (*sum)(const T* a, int64_t n);
};

// The set of BestIsa() (core/cpu.hpp).
template <typename T>
const RowKernels<T>& BestRowKernels();

#ifdef TERCET_X86_KERNELS
template <typename T>
const RowKernels<T>& Avx2RowKernels();
template <typename T>
const RowKernels<T>& Avx512RowKernels();
#endif

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_ROW_KERNELS_HPP_
