// The inner loops of the triplet passes for squared and plain L2, one set an
// instruction set. All sets give the same bits: sums run over RowLaneSum's
// lanes, and nothing is fused. triplet.cpp decides which rows there are, and
// has the loops of the other distances.
#ifndef TERCET_LOSS_TRIPLET_KERNELS_HPP_
#define TERCET_LOSS_TRIPLET_KERNELS_HPP_

#include <cstdint>

namespace caffe {
namespace metric {

template <typename T>
struct TripletKernels {
  // |a - p|^2 and |a - n|^2 of `count` rows of D values each.
  void (*squares)(const T* a, const T* p, const T* n, int64_t count, int64_t D,
                  T* positive, T* negative);
  // The gradients of `count` triplets by what TripletForward kept of them, with
  // both slopes multiplied by scale:
  //   da = 2 (positive (a - p) + negative (a - n))
  //   dp = positive 2 (p - a),   dn = negative 2 (n - a)
  // 0 where both slopes are. With `stream` they go past the caches; that wants
  // the three at multiples of 64 bytes, D a multiple of 16, and fence() at the
  // end.
  void (*gradients)(const T* rows, T scale, const T* a, const T* p, const T* n,
                    int64_t count, int64_t D, bool stream, T* da, T* dp,
                    T* dn);
  void (*fence)();
};

// The set of BestIsa() (core/cpu.hpp).
template <typename T>
const TripletKernels<T>& BestTripletKernels();

#ifdef TERCET_X86_KERNELS
template <typename T>
const TripletKernels<T>& Avx2TripletKernels();
template <typename T>
const TripletKernels<T>& Avx512TripletKernels();
#endif

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_LOSS_TRIPLET_KERNELS_HPP_
