// A piece of memory that lives on the host, on the device, or on both, and is
// copied when the other side asks for it. The head says which side is newest.
#ifndef CAFFE_SYNCEDMEM_HPP_
#define CAFFE_SYNCEDMEM_HPP_

#include <cstddef>
#include <memory>

#include "caffe/common.hpp"

namespace caffe {

class DeviceBytes;

class SyncedMemory {
 public:
  enum SyncedHead { UNINITIALIZED, HEAD_AT_CPU, HEAD_AT_GPU, SYNCED };

  // Memory is taken, and filled with zeros, when it is first asked for.
  explicit SyncedMemory(size_t size = 0);
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
  // The same of both sides, which hold the same values.
  void set_data(void* cpu_data, void* gpu_data);

  SyncedHead head() const { return head_; }
  size_t size() const { return size_; }

 private:
  void ToCpu();
  void ToGpu();
  void FreeCpu();

  void* cpu_ptr_ = nullptr;
  void* gpu_ptr_ = nullptr;
  size_t size_;
  SyncedHead head_ = UNINITIALIZED;
  bool own_cpu_data_ = false;
  std::unique_ptr<DeviceBytes> own_gpu_data_;

  DISABLE_COPY_AND_ASSIGN(SyncedMemory);
};

}  // namespace caffe

#endif  // CAFFE_SYNCEDMEM_HPP_
