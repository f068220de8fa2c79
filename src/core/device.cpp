// The host's side of the GPU, as said in the header: what there is, memory,
// and counted copies.
#include "core/device.hpp"

#include <atomic>
#include <sstream>
#include <utility>

namespace caffe {

namespace {

// Data layers count from threads of their own.
struct Counts {
  std::atomic<int64_t> to_device{0}, bytes_to_device{0};
  std::atomic<int64_t> to_host{0}, bytes_to_host{0};
};

Counts& counts() {
  static Counts instance;
  return instance;
}

}  // namespace

Transfers operator-(const Transfers& after, const Transfers& before) {
  return {after.to_device - before.to_device,
          after.bytes_to_device - before.bytes_to_device,
          after.to_host - before.to_host,
          after.bytes_to_host - before.bytes_to_host};
}

Transfers TransfersSoFar() {
  const Counts& c = counts();
  return {c.to_device, c.bytes_to_device, c.to_host, c.bytes_to_host};
}

string TransfersText(const Transfers& transfers) {
  ostringstream text;
  text << transfers.to_device << " to the device ("
       << transfers.bytes_to_device << " bytes), " << transfers.to_host
       << " to the host (" << transfers.bytes_to_host << " bytes)";
  return text.str();
}

#ifndef TERCET_CUDA

string DeviceProblem() {
  return "this build has no CUDA: it runs on the CPU only";
}

DeviceInfo DescribeDevice(int) {
  throw Error(Error::kDevice, DeviceProblem());
}

vector<DeviceInfo> ListDevices() { return {}; }

string CudaVersions() { return ""; }

DeviceBytes::DeviceBytes(size_t) {
  throw Error(Error::kDevice, DeviceProblem());
}

DeviceBytes::~DeviceBytes() = default;

#else

namespace {

// 13020 -> "13.2", as CUDA counts its versions.
string VersionText(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

int DriverVersion() {
  int version = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess) cudaGetLastError();
  return version;
}

int RuntimeVersion() {
  int version = 0;
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) cudaGetLastError();
  return version;
}

int Attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  if (cudaDeviceGetAttribute(&value, which, device) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return value;
}

// Makes a device the current one for as long as this lives.
class UseDevice {
 public:
  explicit UseDevice(int device) {
    CUDA_CHECK(cudaGetDevice(&before_));
    CUDA_CHECK(cudaSetDevice(device));
  }
  ~UseDevice() { cudaSetDevice(before_); }

 private:
  int before_ = 0;
};

}  // namespace

string DeviceProblem() {
  int found = 0;
  const cudaError_t status = cudaGetDeviceCount(&found);
  if (status == cudaSuccess && found > 0) return "";
  cudaGetLastError();  // clears the error state
  if (status == cudaErrorInsufficientDriver && DriverVersion() > 0) {
    return "the GPU's driver is too old: it is for CUDA " +
           VersionText(DriverVersion()) + ", and this build wants " +
           VersionText(RuntimeVersion());
  }
  const string reason = status == cudaSuccess ||
                                status == cudaErrorNoDevice ||
                                status == cudaErrorInsufficientDriver
                            ? ""
                            : string(" (") + cudaGetErrorString(status) + ")";
  return "no CUDA device can be used on this machine" + reason;
}

DeviceInfo DescribeDevice(int number) {
  DeviceInfo info;
  cudaDeviceProp properties;
  CUDA_CHECK(cudaGetDeviceProperties(&properties, number));
  info.number = number;
  info.name = properties.name;
  info.major = properties.major;
  info.minor = properties.minor;
  info.processors = properties.multiProcessorCount;
  const UseDevice use(number);
  CUDA_CHECK(cudaMemGetInfo(&info.free_bytes, &info.total_bytes));
  // Two transfers a clock; the clock is in kHz, the width in bits.
  info.bytes_per_second = 2e3 / 8 *
                          Attribute(cudaDevAttrMemoryClockRate, number) *
                          Attribute(cudaDevAttrGlobalMemoryBusWidth, number);
  return info;
}

vector<DeviceInfo> ListDevices() {
  vector<DeviceInfo> devices;
  const int count = Caffe::DeviceCount();
  for (int i = 0; i < count; ++i) devices.push_back(DescribeDevice(i));
  return devices;
}

string CudaVersions() {
  return "CUDA " + VersionText(RuntimeVersion()) + ", driver for CUDA " +
         VersionText(DriverVersion()) + ", built for " TERCET_ARCHITECTURES;
}

void CountScalarToHost(size_t bytes) {
  ++counts().to_host;
  counts().bytes_to_host += bytes;
}

void CopyToDevice(void* to, const void* from, size_t bytes) {
  ++counts().to_device;
  counts().bytes_to_device += bytes;
  CUDA_CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
}

void CopyToDeviceAsync(void* to, const void* from, size_t bytes,
                       cudaStream_t stream) {
  ++counts().to_device;
  counts().bytes_to_device += bytes;
  CUDA_CHECK(
      cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream));
}

void CopyToHost(void* to, const void* from, size_t bytes) {
  CountScalarToHost(bytes);
  CUDA_CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}

namespace {

bool OnDevice(const void* pointer) {
  cudaPointerAttributes attributes;
  CUDA_CHECK(cudaPointerGetAttributes(&attributes, pointer));
  return attributes.type == cudaMemoryTypeDevice;
}

}  // namespace

void CopyBetween(void* to, const void* from, size_t bytes) {
  const bool to_device = OnDevice(to), from_device = OnDevice(from);
  if (to_device && !from_device) {
    CopyToDevice(to, from, bytes);
  } else if (from_device && !to_device) {
    CopyToHost(to, from, bytes);
  } else {
    CUDA_CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
  }
}

DeviceBytes::DeviceBytes(size_t size) : size_(size) {
  const cudaError_t status = cudaMalloc(&pointer_, size ? size : 1);
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears the error state
  if (status != cudaErrorMemoryAllocation) CUDA_CHECK(status);
  size_t free_bytes = 0, total = 0;
  CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total));
  throw Error(Error::kDevice,
              "out of device memory: " + std::to_string(size) +
                  " bytes were wanted, " + std::to_string(free_bytes) +
                  " of " + std::to_string(total) + " are free");
}

DeviceBytes::~DeviceBytes() { cudaFree(pointer_); }

DeviceBytes::DeviceBytes(DeviceBytes&& other) noexcept
    : pointer_(std::exchange(other.pointer_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

DeviceBytes& DeviceBytes::operator=(DeviceBytes&& other) noexcept {
  std::swap(pointer_, other.pointer_);
  std::swap(size_, other.size_);
  return *this;
}

#endif  // TERCET_CUDA

}  // namespace caffe
