// The device's scratch memory; see the header.
#include "device_scratch.hpp"

namespace caffe {

std::shared_ptr<DeviceScratch> DeviceScratch::Shared() {
  static std::weak_ptr<DeviceScratch> current;
  std::shared_ptr<DeviceScratch> scratch = current.lock();
  if (scratch == nullptr) {
    scratch = std::make_shared<DeviceScratch>();
    current = scratch;
  }
  return scratch;
}

void DeviceScratch::Reserve(size_t bytes) {
  if (bytes <= size()) return;
  memory_.reset();  // gives back the old before it takes the new
  memory_.reset(new SyncedMemory(bytes));
  memory_->mutable_gpu_data();
}

void* DeviceScratch::data() {
  return memory_ ? memory_->mutable_gpu_data() : nullptr;
}

}  // namespace caffe
