// The compiler's vectors, as the inner loops of mining and of triplets use
// them: of SIMD_VECTOR_BYTES bytes, which each file that is compiled for one kind of
// processor sets before it includes this. All is in an unnamed namespace, so
// that code for one processor never stands in for another's.
#ifndef TERCET_METRIC_SIMD_HPP_
#define TERCET_METRIC_SIMD_HPP_

namespace caffe {
namespace metric {
namespace {

template <typename T>
struct Simd {
  typedef T Vector __attribute__((vector_size(SIMD_VECTOR_BYTES)));
  typedef T Loose __attribute__((vector_size(SIMD_VECTOR_BYTES),
                                 aligned(sizeof(T)), may_alias));
  typedef decltype(Vector() < Vector()) Mask;
  static constexpr int kLanes = SIMD_VECTOR_BYTES / sizeof(T);
  static Vector Load(const T* p) { return *reinterpret_cast<const Loose*>(p); }
  static void Store(T* p, Vector v) { *reinterpret_cast<Loose*>(p) = v; }
  static Vector All(T value) { return Vector{} + value; }
  static T Total(Vector v) {
    T sum[kLanes];
    Store(sum, v);
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) sum[i] += sum[i + width];
    }
    return sum[0];
  }
  static T Least(Vector v) {
    T least = v[0];
    for (int i = 1; i < kLanes; ++i) least = v[i] < least ? v[i] : least;
    return least;
  }
};

}  // namespace
}  // namespace metric
}  // namespace caffe

#endif  // TERCET_METRIC_SIMD_HPP_
