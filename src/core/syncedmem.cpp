// SyncedMemory: allocation on both sides and the copies between them. Host
// memory is aligned to 64 bytes, a cache line.
#include "caffe/syncedmem.hpp"

#include <cstdlib>
#include <cstring>

namespace caffe {
namespace {

constexpr size_t kAlignment = 64;

void* AllocateHost(size_t size) {
  const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  void* pointer =
      std::aligned_alloc(kAlignment, rounded ? rounded : kAlignment);
  if (pointer == nullptr) {
    INPUT_FAIL() << "out of memory: " << size << " bytes were wanted";
  }
  return pointer;
}

#ifndef TERCET_CUDA
[[noreturn]] void NoCuda() {
  throw Error(Error::kDevice, "this build has no CUDA: it runs on the CPU only");
}
#else
void* AllocateDevice(size_t size) {
  void* pointer = nullptr;
  if (cudaMalloc(&pointer, size ? size : 1) != cudaSuccess) {
    cudaGetLastError();  // clears the error state
    size_t free_bytes = 0, total = 0;
    CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total));
    throw Error(Error::kDevice,
                "out of device memory: " + std::to_string(size) +
                    " bytes were wanted, " + std::to_string(free_bytes) +
                    " of " + std::to_string(total) + " are free");
  }
  return pointer;
}
#endif

}  // namespace

SyncedMemory::~SyncedMemory() {
  FreeCpu();
  FreeGpu();
}

void SyncedMemory::FreeCpu() {
  if (own_cpu_data_) std::free(cpu_ptr_);
  own_cpu_data_ = false;
  cpu_ptr_ = nullptr;
}

void SyncedMemory::FreeGpu() {
#ifdef TERCET_CUDA
  if (own_gpu_data_) cudaFree(gpu_ptr_);
#endif
  own_gpu_data_ = false;
  gpu_ptr_ = nullptr;
}

void SyncedMemory::ToCpu() {
  if (head_ == HEAD_AT_CPU || head_ == SYNCED) return;
  if (cpu_ptr_ == nullptr) {
    cpu_ptr_ = AllocateHost(size_);
    own_cpu_data_ = true;
  }
  if (head_ == UNINITIALIZED) {
    std::memset(cpu_ptr_, 0, size_);
    head_ = HEAD_AT_CPU;
    return;
  }
#ifdef TERCET_CUDA
  CUDA_CHECK(cudaMemcpy(cpu_ptr_, gpu_ptr_, size_, cudaMemcpyDeviceToHost));
#endif
  head_ = SYNCED;
}

void SyncedMemory::ToGpu() {
#ifdef TERCET_CUDA
  if (head_ == HEAD_AT_GPU || head_ == SYNCED) return;
  if (gpu_ptr_ == nullptr) {
    gpu_ptr_ = AllocateDevice(size_);
    own_gpu_data_ = true;
  }
  if (head_ == UNINITIALIZED) {
    CUDA_CHECK(cudaMemset(gpu_ptr_, 0, size_));
    head_ = HEAD_AT_GPU;
    return;
  }
  CUDA_CHECK(cudaMemcpy(gpu_ptr_, cpu_ptr_, size_, cudaMemcpyHostToDevice));
  head_ = SYNCED;
#else
  NoCuda();
#endif
}

const void* SyncedMemory::cpu_data() {
  ToCpu();
  return cpu_ptr_;
}

const void* SyncedMemory::gpu_data() {
  ToGpu();
  return gpu_ptr_;
}

void* SyncedMemory::mutable_cpu_data() {
  ToCpu();
  head_ = HEAD_AT_CPU;
  return cpu_ptr_;
}

void* SyncedMemory::mutable_gpu_data() {
  ToGpu();
  head_ = HEAD_AT_GPU;
  return gpu_ptr_;
}

void SyncedMemory::set_cpu_data(void* data) {
  CHECK(data != nullptr);
  FreeCpu();
  cpu_ptr_ = data;
  head_ = HEAD_AT_CPU;
}

void SyncedMemory::set_gpu_data(void* data) {
  CHECK(data != nullptr);
#ifndef TERCET_CUDA
  NoCuda();
#endif
  FreeGpu();
  gpu_ptr_ = data;
  head_ = HEAD_AT_GPU;
}

}  // namespace caffe
