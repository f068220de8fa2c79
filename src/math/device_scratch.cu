// The device memory that kernels share for sums on the way.
#include "caffe/util/device.cuh"

namespace caffe {

double* DeviceScratch(int64_t doubles) {
  static double* memory = nullptr;
  static int64_t size = 0;
  if (doubles > size) {
    // Waits for the kernels that still read the old memory.
    CUDA_CHECK(cudaFree(memory));
    memory = nullptr;
    size = 0;
    const int64_t wanted = std::max<int64_t>(doubles, 1 << 16);
    CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&memory),
                          wanted * sizeof(double)));
    size = wanted;
  }
  return memory;
}

}  // namespace caffe
