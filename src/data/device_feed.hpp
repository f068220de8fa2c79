// Batches on their way to the GPU: memory of the host that copies leave at full
// speed, and a feed that copies a batch while the net still works on the one
// before. What a batch holds is the owner's.
#ifndef TERCET_DATA_DEVICE_FEED_HPP_
#define TERCET_DATA_DEVICE_FEED_HPP_

#include <cstddef>
#include <memory>

#include "caffe/common.hpp"

namespace caffe {

// Room for numbers on the host: pinned (page-locked) where it feeds a GPU, so
// that a copy can go on beside the host's own work. Not cleared.
template <typename Dtype>
class FeedBuffer {
 public:
  // Takes new memory where the size or the kind differs. Safe from any thread.
  // Error kDevice: no such memory is left.
  void Resize(size_t count, bool pinned);

  Dtype* data() { return data_.get(); }
  const Dtype* data() const { return data_.get(); }
  size_t size() const { return count_; }

 private:
  struct Free {
    bool pinned = false;
    void operator()(Dtype* pointer) const;
  };
  std::unique_ptr<Dtype, Free> data_;
  size_t count_ = 0;
};

#ifdef TERCET_CUDA
// Two places for a batch in the device's memory, filled in turn on a stream of
// their own. One batch is in use while the next one is under way.
template <typename Dtype>
class DeviceFeed {
 public:
  // count: the numbers of a batch.
  explicit DeviceFeed(size_t count);
  ~DeviceFeed();

  // Begins to copy a batch from pinned memory, to the place that was in use
  // before the batch now in use; whatever the default stream was given so far
  // is waited for on the device. At most one batch may be under way.
  void Send(const Dtype* batch);
  // Waits on the host until the batch that was sent last has left its memory.
  void WaitUntilSent();
  // The device memory of the batch that was sent: what the default stream is
  // given from now on finds it there. It stays so until the next but one Send.
  Dtype* Take();

 private:
  struct State;
  std::unique_ptr<State> state_;

  DISABLE_COPY_AND_ASSIGN(DeviceFeed);
};
#endif

}  // namespace caffe

#endif  // TERCET_DATA_DEVICE_FEED_HPP_
