// The compiler's vectors, as the inner loops use them: of SIMD_VECTOR_BYTES
// bytes, which each file that is compiled for one kind of processor sets
// before it includes this. GCC and clang of all ages that build the library
// take it. All is in an unnamed namespace, so that code for one processor never
// stands in for another's. Which processor there is, core/cpu.hpp says.
#ifndef TERCET_CORE_SIMD_HPP_
#define TERCET_CORE_SIMD_HPP_

#include <type_traits>
#include <utility>

namespace caffe {
namespace {

// Lane i has what is in that lane of a and b, laid end to end, which is the
// i-th of `lane`; there may be more or fewer of them than a has.
template <int... lane, typename Vector>
inline auto Shuffle(Vector a, Vector b) {
#if __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, lane...);
#else  // GCC 11
  typedef std::decay_t<decltype(a[0])> Value;
  constexpr int kLanes = sizeof(Vector) / sizeof(Value);
  if constexpr (sizeof...(lane) == kLanes) {
    return __builtin_shuffle(a, b, decltype(a < b){lane...});
  } else {
    typedef Value Result
        __attribute__((vector_size(sizeof...(lane) * sizeof(Value))));
    return Result{(lane < kLanes ? a : b)[lane % kLanes]...};
  }
#endif
}

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
  // Of v and w, laid end to end, every second lane from lane `first` on.
  template <int first>
  static Vector EverySecond(Vector v, Vector w) {
    return Seconds<first>(v, w, AllLanes());
  }
  // Exchanges blocks of `step` lanes between rows that are `step` apart; with
  // all steps together, as Turn<1> does, kLanes rows are turned around.
  template <int step>
  static void Turn(Vector* rows) {
    if constexpr (step < kLanes) {
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        if ((i & step) != 0) continue;
        Exchange<step>(rows + i, rows + i + step, AllLanes());
      }
      Turn<2 * step>(rows);
    }
  }

 private:
  static constexpr int kHalf = kLanes / 2;
  typedef std::make_integer_sequence<int, kLanes> AllLanes;
  template <int width>
  static Vector Halved(Vector v) {
    if constexpr (width == 0) {
      return v;
    } else {
      return Halved<width / 2>(v + Moved<width>(v, AllLanes()));
    }
  }
  // Lane i has what was in lane i + width.
  template <int width, int... lane>
  static Vector Moved(Vector v, std::integer_sequence<int, lane...>) {
    return Shuffle<(lane + width) % kLanes...>(v, v);
  }
  // Half of v from lane `from` on, then half of w.
  template <int from, int... lane>
  static Vector Joined(Vector v, Vector w,
                       std::integer_sequence<int, lane...>) {
    return Shuffle<(lane < kHalf ? lane : lane + kHalf) + from...>(v, w);
  }
  template <int first, int... lane>
  static Vector Seconds(Vector v, Vector w,
                        std::integer_sequence<int, lane...>) {
    return Shuffle<2 * lane + first...>(v, w);
  }
  template <int step, int... lane>
  static void Exchange(Vector* low, Vector* high,
                       std::integer_sequence<int, lane...>) {
    const Vector a = *low, b = *high;
    *low = Shuffle<((lane & step) != 0 ? kLanes + lane - step : lane)...>(a, b);
    *high =
        Shuffle<((lane & step) != 0 ? kLanes + lane : lane + step)...>(a, b);
  }
};

}  // namespace
}  // namespace caffe

#endif  // TERCET_CORE_SIMD_HPP_
