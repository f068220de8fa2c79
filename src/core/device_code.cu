// Whether the device that was chosen finds its code in this build.
#include "core/device.cuh"
#include "core/device.hpp"

namespace caffe {

namespace {

__global__ void NothingKernel() {}

}  // namespace

void CheckDeviceCode() {
  cudaFuncAttributes attributes;
  const cudaError_t status =
      cudaFuncGetAttributes(&attributes, NothingKernel);
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears the error state
  int device = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  cudaDeviceProp properties;
  CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  throw Error(Error::kDevice,
              string("this build has no code for ") + properties.name +
                  " (compute capability " + std::to_string(properties.major) +
                  "." + std::to_string(properties.minor) +
                  "): " + cudaGetErrorString(status) +
                  "; wanted: a build with that architecture in "
                  "CMAKE_CUDA_ARCHITECTURES");
}

}  // namespace caffe
