// A piece of memory that lives on the host, on the device, or on both, and is
// copied when the other side asks for it. The head says which side is newest.
#ifndef CAFFE_SYNCEDMEM_HPP_
#define CAFFE_SYNCEDMEM_HPP_

#include <cstddef>

#include "caffe/common.hpp"

namespace caffe {

class SyncedMemory {
 public:
  enum SyncedHead { UNINITIALIZED, HEAD_AT_CPU, HEAD_AT_GPU, SYNCED };

  // Memory is taken, and filled with zeros, when it is first asked for.
  explicit SyncedMemory(size_t size = 0) : size_(size) {}
  ~SyncedMemory();

  // Reading pointers; they copy from the other side where that is newer.
  const void* cpu_data();
  const void* gpu_data();
  // Writing pointers; they also mark the other side as old.
  void* mutable_cpu_data();
  void* mutable_gpu_data();
  // Points to the caller's memory of size() bytes, which must outlive this.
  void set_cpu_data(void* data);
  void set_gpu_data(void* data);

  SyncedHead head() const { return head_; }
  size_t size() const { return size_; }

 private:
  void ToCpu();
  void ToGpu();
  void FreeCpu();
  void FreeGpu();

  void* cpu_ptr_ = nullptr;
  void* gpu_ptr_ = nullptr;
  size_t size_;
  SyncedHead head_ = UNINITIALIZED;
  bool own_cpu_data_ = false;
  bool own_gpu_data_ = false;

  DISABLE_COPY_AND_ASSIGN(SyncedMemory);
};

}  // namespace caffe

#endif  // CAFFE_SYNCEDMEM_HPP_
