// The runtime's calls on one emulated device: errors, what the device is,
// memory and copies.
#include <cstdlib>
#include <cstring>

#include "cuda_runtime.h"
#include "device_memory.hpp"

namespace {

constexpr int kVersion = 13000;

cudaError_t last_error = cudaSuccess;

cudaError_t Keep(cudaError_t error) {
  if (error != cudaSuccess) { last_error = error; }
  return error;
}

int FromEnvironment(const char* name, int otherwise) {
  const char* const value = std::getenv(name);
  return value ? std::atoi(value) : otherwise;
}

// Whether `size` bytes from there on are where the copy's kind says.
bool Lies(const void* pointer, size_t size, bool device) {
  return device ? cuda_host::Contains(pointer, size)
                : !cuda_host::IsDevice(pointer);
}

}  // namespace

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return last_error; }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorNoKernelImageForDevice:
      return "no kernel image is available for execution on the device";
  }
  return "unknown error";
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = FromEnvironment("TERCET_CUDA_HOST_DEVICES", 1);
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (driver < kVersion) { return Keep(cudaErrorInsufficientDriver); }
  return *count > 0 ? cudaSuccess : Keep(cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device) {
  return Keep(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = cudaDeviceProp();
  std::strcpy(properties->name, "host emulation");
  properties->multiProcessorCount = 1;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 0;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = FromEnvironment("TERCET_CUDA_HOST_DRIVER", kVersion);
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}

cudaError_t cuda_host_has_code() {
  return Keep(std::getenv("TERCET_CUDA_HOST_NO_CODE")
                  ? cudaErrorNoKernelImageForDevice
                  : cudaSuccess);
}

cudaError_t cudaMalloc(void** pointer, size_t size) {
  *pointer = cuda_host::Allocate(size);
  return Keep(*pointer ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* pointer) {
  return Keep(pointer == nullptr || cuda_host::Free(pointer)
                  ? cudaSuccess
                  : cudaErrorInvalidValue);
}

cudaError_t cudaHostAlloc(void** pointer, size_t size, unsigned) {
  *pointer = std::malloc(size);
  return Keep(*pointer ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void* pointer) {
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  *total = cuda_host::DeviceBytes();
  *free_bytes = *total - cuda_host::UsedBytes();
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes,
                                     const void* pointer) {
  attributes->type = cuda_host::IsDevice(pointer) ? cudaMemoryTypeDevice
                                                  : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t size,
                       cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyDefault
                             ? cuda_host::IsDevice(to)
                             : kind == cudaMemcpyHostToDevice ||
                                   kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDefault
                               ? cuda_host::IsDevice(from)
                               : kind == cudaMemcpyDeviceToHost ||
                                     kind == cudaMemcpyDeviceToDevice;
  if (!Lies(to, size, to_device) || !Lies(from, size, from_device)) {
    return Keep(cudaErrorInvalidValue);
  }
  const cuda_host::OpenDevice open;
  std::memcpy(to, from, size);
  return cudaSuccess;
}

cudaError_t cudaMemset(void* to, int value, size_t size) {
  if (!cuda_host::Contains(to, size)) { return Keep(cudaErrorInvalidValue); }
  const cuda_host::OpenDevice open;
  std::memset(to, value, size);
  return cudaSuccess;
}
