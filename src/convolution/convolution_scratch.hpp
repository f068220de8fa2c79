// Scratch memory on the device that all convolutions share: columns, and
// cuDNN's workspace. They run one after the other, so the largest need is
// enough. It grows while nets are planned (Reshape), never in a Forward or
// Backward, and is given back with the last layer that holds it.
#ifndef TERCET_CONVOLUTION_CONVOLUTION_SCRATCH_HPP_
#define TERCET_CONVOLUTION_CONVOLUTION_SCRATCH_HPP_

#include <cstddef>
#include <memory>

#include "caffe/syncedmem.hpp"

namespace caffe {

class ConvolutionScratch {
 public:
  // The one of this process.
  static std::shared_ptr<ConvolutionScratch> Shared();

  // Afterwards data() has at least so many bytes; what it held is lost. Error
  // kDevice where the device has no room.
  void Reserve(size_t bytes);
  // Null where nothing was reserved. Valid until the next Reserve().
  void* data();
  size_t size() const { return memory_ ? memory_->size() : 0; }

 private:
  std::unique_ptr<SyncedMemory> memory_;
};

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONVOLUTION_SCRATCH_HPP_
