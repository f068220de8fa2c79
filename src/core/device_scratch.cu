// The device memory that kernels share for sums on the way.
#include "core/device.cuh"
#include "core/device.hpp"

namespace caffe {

double* DeviceScratch(int64_t doubles) {
  constexpr int64_t kLeast = 1 << 16;
  // Never given back: at the program's end the device may be gone before it.
  static DeviceBytes* const memory = new DeviceBytes;
  static int device = Caffe::device();
  const size_t wanted = std::max(doubles, kLeast) * sizeof(double);
  if (wanted > memory->size() || device != Caffe::device()) {
    *memory = DeviceBytes();
    device = Caffe::device();
    *memory = DeviceBytes(wanted);
  }
  return static_cast<double*>(memory->get());
}

}  // namespace caffe
