// Class Caffe: the process-wide mode, device, random generator and thread
// count. The one place that refuses GPU mode where there is no device.
#include "caffe/common.hpp"

#include <random>

#include "core/cpu_count.hpp"
#include "core/device.hpp"

namespace caffe {
namespace {

struct Settings {
  int threads = UsableCpus();
  Caffe::Brew mode = Caffe::CPU;
  Caffe::Math math = Caffe::FP32;
  int device = 0;
  bool debug_sync = false;
  Rng rng{SeedFromSystem()};
#ifdef TERCET_CUDA
  cublasHandle_t cublas = nullptr;
#endif
};

Settings& settings() {
  static Settings instance;
  return instance;
}

#ifdef TERCET_CUDA
void SetBlasMath() {
  const Settings& s = settings();
  CUBLAS_CHECK(cublasSetMathMode(s.cublas, s.math == Caffe::TF32
                                               ? CUBLAS_TF32_TENSOR_OP_MATH
                                               : CUBLAS_DEFAULT_MATH));
}
#endif

void RequireDevice() {
  if (Caffe::DeviceCount() > 0) return;
  throw Error(Error::kDevice, DeviceProblem());
}

}  // namespace

uint64_t SeedFromSystem() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

Caffe::Brew Caffe::mode() { return settings().mode; }

void Caffe::set_mode(Brew mode) {
  if (mode == GPU) RequireDevice();
  settings().mode = mode;
}

void Caffe::SetDevice(int device) {
  RequireDevice();
  const int count = DeviceCount();
  if (device < 0 || device >= count) {
    throw Error(Error::kDevice,
                "no CUDA device " + std::to_string(device) + " (have 0 to " +
                    std::to_string(count - 1) + ")");
  }
#ifdef TERCET_CUDA
  Settings& s = settings();
  if (s.cublas != nullptr) {
    CUBLAS_CHECK(cublasDestroy(s.cublas));
    s.cublas = nullptr;
  }
  CUDA_CHECK(cudaSetDevice(device));
  CheckDeviceCode();
  LOG(INFO) << "GPU " << device << ": " << DescribeDevice(device).name;
  s.device = device;
#endif
}

int Caffe::device() { return settings().device; }

int Caffe::DeviceCount() {
#ifdef TERCET_CUDA
  static const int count = [] {
    int found = 0;
    if (cudaGetDeviceCount(&found) != cudaSuccess) {
      cudaGetLastError();  // clears the error state
      found = 0;
    }
    return found;
  }();
  return count;
#else
  return 0;
#endif
}

Caffe::Math Caffe::math() { return settings().math; }

void Caffe::set_math(Math math) {
  settings().math = math;
#ifdef TERCET_CUDA
  if (settings().cublas != nullptr) SetBlasMath();
#endif
}

bool Caffe::debug_sync() { return settings().debug_sync; }

void Caffe::set_debug_sync(bool on) { settings().debug_sync = on; }

void Caffe::set_random_seed(uint64_t seed) { settings().rng = Rng(seed); }

Rng& Caffe::rng() { return settings().rng; }

void Caffe::set_rng(const Rng& rng) { settings().rng = rng; }

int Caffe::threads() { return settings().threads; }

void Caffe::set_threads(int threads) {
  CHECK_GE(threads, 1);
  settings().threads = threads;
}

#ifdef TERCET_CUDA
cublasHandle_t Caffe::cublas_handle() {
  Settings& s = settings();
  if (s.cublas == nullptr) {
    CUBLAS_CHECK(cublasCreate(&s.cublas));
    SetBlasMath();
  }
  return s.cublas;
}
#endif

}  // namespace caffe
