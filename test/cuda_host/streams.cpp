// Streams and events: each stream is a list of copies that are still to be
// made. They are made when the host waits for the stream, or for an event that
// was recorded on it behind them; and where the default stream waits for that
// event, with the next thing that it does.
#include <deque>
#include <set>
#include <vector>

#include "cuda_runtime.h"
#include "device_memory.hpp"

struct CudaHostStream {
  struct Copy {
    void* to;
    const void* from;
    size_t size;
  };
  std::deque<Copy> waiting;
  size_t made = 0;
};

// The stream was to have made so many copies when the event was recorded.
struct CudaHostEvent {
  cudaStream_t stream = nullptr;
  size_t copies = 0;
};

namespace {

std::set<cudaStream_t>& streams() {
  static auto* const instance = new std::set<cudaStream_t>;
  return *instance;
}

// What the default stream is to wait for before it does anything.
std::vector<CudaHostEvent>& awaited() {
  static auto* const instance = new std::vector<CudaHostEvent>;
  return *instance;
}

// A copy opens the device's memory, which must not begin with later copies.
bool making_copies = false;

cudaError_t MakeCopies(cudaStream_t stream, size_t until) {
  cudaError_t status = cudaSuccess;
  making_copies = true;
  while (stream->made < until && !stream->waiting.empty()) {
    const CudaHostStream::Copy copy = stream->waiting.front();
    stream->waiting.pop_front();
    ++stream->made;
    const cudaError_t one =
        cudaMemcpy(copy.to, copy.from, copy.size, cudaMemcpyHostToDevice);
    if (one != cudaSuccess) { status = one; }
  }
  making_copies = false;
  return status;
}

size_t Issued(cudaStream_t stream) {
  return stream->made + stream->waiting.size();
}

cudaError_t Synchronize(const CudaHostEvent& event) {
  if (event.stream == nullptr || streams().count(event.stream) == 0) {
    return cudaSuccess;
  }
  return MakeCopies(event.stream, event.copies);
}

}  // namespace

void cuda_host::RunAwaitedCopies() {
  if (making_copies) { return; }
  std::vector<CudaHostEvent> events;
  events.swap(awaited());
  for (const CudaHostEvent& event : events) { Synchronize(event); }
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CudaHostStream;
  streams().insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return stream ? MakeCopies(stream, Issued(stream)) : cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned) {
  // What the default stream was given is done already.
  if (event->stream == nullptr) { return cudaSuccess; }
  if (stream != nullptr) {
    cuda_host::Fail("a stream that waits for one that is not the default");
  }
  awaited().push_back(*event);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CudaHostEvent;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  event->copies = stream ? Issued(stream) : 0;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return Synchronize(*event);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size,
                            cudaMemcpyKind kind, cudaStream_t stream) {
  if (stream == nullptr) { return cudaMemcpy(to, from, size, kind); }
  if (kind != cudaMemcpyHostToDevice) {
    cuda_host::Fail("a copy on a stream that is none to the device");
  }
  stream->waiting.push_back({to, from, size});
  return cudaSuccess;
}

// Kernels are done when Launch() returns.
cudaError_t cudaDeviceSynchronize() {
  for (cudaStream_t stream : streams()) {
    MakeCopies(stream, Issued(stream));
  }
  return cudaPeekAtLastError();
}
