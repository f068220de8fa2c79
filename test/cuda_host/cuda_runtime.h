// Stands in for CUDA's header of this name in the build that runs the GPU code
// on the host, to test it where there is no GPU (TERCET_CUDA_HOST). It has
// what the .cu files and the library use of CUDA, and nothing else: the
// keywords, the built-in variables and functions of kernels, and the runtime's
// memory calls. emulator.cpp says how kernels run.
#ifndef TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_
#define TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_

#include <math.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __host__
// The threads of a block share one copy; blocks run one after the other.
#define __shared__ static

struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

extern dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace cuda_host {

// Runs `thread` blocks x threads times with the built-in variables set, and
// with so many bytes of dynamic shared memory, which are NaN for each block.
// Device memory can be reached from nowhere else.
void Launch(int blocks, int threads, size_t shared_bytes,
            const std::function<void()>& thread);

// The block's dynamic shared memory.
void* DynamicShared();

// Ends the program where an access of so many bytes would be one that the
// device refuses: its address must be a multiple of its size.
void CheckAligned(const void* address, size_t bytes);

// Ends the program where one of the words looks like a pointer into the
// host's memory.
void CheckWords(const void* words, size_t size);

// The same of an argument of a kernel, and of all that its lambda captured.
template <typename T>
void CheckArgument(T* argument) {
  __builtin_clear_padding(argument);
  CheckWords(argument, sizeof(T));
}

// Waits for the lanes of mask; then the value of lane `source`.
uint64_t Shuffle(unsigned mask, uint64_t value, int source);

int Lane();

}  // namespace cuda_host

void __syncthreads();

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask) {
  static_assert(sizeof(T) <= sizeof(uint64_t), "a shuffled value is too large");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = cuda_host::Shuffle(mask, bits, cuda_host::Lane() ^ lane_mask);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <typename T>
T atomicAdd(T* to, T value) {
  const T before = *to;
  *to += value;
  return before;
}

inline int atomicMin(int* to, int value) {
  const int before = *to;
  if (value < before) { *to = value; }
  return before;
}

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209
};

enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};

cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char* cudaGetErrorString(cudaError_t error);

// Devices. TERCET_CUDA_HOST_DEVICES says how many there are (1), and
// TERCET_CUDA_HOST_DRIVER for which version of CUDA the driver is.
enum cudaDeviceAttr {
  cudaDevAttrMemoryClockRate = 36,
  cudaDevAttrGlobalMemoryBusWidth = 37
};

struct cudaDeviceProp {
  char name[256];
  int major;
  int minor;
  int multiProcessorCount;
};

struct cudaFuncAttributes {
  int numRegs;
};

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which,
                                   int device);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);

// TERCET_CUDA_HOST_NO_CODE stands for a build without the device's code.
cudaError_t cuda_host_has_code();
template <typename Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel*) {
  attributes->numRegs = 0;
  return cuda_host_has_code();
}

// Memory.
enum cudaMemoryType {
  cudaMemoryTypeUnregistered,
  cudaMemoryTypeHost,
  cudaMemoryTypeDevice
};

struct cudaPointerAttributes {
  cudaMemoryType type;
};

constexpr unsigned cudaHostAllocPortable = 1;

cudaError_t cudaMalloc(void** pointer, size_t size);
cudaError_t cudaFree(void* pointer);
cudaError_t cudaHostAlloc(void** pointer, size_t size, unsigned flags);
cudaError_t cudaFreeHost(void* pointer);
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes,
                                     const void* pointer);
cudaError_t cudaMemcpy(void* to, const void* from, size_t size,
                       cudaMemcpyKind kind);
cudaError_t cudaMemset(void* to, int value, size_t size);
cudaError_t cudaDeviceSynchronize();

// Streams. Kernels run on the default stream, at once. A copy on another
// stream is put off until something waits for it, as late as a GPU might do
// it: who forgets to wait reads old values.
typedef struct CudaHostStream* cudaStream_t;
typedef struct CudaHostEvent* cudaEvent_t;
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDisableTiming = 2;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags = 0);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size,
                            cudaMemcpyKind kind, cudaStream_t stream);

#endif  // TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_
