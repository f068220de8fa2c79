// Stands in for cuDNN in the build that runs the GPU code on the host: the
// calls that the library makes, as plain loops by their documentation, on
// row-major float and double arrays. What is asked of them must be device
// memory of the right size, and the scalars the host's.
#ifndef TERCET_TEST_CUDA_HOST_CUDNN_H_
#define TERCET_TEST_CUDA_HOST_CUDNN_H_

#include <cstddef>

enum cudnnStatus_t {
  CUDNN_STATUS_SUCCESS = 0,
  CUDNN_STATUS_BAD_PARAM = 2000,
  CUDNN_STATUS_NOT_SUPPORTED = 3000
};
enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_DOUBLE = 1 };
enum cudnnTensorFormat_t { CUDNN_TENSOR_NCHW = 0 };
enum cudnnConvolutionMode_t {
  CUDNN_CONVOLUTION = 0,
  CUDNN_CROSS_CORRELATION = 1
};
enum cudnnMathType_t {
  CUDNN_DEFAULT_MATH = 0,
  CUDNN_TENSOR_OP_MATH = 1,
  CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION = 2,
  CUDNN_FMA_MATH = 3
};
enum cudnnDeterminism_t {
  CUDNN_NON_DETERMINISTIC = 0,
  CUDNN_DETERMINISTIC = 1
};
enum cudnnNanPropagation_t {
  CUDNN_NOT_PROPAGATE_NAN = 0,
  CUDNN_PROPAGATE_NAN = 1
};

typedef struct CudnnHostContext* cudnnHandle_t;
typedef struct CudnnHostTensor* cudnnTensorDescriptor_t;
typedef struct CudnnHostTensor* cudnnFilterDescriptor_t;
typedef struct CudnnHostConvolution* cudnnConvolutionDescriptor_t;
typedef struct CudnnHostPooling* cudnnPoolingDescriptor_t;

size_t cudnnGetVersion();
const char* cudnnGetErrorString(cudnnStatus_t status);
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle);
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle);

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor);
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor);
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor,
                                         cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c,
                                         int h, int w);
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter);
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter);
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter,
                                         cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k,
                                         int c, int h, int w);

// Convolution. Of each pass's algorithms one is not deterministic and one
// wants more workspace than there is memory; both are listed as the fastest,
// and the deterministic ones differ in the order of their sums.
enum cudnnConvolutionFwdAlgo_t {
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0,
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1,
  CUDNN_CONVOLUTION_FWD_ALGO_GEMM = 2,
  CUDNN_CONVOLUTION_FWD_ALGO_FFT = 4
};
enum cudnnConvolutionBwdDataAlgo_t {
  CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 = 0,
  CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1,
  CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT = 2
};
enum cudnnConvolutionBwdFilterAlgo_t {
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 = 0,
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1,
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT = 2
};

template <typename Algorithm>
struct CudnnHostPerformance {
  Algorithm algo;
  cudnnStatus_t status;
  float time;
  size_t memory;
  cudnnDeterminism_t determinism;
  cudnnMathType_t mathType;
};
typedef CudnnHostPerformance<cudnnConvolutionFwdAlgo_t>
    cudnnConvolutionFwdAlgoPerf_t;
typedef CudnnHostPerformance<cudnnConvolutionBwdDataAlgo_t>
    cudnnConvolutionBwdDataAlgoPerf_t;
typedef CudnnHostPerformance<cudnnConvolutionBwdFilterAlgo_t>
    cudnnConvolutionBwdFilterAlgoPerf_t;

cudnnStatus_t cudnnCreateConvolutionDescriptor(
    cudnnConvolutionDescriptor_t* convolution);
cudnnStatus_t cudnnDestroyConvolutionDescriptor(
    cudnnConvolutionDescriptor_t convolution);
cudnnStatus_t cudnnSetConvolution2dDescriptor(
    cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w,
    int stride_h, int stride_w, int dilation_h, int dilation_w,
    cudnnConvolutionMode_t mode, cudnnDataType_t type);
cudnnStatus_t cudnnSetConvolutionGroupCount(
    cudnnConvolutionDescriptor_t convolution, int groups);
cudnnStatus_t cudnnSetConvolutionMathType(
    cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math);

#define CUDNN_HOST_LISTS(Prefix, Performance, A, B, C)                       \
  cudnnStatus_t cudnnGet##Prefix##Algorithm_v7(                              \
      cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t, C, int most,        \
      int* count, Performance* results);                                     \
  cudnnStatus_t cudnnFind##Prefix##Algorithm(                                \
      cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t, C, int most,        \
      int* count, Performance* results)
CUDNN_HOST_LISTS(ConvolutionForward, cudnnConvolutionFwdAlgoPerf_t,
                 cudnnTensorDescriptor_t, cudnnFilterDescriptor_t,
                 cudnnTensorDescriptor_t);
CUDNN_HOST_LISTS(ConvolutionBackwardData, cudnnConvolutionBwdDataAlgoPerf_t,
                 cudnnFilterDescriptor_t, cudnnTensorDescriptor_t,
                 cudnnTensorDescriptor_t);
