// cuDNN on the host: the handle and descriptors, softmax, pooling and batch
// normalization.
#include "cudnn.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cudnn_host.hpp"

struct CudnnHostPooling {
  cudnnPoolingMode_t mode;
  int window_h, window_w, pad_h, pad_w, stride_h, stride_w;
};

using cuda_host::ArrayOf;
using cuda_host::Blend;
using cuda_host::Fail;

size_t cudnnGetVersion() { return 91300; }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
  }
  return "unknown status";
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  static int context;
  *handle = reinterpret_cast<cudnnHandle_t>(&context);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t) { return CUDNN_STATUS_SUCCESS; }

#define CUDNN_HOST_DESCRIPTOR(Name)                                           \
  cudnnStatus_t cudnnCreate##Name##Descriptor(cudnn##Name##Descriptor_t* d) { \
    *d = new std::remove_pointer_t<cudnn##Name##Descriptor_t>();              \
    return CUDNN_STATUS_SUCCESS;                                              \
  }                                                                           \
  cudnnStatus_t cudnnDestroy##Name##Descriptor(cudnn##Name##Descriptor_t d) { \
    delete d;                                                                 \
    return CUDNN_STATUS_SUCCESS;                                              \
  }

CUDNN_HOST_DESCRIPTOR(Tensor)
CUDNN_HOST_DESCRIPTOR(Filter)
CUDNN_HOST_DESCRIPTOR(Pooling)

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor,
                                         cudnnTensorFormat_t,
                                         cudnnDataType_t type, int n, int c,
                                         int h, int w) {
  if (std::min({n, c, h, w}) < 1) { return CUDNN_STATUS_BAD_PARAM; }
  *tensor = {type, n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter,
                                         cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k,
                                         int c, int h, int w) {
  return cudnnSetTensor4dDescriptor(filter, format, type, k, c, h, w);
}

namespace {

void CheckSame(const CudnnHostTensor& a, const CudnnHostTensor& b) {
  if (a.type != b.type || a.n != b.n || a.c != b.c || a.h != b.h ||
      a.w != b.w) {
    Fail("cuDNN is given two shapes that must be the same");
  }
}

// Calls body(index of the first score, distance of the scores, their number)
// for each set of scores that softmax is over.
template <typename Body>
void ForEachScores(const CudnnHostTensor& x, cudnnSoftmaxMode_t mode,
                   const Body& body) {
  for (int n = 0; n < x.n; ++n) {
    if (mode == CUDNN_SOFTMAX_MODE_INSTANCE) {
      body(x.at(n, 0), 1, x.c * x.plane());
      continue;
    }
    for (int64_t p = 0; p < x.plane(); ++p) {
      body(x.at(n, 0) + p, x.plane(), x.c);
    }
  }
}

}  // namespace

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t, cudnnSoftmaxAlgorithm_t,
                                  cudnnSoftmaxMode_t mode, const void* alpha,
                                  cudnnTensorDescriptor_t x_shape,
                                  const void* x, const void* beta,
                                  cudnnTensorDescriptor_t y_shape, void* y) {
  CheckSame(*x_shape, *y_shape);
  cuda_host::WithType(x_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    Real* const to = ArrayOf<Real>(*y_shape, y);
    ForEachScores(*x_shape, mode, [&](int64_t at, int64_t step, int64_t n) {
      double most = from[at], sum = 0;
      for (int64_t k = 0; k < n; ++k) {
        most = std::max<double>(most, from[at + k * step]);
      }
      for (int64_t k = 0; k < n; ++k) {
        sum += std::exp(from[at + k * step] - most);
      }
      for (int64_t k = at; k < at + n * step; k += step) {
        Blend(alpha, std::exp(from[k] - most) / sum, beta, to + k);
      }
    });
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSoftmaxBackward(
    cudnnHandle_t, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t mode,
    const void* alpha, cudnnTensorDescriptor_t y_shape, const void* y,
    cudnnTensorDescriptor_t dy_shape, const void* dy, const void* beta,
    cudnnTensorDescriptor_t dx_shape, void* dx) {
  CheckSame(*y_shape, *dy_shape);
  CheckSame(*y_shape, *dx_shape);
  cuda_host::WithType(y_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const top = ArrayOf<const Real>(*y_shape, y);
    const Real* const diff = ArrayOf<const Real>(*dy_shape, dy);
    Real* const to = ArrayOf<Real>(*dx_shape, dx);
    ForEachScores(*y_shape, mode, [&](int64_t at, int64_t step, int64_t n) {
      double dot = 0;
      for (int64_t k = at; k < at + n * step; k += step) {
        dot += double{diff[k]} * top[k];
      }
      for (int64_t k = at; k < at + n * step; k += step) {
        Blend(alpha, top[k] * (diff[k] - dot), beta, to + k);
      }
    });
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetPooling2dDescriptor(
    cudnnPoolingDescriptor_t pooling, cudnnPoolingMode_t mode,
    cudnnNanPropagation_t, int window_h, int window_w, int pad_h, int pad_w,
    int stride_h, int stride_w) {
  *pooling = {mode, window_h, window_w, pad_h, pad_w, stride_h, stride_w};
  return CUDNN_STATUS_SUCCESS;
}

namespace {

// Calls body(index in x, in y, divisor) for each pixel of each window.
template <typename Body>
void ForEachPixel(const CudnnHostPooling& s, const CudnnHostTensor& x,
                  const CudnnHostTensor& y, const Body& body) {
  if (s.mode == CUDNN_POOLING_MAX) { Fail("pooling by a maximum is not here"); }
  if (y.n != x.n || y.c != x.c ||
      y.h != (x.h + 2 * s.pad_h - s.window_h) / s.stride_h + 1 ||
      y.w != (x.w + 2 * s.pad_w - s.window_w) / s.stride_w + 1) {
    Fail("the shapes of pooling by cuDNN do not fit each other");
  }
  for (int64_t k = 0; k < y.count(); ++k) {
    const int q = k % y.w, r = k / y.w % y.h;
    const int top = r * s.stride_h - s.pad_h, left = q * s.stride_w - s.pad_w;
    const int first_row = std::max(top, 0);
    const int last_row = std::min(top + s.window_h, x.h);
    const int first = std::max(left, 0);
    const int last = std::min(left + s.window_w, x.w);
    const int all = s.window_h * s.window_w;
    const int inside = (last_row - first_row) * (last - first);
    for (int i = first_row; i < last_row; ++i) {
      for (int j = first; j < last; ++j) {
        body((k / y.plane() * x.h + i) * x.w + j, k,
             s.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING ? all
                                                                   : inside);
      }
    }
  }
}

}  // namespace

cudnnStatus_t cudnnPoolingForward(cudnnHandle_t, cudnnPoolingDescriptor_t s,
                                  const void* alpha,
                                  cudnnTensorDescriptor_t x_shape,
                                  const void* x, const void* beta,
                                  cudnnTensorDescriptor_t y_shape, void* y) {
  cuda_host::WithType(x_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    Real* const to = ArrayOf<Real>(*y_shape, y);
    std::vector<double> sums(y_shape->count());
    ForEachPixel(*s, *x_shape, *y_shape, [&](int64_t i, int64_t k, int size) {
      sums[k] += double{from[i]} / size;
    });
    for (size_t k = 0; k < sums.size(); ++k) {
      Blend(alpha, sums[k], beta, to + k);
    }
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnPoolingBackward(
    cudnnHandle_t, cudnnPoolingDescriptor_t s, const void* alpha,
    cudnnTensorDescriptor_t y_shape, const void* y,
    cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnTensorDescriptor_t x_shape, const void* x, const void* beta,
    cudnnTensorDescriptor_t dx_shape, void* dx) {
  CheckSame(*y_shape, *dy_shape);
  CheckSame(*x_shape, *dx_shape);
  cuda_host::WithType(x_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    ArrayOf<const Real>(*y_shape, y);
    ArrayOf<const Real>(*x_shape, x);
    const Real* const diff = ArrayOf<const Real>(*dy_shape, dy);
    Real* const to = ArrayOf<Real>(*dx_shape, dx);
    std::vector<double> sums(dx_shape->count());
    ForEachPixel(*s, *x_shape, *y_shape, [&](int64_t i, int64_t k, int size) {
      sums[i] += double{diff[k]} / size;
    });
    for (size_t i = 0; i < sums.size(); ++i) {
      Blend(alpha, sums[i], beta, to + i);
    }
  });
  return CUDNN_STATUS_SUCCESS;
}

namespace {

// Calls body(index) for each value of a channel.
template <typename Body>
void ForEachOfChannel(const CudnnHostTensor& x, int c, const Body& body) {
  for (int n = 0; n < x.n; ++n) {
    for (int64_t p = 0; p < x.plane(); ++p) { body(x.at(n, c) + p); }
  }
}

void CheckChannels(const CudnnHostTensor& x, const CudnnHostTensor& channel) {
  if (channel.n != 1 || channel.c != x.c || channel.plane() != 1) {
    Fail("cuDNN's batch normalization has another shape for its channels");
  }
}

}  // namespace

cudnnStatus_t cudnnBatchNormalizationForwardTraining(
    cudnnHandle_t, cudnnBatchNormMode_t, const void* alpha, const void* beta,
    cudnnTensorDescriptor_t x_shape, const void* x,
    cudnnTensorDescriptor_t y_shape, void* y,
    cudnnTensorDescriptor_t channel_shape, const void* scale, const void* bias,
    double factor, void* running_mean, void* running_variance, double epsilon,
    void* saved_mean, void* saved_inverse_variance) {
  CheckSame(*x_shape, *y_shape);
  CheckChannels(*x_shape, *channel_shape);
  cuda_host::WithType(x_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const CudnnHostTensor& channels = *channel_shape;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    Real* const to = ArrayOf<Real>(*y_shape, y);
    const Real* const scales = ArrayOf<const Real>(channels, scale);
    const Real* const shifts = ArrayOf<const Real>(channels, bias);
    Real* const means = ArrayOf<Real>(channels, running_mean);
    Real* const variances = ArrayOf<Real>(channels, running_variance);
    Real* const kept_mean = ArrayOf<Real>(channels, saved_mean);
    Real* const kept = ArrayOf<Real>(channels, saved_inverse_variance);
    const double n = static_cast<double>(x_shape->n) * x_shape->plane();
    for (int c = 0; c < x_shape->c; ++c) {
      double mean = 0, variance = 0;
      ForEachOfChannel(*x_shape, c, [&](int64_t i) { mean += from[i] / n; });
      ForEachOfChannel(*x_shape, c, [&](int64_t i) {
        variance += (from[i] - mean) * (from[i] - mean) / n;
      });
      const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
      means[c] = (1 - factor) * means[c] + factor * mean;
      variances[c] = (1 - factor) * variances[c] + factor * unbiased;
      kept_mean[c] = mean;
      kept[c] = 1 / std::sqrt(variance + epsilon);
      ForEachOfChannel(*x_shape, c, [&](int64_t i) {
        Blend(alpha,
              scales[c] * (from[i] - mean) / std::sqrt(variance + epsilon) +
                  shifts[c],
              beta, to + i);
      });
    }
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBatchNormalizationBackward(
    cudnnHandle_t, cudnnBatchNormMode_t, const void* alpha_data,
    const void* beta_data, const void* alpha_param, const void* beta_param,
    cudnnTensorDescriptor_t x_shape, const void* x,
    cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnTensorDescriptor_t dx_shape, void* dx,
    cudnnTensorDescriptor_t channel_shape, const void* scale, void* dscale,
    void* dbias, double, const void* saved_mean,
    const void* saved_inverse_variance) {
  CheckSame(*x_shape, *dy_shape);
  CheckSame(*x_shape, *dx_shape);
  CheckChannels(*x_shape, *channel_shape);
  cuda_host::WithType(x_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const CudnnHostTensor& channels = *channel_shape;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    const Real* const diff = ArrayOf<const Real>(*dy_shape, dy);
    Real* const to = ArrayOf<Real>(*dx_shape, dx);
    const Real* const scales = ArrayOf<const Real>(channels, scale);
    Real* const to_scale = ArrayOf<Real>(channels, dscale);
    Real* const to_bias = ArrayOf<Real>(channels, dbias);
    const Real* const mean = ArrayOf<const Real>(channels, saved_mean);
    const Real* const inverse =
        ArrayOf<const Real>(channels, saved_inverse_variance);
    const double n = static_cast<double>(x_shape->n) * x_shape->plane();
    for (int c = 0; c < x_shape->c; ++c) {
      const auto z = [&](int64_t i) {
        return (double{from[i]} - mean[c]) * inverse[c];
      };
      double sum = 0, dot = 0;
      ForEachOfChannel(*x_shape, c, [&](int64_t i) {
        sum += diff[i];
        dot += diff[i] * z(i);
      });
      ForEachOfChannel(*x_shape, c, [&](int64_t i) {
        Blend(alpha_data,
              scales[c] * inverse[c] * (diff[i] - sum / n - z(i) * dot / n),
              beta_data, to + i);
      });
      Blend(alpha_param, dot, beta_param, to_scale + c);
      Blend(alpha_param, sum, beta_param, to_bias + c);
    }
  });
  return CUDNN_STATUS_SUCCESS;
}
