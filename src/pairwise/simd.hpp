// The compiler's vectors, as the inner loops of mining and of triplets use
// them: of SIMD_VECTOR_BYTES bytes, which each file that is compiled for one
// kind of processor sets before it includes this. All is in an unnamed
// namespace, so that code for one processor never stands in for another's.
#ifndef TERCET_PAIRWISE_SIMD_HPP_
#define TERCET_PAIRWISE_SIMD_HPP_

#include <utility>

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
  // The sum of the lanes: each of the first half and its like of the second,
  // and so on. In registers, since a way through memory costs a short row a
  // third of its time.
  static T Total(Vector v) { return Halved<kHalf>(v)[0]; }
  // The same of two vectors at once, for little more than of one.
  static void Totals(Vector v, Vector w, T* of_v, T* of_w) {
    const Vector both = Halved<kLanes / 4>(Joined<0>(v, w, AllLanes()) +
                                           Joined<kHalf>(v, w, AllLanes()));
    *of_v = both[0];
    *of_w = both[kHalf];
  }
  static T Least(Vector v) {
    T least = v[0];
    for (int i = 1; i < kLanes; ++i) least = v[i] < least ? v[i] : least;
    return least;
  }

 private:
  static constexpr int kHalf = kLanes / 2;
  template <int width>
  static Vector Halved(Vector v) {
    if constexpr (width == 0) {
      return v;
    } else {
      return Halved<width / 2>(v + Moved<width>(v, AllLanes()));
    }
  }
  typedef std::make_integer_sequence<int, kLanes> AllLanes;
  // Lane i has what was in lane i + width.
  template <int width, int... lane>
  static Vector Moved(Vector v, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(v, v, (lane + width) % kLanes...);
  }
  // Half of v from lane `from` on, then half of w.
  template <int from, int... lane>
  static Vector Joined(Vector v, Vector w,
                       std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(
        v, w, (lane < kHalf ? lane : lane + kHalf) + from...);
  }
};

}  // namespace
}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_SIMD_HPP_
