// What every part of the library includes: the instantiation macros of
// Caffe's layer files, the standard names that they use unqualified, and
// class Caffe, the process-wide settings (device, random numbers, threads).
#ifndef CAFFE_COMMON_HPP_
#define CAFFE_COMMON_HPP_

#include <climits>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/rng.hpp"

#ifdef TERCET_CUDA
#include <cublas_v2.h>
#include <cuda_runtime.h>
#endif

// Forbids copying of a class; stands in its private part.
#define DISABLE_COPY_AND_ASSIGN(Class) \
 private:                              \
  Class(const Class&) = delete;        \
  Class& operator=(const Class&) = delete

// Instantiates a class template for float and double.
#define INSTANTIATE_CLASS(Class)                 \
  char gInstantiationGuard##Class;               \
  template class Class<float>;                   \
  template class Class<double>

// In a layer's .cu file: instantiates its GPU functions.
#define INSTANTIATE_LAYER_GPU_FORWARD(Class)                         \
  template void Class<float>::Forward_gpu(                           \
      const std::vector<Blob<float>*>&, const std::vector<Blob<float>*>&); \
  template void Class<double>::Forward_gpu(                          \
      const std::vector<Blob<double>*>&, const std::vector<Blob<double>*>&)

#define INSTANTIATE_LAYER_GPU_BACKWARD(Class)                           \
  template void Class<float>::Backward_gpu(                             \
      const std::vector<Blob<float>*>&, const std::vector<bool>&,       \
      const std::vector<Blob<float>*>&);                                \
  template void Class<double>::Backward_gpu(                            \
      const std::vector<Blob<double>*>&, const std::vector<bool>&,      \
      const std::vector<Blob<double>*>&)

#define INSTANTIATE_LAYER_GPU_FUNCS(Class) \
  INSTANTIATE_LAYER_GPU_FORWARD(Class);    \
  INSTANTIATE_LAYER_GPU_BACKWARD(Class)

// Layers written for Caffe call this in their .cpp for builds without CUDA;
// here Layer's own defaults already refuse, so it expands to nothing useful.
#define STUB_GPU(Class) static_assert(true, "")

namespace caffe {

using std::cout;
using std::endl;
using std::fstream;
using std::ios;
using std::isinf;
using std::isnan;
using std::make_pair;
using std::map;
using std::ostringstream;
using std::pair;
using std::set;
using std::shared_ptr;
using std::string;
using std::stringstream;
using std::vector;

// Settings of the process. The library runs one net at a time; none of these
// functions is safe to call from two threads at once.
class Caffe {
 public:
  enum Brew { CPU, GPU };
  // The products of floats on the GPU: FP32 as IEEE has them, TF32 with
  // factors rounded to 10 bits of fraction, on tensor cores.
  enum Math { FP32, TF32 };

  static Brew mode();
  // Error kDevice where this build or machine has no CUDA device.
  static void set_mode(Brew mode);
  // Chooses a CUDA device by number; Error kDevice as above, or when there is
  // no device of that number, or none of its code in this build.
  static void SetDevice(int device);
  // The device that was chosen; 0 before.
  static int device();
  // The number of CUDA devices that can be used: 0 in a CPU build.
  static int DeviceCount();
  // FP32 unless set; without effect on the CPU and on doubles.
  static Math math();
  static void set_math(Math math);
  // Whether each layer waits for the GPU when it is done, so that an error
  // there is told of the layer that made it, and solvers log the copies between
  // host and device of each iteration.
  static bool debug_sync();
  static void set_debug_sync(bool on);

  // Starts the random numbers afresh from a seed.
  static void set_random_seed(uint64_t seed);
  static Rng& rng();
  static void set_rng(const Rng& rng);

  // The number of threads of every parallel loop, BLAS included.
  static int threads();
  static void set_threads(int threads);

  // Always one solver a process; there for layers written for Caffe.
  static int solver_count() { return 1; }
  static bool root_solver() { return true; }

#ifdef TERCET_CUDA
  static cublasHandle_t cublas_handle();
#endif
};

// A seed from the system's entropy, for runs that name none.
uint64_t SeedFromSystem();

}  // namespace caffe

#ifdef TERCET_CUDA
#define CUDA_CHECK(expression)                                            \
  do {                                                                    \
    const cudaError_t status_ = (expression);                             \
    if (status_ != cudaSuccess) {                                         \
      throw ::caffe::Error(::caffe::Error::kDevice,                       \
                           std::string(#expression ": ") +                \
                               cudaGetErrorString(status_));              \
    }                                                                     \
  } while (false)

#define CUBLAS_CHECK(expression)                                          \
  do {                                                                    \
    const cublasStatus_t status_ = (expression);                          \
    if (status_ != CUBLAS_STATUS_SUCCESS) {                               \
      throw ::caffe::Error(::caffe::Error::kDevice,                       \
                           std::string(#expression ": ") +                \
                               cublasGetStatusString(status_));           \
    }                                                                     \
  } while (false)

#define CUDA_POST_KERNEL_CHECK CUDA_CHECK(cudaPeekAtLastError())
#endif  // TERCET_CUDA

#endif  // CAFFE_COMMON_HPP_
