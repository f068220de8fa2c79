// The contrastive loss of one pair: the formula that the CPU and the GPU code
// of ContrastiveLoss share.
#ifndef CAFFE_LOSS_CONTRASTIVE_HPP_
#define CAFFE_LOSS_CONTRASTIVE_HPP_

#include <cmath>

#include "caffe/host_device.hpp"

namespace caffe {
namespace metric {

// For a pair at squared distance `squared`, the loss without its 1/(2N) and
// the slope s of its gradient: d(loss)/da = 2 s (a - b), and -that for b.
//   similar:            d^2                    s = 1
//   not, d < margin:    (margin - d)^2         s = -(margin - d)/d, 0 at d = 0
//   not, legacy:        max(0, margin - d^2)   s = -1 where it is above 0
// The loss is not finite where d^2 is not: NaN for a pair that is not similar.
template <typename T>
TERCET_HD inline void ContrastivePair(T squared, bool similar, T margin,
                                      bool legacy, T* loss, T* slope) {
  if (similar) {
    *loss = squared;
    *slope = 1;
    return;
  }
  const T distance = legacy ? squared : std::sqrt(squared);
  const T gap = margin - distance;
  if (gap <= 0) {
    *loss = squared - squared;  // 0, but NaN for infinity
    *slope = 0;
  } else if (legacy) {
    *loss = gap;
    *slope = -1;
  } else {
    *loss = gap * gap;
    *slope = distance == 0 ? T(0) : -gap / distance;
  }
}

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_CONTRASTIVE_HPP_
