// Pinned memory and the stream of copies to the GPU, as said in the header.
#include "data/device_feed.hpp"

#include <new>
#include <string>

#include "core/device.hpp"

namespace caffe {

namespace {

template <typename Dtype>
Dtype* Allocate(size_t count, bool pinned) {
#ifdef TERCET_CUDA
  if (pinned) {
    void* pointer = nullptr;
    // Worker threads have no device of their own yet.
    CUDA_CHECK(cudaSetDevice(Caffe::device()));
    if (cudaHostAlloc(&pointer, count * sizeof(Dtype),
                      cudaHostAllocPortable) != cudaSuccess) {
      cudaGetLastError();  // clears the error state
      throw Error(Error::kDevice,
                  "out of pinned host memory: " +
                      std::to_string(count * sizeof(Dtype)) +
                      " bytes were wanted for a batch; a smaller prefetch "
                      "wants less");
    }
    return static_cast<Dtype*>(pointer);
  }
#endif
  return new Dtype[count];
}

}  // namespace

template <typename Dtype>
void FeedBuffer<Dtype>::Free::operator()(Dtype* pointer) const {
#ifdef TERCET_CUDA
  if (pinned) {
    cudaFreeHost(pointer);
    return;
  }
#endif
  delete[] pointer;
}

template <typename Dtype>
void FeedBuffer<Dtype>::Resize(size_t count, bool pinned) {
  if (data_ != nullptr && count == count_ &&
      pinned == data_.get_deleter().pinned) {
    return;
  }
  data_.reset();
  data_ = std::unique_ptr<Dtype, Free>(Allocate<Dtype>(count, pinned),
                                       Free{pinned});
  count_ = count;
}

template class FeedBuffer<float>;
template class FeedBuffer<double>;

#ifdef TERCET_CUDA

template <typename Dtype>
struct DeviceFeed<Dtype>::State {
  explicit State(size_t count)
      : count(count),
        places{DeviceBytes(count * sizeof(Dtype)),
               DeviceBytes(count * sizeof(Dtype))} {
    CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    CUDA_CHECK(cudaEventCreateWithFlags(&used, cudaEventDisableTiming));
    CUDA_CHECK(cudaEventCreateWithFlags(&sent, cudaEventDisableTiming));
  }
  // What is still under way must not outlive its memory.
  ~State() {
    if (stream != nullptr) {
      cudaStreamSynchronize(stream);
      cudaStreamDestroy(stream);
    }
    if (used != nullptr) cudaEventDestroy(used);
    if (sent != nullptr) cudaEventDestroy(sent);
  }

  const size_t count;
  DeviceBytes places[2];
  int next = 0;  // the place that is filled next
  cudaStream_t stream = nullptr;
  cudaEvent_t used = nullptr;  // the default stream is through with a place
  cudaEvent_t sent = nullptr;  // the last copy is through
};

template <typename Dtype>
DeviceFeed<Dtype>::DeviceFeed(size_t count) : state_(new State(count)) {}

template <typename Dtype>
DeviceFeed<Dtype>::~DeviceFeed() = default;

template <typename Dtype>
void DeviceFeed<Dtype>::Send(const Dtype* batch) {
  State& s = *state_;
  CUDA_CHECK(cudaEventRecord(s.used, nullptr));
  CUDA_CHECK(cudaStreamWaitEvent(s.stream, s.used, 0));
  CopyToDeviceAsync(s.places[s.next].get(), batch, s.count * sizeof(Dtype),
                    s.stream);
  CUDA_CHECK(cudaEventRecord(s.sent, s.stream));
}

template <typename Dtype>
void DeviceFeed<Dtype>::WaitUntilSent() {
  CUDA_CHECK(cudaEventSynchronize(state_->sent));
}

template <typename Dtype>
Dtype* DeviceFeed<Dtype>::Take() {
  State& s = *state_;
  CUDA_CHECK(cudaStreamWaitEvent(nullptr, s.sent, 0));
  void* const place = s.places[s.next].get();
  s.next = 1 - s.next;
  return static_cast<Dtype*>(place);
}

template class DeviceFeed<float>;
template class DeviceFeed<double>;

#endif  // TERCET_CUDA

}  // namespace caffe
