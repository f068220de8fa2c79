// The GPU as the host sees it: which there are and whether they can be used,
// their memory, and the copies between it and the host's, which are counted.
// Launching kernels is device.cuh's. In a build without CUDA there are no
// devices, and nothing is ever copied.
#ifndef TERCET_CORE_DEVICE_HPP_
#define TERCET_CORE_DEVICE_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "caffe/common.hpp"

namespace caffe {

// Why no GPU can be used: no CUDA in this build, no device, or a driver that
// is too old (with its version and the one wanted). Empty where one can.
string DeviceProblem();

struct DeviceInfo {
  int number = 0;
  string name;
  int major = 0, minor = 0;  // compute capability
  int processors = 0;        // streaming multiprocessors
  size_t free_bytes = 0, total_bytes = 0;
  double bytes_per_second = 0;  // of its memory, by clock and width
};

// Error kDevice: there is no such device.
DeviceInfo DescribeDevice(int number);
// Every device, in the order of their numbers.
vector<DeviceInfo> ListDevices();

// The versions of runtime and driver and the architectures of the build, for
// people: "CUDA 13.0, driver for CUDA 13.0, built for 90". Empty in a build
// without CUDA.
string CudaVersions();

// Copies between host and device since the process began. What a net does in
// a training step can be told from the difference of two counts.
struct Transfers {
  int64_t to_device = 0, bytes_to_device = 0;
  int64_t to_host = 0, bytes_to_host = 0;
};
Transfers operator-(const Transfers& after, const Transfers& before);
Transfers TransfersSoFar();
// "2 to the device (4096 bytes), 1 to the host (4 bytes)".
string TransfersText(const Transfers& transfers);

#ifdef TERCET_CUDA
// Error kDevice: the device's code is not in this build.
void CheckDeviceCode();

// Copies, in the order of the kernels launched before; `to` and `from` are
// given as what they are. CopyBetween finds out which side each is on.
void CopyToDevice(void* to, const void* from, size_t bytes);
void CopyToHost(void* to, const void* from, size_t bytes);
void CopyBetween(void* to, const void* from, size_t bytes);
// Begins a copy on a stream; the host's memory must stay as it is, and should
// be pinned (PinnedBytes), until the stream is through with it.
void CopyToDeviceAsync(void* to, const void* from, size_t bytes,
                       cudaStream_t stream);
// Counts a number that a library call brings to the host.
void CountScalarToHost(size_t bytes);
#endif

// Device memory that is its owner's alone; not cleared. Error kDevice: there is
// no such memory in this build, or not enough of it (how much was wanted and
// how much is free).
class DeviceBytes {
 public:
  DeviceBytes() = default;
  explicit DeviceBytes(size_t size);
  ~DeviceBytes();
  DeviceBytes(DeviceBytes&& other) noexcept;
  DeviceBytes& operator=(DeviceBytes&& other) noexcept;

  void* get() const { return pointer_; }
  size_t size() const { return size_; }

 private:
  void* pointer_ = nullptr;
  size_t size_ = 0;
};
}  // namespace caffe

#endif  // TERCET_CORE_DEVICE_HPP_
