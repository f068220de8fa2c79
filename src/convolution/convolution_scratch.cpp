// The device's scratch memory; see the header.
#include "convolution/convolution_scratch.hpp"

namespace caffe {

std::shared_ptr<ConvolutionScratch> ConvolutionScratch::Shared() {
  static std::weak_ptr<ConvolutionScratch> current;
  std::shared_ptr<ConvolutionScratch> scratch = current.lock();
  if (scratch == nullptr) {
    scratch = std::make_shared<ConvolutionScratch>();
    current = scratch;
  }
  return scratch;
}

void ConvolutionScratch::Reserve(size_t bytes) {
  if (bytes <= size()) return;
  memory_.reset();  // gives back the old before it takes the new
  memory_.reset(new SyncedMemory(bytes));
  memory_->mutable_gpu_data();
}

void* ConvolutionScratch::data() {
  return memory_ ? memory_->mutable_gpu_data() : nullptr;
}

}  // namespace caffe