CUDNN_HOST_LISTS(ConvolutionBackwardFilter,
                 cudnnConvolutionBwdFilterAlgoPerf_t, cudnnTensorDescriptor_t,
                 cudnnTensorDescriptor_t, cudnnFilterDescriptor_t);
#undef CUDNN_HOST_LISTS

// out = alpha result + beta out.
cudnnStatus_t cudnnConvolutionForward(
    cudnnHandle_t, const void* alpha, cudnnTensorDescriptor_t x_shape,
    const void* x, cudnnFilterDescriptor_t w_shape, const void* w,
    cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algo,
    void* workspace, size_t workspace_bytes, const void* beta,
    cudnnTensorDescriptor_t y_shape, void* y);
cudnnStatus_t cudnnConvolutionBackwardData(
    cudnnHandle_t, const void* alpha, cudnnFilterDescriptor_t w_shape,
    const void* w, cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnConvolutionDescriptor_t convolution,
    cudnnConvolutionBwdDataAlgo_t algo, void* workspace,
    size_t workspace_bytes, const void* beta, cudnnTensorDescriptor_t dx_shape,
    void* dx);
cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t, const void* alpha, cudnnTensorDescriptor_t x_shape,
    const void* x, cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnConvolutionDescriptor_t convolution,
    cudnnConvolutionBwdFilterAlgo_t algo, void* workspace,
    size_t workspace_bytes, const void* beta, cudnnFilterDescriptor_t dw_shape,
    void* dw);

// Softmax.
enum cudnnSoftmaxAlgorithm_t {
  CUDNN_SOFTMAX_FAST = 0,
  CUDNN_SOFTMAX_ACCURATE = 1
};
enum cudnnSoftmaxMode_t {
  CUDNN_SOFTMAX_MODE_INSTANCE = 0,  // over C, H and W
  CUDNN_SOFTMAX_MODE_CHANNEL = 1    // over C
};
cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t, cudnnSoftmaxAlgorithm_t,
                                  cudnnSoftmaxMode_t mode, const void* alpha,
                                  cudnnTensorDescriptor_t x_shape,
                                  const void* x, const void* beta,
                                  cudnnTensorDescriptor_t y_shape, void* y);
cudnnStatus_t cudnnSoftmaxBackward(
    cudnnHandle_t, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t mode,
    const void* alpha, cudnnTensorDescriptor_t y_shape, const void* y,
    cudnnTensorDescriptor_t dy_shape, const void* dy, const void* beta,
    cudnnTensorDescriptor_t dx_shape, void* dx);

// Pooling. The mean of a window counts what lies in the image.
enum cudnnPoolingMode_t {
  CUDNN_POOLING_MAX = 0,
  CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING = 1,
  CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING = 2
};
cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t* pooling);
cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t pooling);
cudnnStatus_t cudnnSetPooling2dDescriptor(
    cudnnPoolingDescriptor_t pooling, cudnnPoolingMode_t mode,
    cudnnNanPropagation_t, int window_h, int window_w, int pad_h, int pad_w,
    int stride_h, int stride_w);
cudnnStatus_t cudnnPoolingForward(cudnnHandle_t,
                                  cudnnPoolingDescriptor_t pooling,
                                  const void* alpha,
                                  cudnnTensorDescriptor_t x_shape,
                                  const void* x, const void* beta,
                                  cudnnTensorDescriptor_t y_shape, void* y);
cudnnStatus_t cudnnPoolingBackward(
    cudnnHandle_t, cudnnPoolingDescriptor_t pooling, const void* alpha,
    cudnnTensorDescriptor_t y_shape, const void* y,
    cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnTensorDescriptor_t x_shape, const void* x, const void* beta,
    cudnnTensorDescriptor_t dx_shape, void* dx);

// Batch normalization, by channel.
enum cudnnBatchNormMode_t { CUDNN_BATCHNORM_SPATIAL = 1 };
constexpr double CUDNN_BN_MIN_EPSILON = 0.0;
// running = (1 - factor) running + factor statistic, where the variance is
// that of the batch times n / (n - 1). Saved are the mean and
// 1 / sqrt(variance + eps).
cudnnStatus_t cudnnBatchNormalizationForwardTraining(
    cudnnHandle_t, cudnnBatchNormMode_t, const void* alpha, const void* beta,
    cudnnTensorDescriptor_t x_shape, const void* x,
    cudnnTensorDescriptor_t y_shape, void* y,
    cudnnTensorDescriptor_t channel_shape, const void* scale, const void* bias,
    double factor, void* running_mean, void* running_variance, double epsilon,
    void* saved_mean, void* saved_inverse_variance);
cudnnStatus_t cudnnBatchNormalizationBackward(
    cudnnHandle_t, cudnnBatchNormMode_t, const void* alpha_data,
    const void* beta_data, const void* alpha_param, const void* beta_param,
    cudnnTensorDescriptor_t x_shape, const void* x,
    cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnTensorDescriptor_t dx_shape, void* dx,
    cudnnTensorDescriptor_t channel_shape, const void* scale, void* dscale,
    void* dbias, double epsilon, const void* saved_mean,
    const void* saved_inverse_variance);

#endif  // TERCET_TEST_CUDA_HOST_CUDNN_H_
