// cuDNN, for the few source files that are built with it (TERCET_CUDNN): the
// handle, descriptors that clean up after themselves, and errors. Settings and
// choices that any file may ask for are in cudnn_choice.hpp.
#ifndef TERCET_MATH_CUDNN_HPP_
#define TERCET_MATH_CUDNN_HPP_

#include <cudnn.h>

#include <string>

#include "caffe/common.hpp"

#define CUDNN_CHECK(expression)                              \
  do {                                                       \
    const cudnnStatus_t status_ = (expression);              \
    if (status_ != CUDNN_STATUS_SUCCESS) {                   \
      throw ::caffe::Error(::caffe::Error::kDevice,          \
                           std::string(#expression ": ") +   \
                               cudnnGetErrorString(status_)); \
    }                                                        \
  } while (false)

namespace caffe {

// The handle of the device in use, made when it is first asked for.
cudnnHandle_t CudnnHandle();

template <typename Dtype>
constexpr cudnnDataType_t kCudnnType =
    sizeof(Dtype) == sizeof(double) ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;

// Some of cuDNN's calls take no more images, or rows, at a time.
constexpr int64_t kMostCudnnImages = 65535;

// A descriptor of cuDNN's.
template <typename Handle, cudnnStatus_t (*create)(Handle*),
          cudnnStatus_t (*destroy)(Handle)>
class CudnnDescriptor {
 public:
  CudnnDescriptor() { CUDNN_CHECK(create(&handle_)); }
  ~CudnnDescriptor() { destroy(handle_); }
  CudnnDescriptor(const CudnnDescriptor&) = delete;
  CudnnDescriptor& operator=(const CudnnDescriptor&) = delete;
  operator Handle() const { return handle_; }

 private:
  Handle handle_;
};

using CudnnTensorBase =
    CudnnDescriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor,
                    cudnnDestroyTensorDescriptor>;
using CudnnFilter =
    CudnnDescriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor,
                    cudnnDestroyFilterDescriptor>;
using CudnnConvolutionDescriptor =
    CudnnDescriptor<cudnnConvolutionDescriptor_t,
                    cudnnCreateConvolutionDescriptor,
                    cudnnDestroyConvolutionDescriptor>;
using CudnnPoolingDescriptor =
    CudnnDescriptor<cudnnPoolingDescriptor_t, cudnnCreatePoolingDescriptor,
                    cudnnDestroyPoolingDescriptor>;

// A row-major array of N x C x H x W.
template <typename Dtype>
class CudnnTensor : public CudnnTensorBase {
 public:
  CudnnTensor() = default;
  CudnnTensor(int64_t n, int64_t c, int64_t h, int64_t w) { Set(n, c, h, w); }
  // No blob has more values than an int counts.
  void Set(int64_t n, int64_t c, int64_t h, int64_t w) {
    CUDNN_CHECK(cudnnSetTensor4dDescriptor(
        *this, CUDNN_TENSOR_NCHW, kCudnnType<Dtype>, static_cast<int>(n),
        static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)));
  }
};

}  // namespace caffe

#endif  // TERCET_MATH_CUDNN_HPP_
