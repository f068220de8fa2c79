// What the emulated cuDNN's files share: descriptors, and arrays that are
// checked before they are used.
#ifndef TERCET_TEST_CUDA_HOST_CUDNN_HOST_HPP_
#define TERCET_TEST_CUDA_HOST_CUDNN_HOST_HPP_

#include <cstdint>

#include "cudnn.h"
#include "device_memory.hpp"

struct CudnnHostTensor {
  cudnnDataType_t type;
  int n, c, h, w;

  int64_t plane() const { return int64_t{h} * w; }
  int64_t count() const { return n * c * plane(); }
  int64_t at(int i, int j, int row = 0, int column = 0) const {
    return ((int64_t{i} * c + j) * h + row) * w + column;
  }
};

namespace cuda_host {

// An array of a tensor's size on the device.
template <typename Real, typename Void>
Real* ArrayOf(const CudnnHostTensor& shape, Void* pointer) {
  if (!Contains(pointer, shape.count() * sizeof(Real))) {
    Fail("cuDNN is given a pointer to other memory than the device's");
  }
  return static_cast<Real*>(pointer);
}

template <typename Real>
Real Scalar(const void* pointer) {
  return *static_cast<const Real*>(pointer);
}

// alpha value + beta *to, which is not read where beta is 0.
template <typename Real>
void Blend(const void* alpha, double value, const void* beta, Real* to) {
  const double before = Scalar<Real>(beta) == 0 ? 0 : *to;
  *to = static_cast<Real>(Scalar<Real>(alpha) * value +
                          Scalar<Real>(beta) * before);
}

// Calls body(Real()) with the type's Real, device memory open.
template <typename Body>
void WithType(cudnnDataType_t type, const Body& body) {
  const OpenDevice open;
  if (type == CUDNN_DATA_DOUBLE) {
    body(double());
  } else {
    body(float());
  }
}

}  // namespace cuda_host

#endif  // TERCET_TEST_CUDA_HOST_CUDNN_HOST_HPP_
