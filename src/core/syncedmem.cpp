// SyncedMemory: allocation on both sides and the copies between them. Host
// memory is aligned to 64 bytes, a cache line, and large pieces to huge pages,
// which the system is asked for: sweeps over them miss fewer translations.
#include "caffe/syncedmem.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <cstring>

#include "core/device.hpp"

namespace caffe {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLarge = 2 * kHugePage;

void* AllocateHost(size_t size) {
  const size_t alignment = size >= kLarge ? kHugePage : kCacheLine;
  const size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* pointer = std::aligned_alloc(alignment, rounded ? rounded : alignment);
  if (pointer == nullptr) {
    INPUT_FAIL() << "out of memory: " << size << " bytes were wanted";
  }
#ifdef MADV_HUGEPAGE
  // Where it is refused, the memory is as good, only slower.
  if (size >= kLarge) madvise(pointer, rounded, MADV_HUGEPAGE);
#endif
  return pointer;
}

}  // namespace

SyncedMemory::SyncedMemory(size_t size) : size_(size) {}

SyncedMemory::~SyncedMemory() { FreeCpu(); }

void SyncedMemory::FreeCpu() {
  if (own_cpu_data_) std::free(cpu_ptr_);
  own_cpu_data_ = false;
  cpu_ptr_ = nullptr;
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
  CopyToHost(cpu_ptr_, gpu_ptr_, size_);
#endif
  head_ = SYNCED;
}

void SyncedMemory::ToGpu() {
  if (head_ == HEAD_AT_GPU || head_ == SYNCED) return;
  if (gpu_ptr_ == nullptr) {
    own_gpu_data_.reset(new DeviceBytes(size_));
    gpu_ptr_ = own_gpu_data_->get();
  }
#ifdef TERCET_CUDA
  if (head_ == UNINITIALIZED) {
    CUDA_CHECK(cudaMemset(gpu_ptr_, 0, size_));
    head_ = HEAD_AT_GPU;
    return;
  }
  CopyToDevice(gpu_ptr_, cpu_ptr_, size_);
  head_ = SYNCED;
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
  own_gpu_data_.reset();
  gpu_ptr_ = data;
  head_ = HEAD_AT_GPU;
}

void SyncedMemory::set_data(void* cpu_data, void* gpu_data) {
  set_cpu_data(cpu_data);
  set_gpu_data(gpu_data);
  head_ = SYNCED;
}

}  // namespace caffe
