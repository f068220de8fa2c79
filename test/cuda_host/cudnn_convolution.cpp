// cuDNN's convolution on the host: columns of an image and a product, in
// double, group by group.
#include <cblas.h>

#include <algorithm>
#include <vector>

#include "cudnn_host.hpp"

struct CudnnHostConvolution {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w;
  int groups = 1;
  cudnnConvolutionMode_t mode;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

namespace {

using cuda_host::ArrayOf;
using cuda_host::Blend;
using cuda_host::Fail;

// Calls body(row of the matrix of columns, pixel of y, index in x) for each
// product that a group of image n has.
template <typename Body>
void ForEachColumn(const CudnnHostTensor& x, const CudnnHostTensor& w,
                   const CudnnHostTensor& y, const CudnnHostConvolution& s,
                   int n, int group, const Body& body) {
  for (int k = 0; k < w.c * w.h * w.w; ++k) {
    const bool flipped = s.mode == CUDNN_CONVOLUTION;
    const int i = flipped ? w.h - 1 - k / w.w % w.h : k / w.w % w.h;
    const int j = flipped ? w.w - 1 - k % w.w : k % w.w;
    for (int p = 0; p < y.plane(); ++p) {
      const int row = p / y.w * s.stride_h - s.pad_h + i * s.dilation_h;
      const int column = p % y.w * s.stride_w - s.pad_w + j * s.dilation_w;
      if (row < 0 || row >= x.h || column < 0 || column >= x.w) { continue; }
      body(k, p, x.at(n, group * w.c + k / w.w / w.h, row, column));
    }
  }
}

void Check(const CudnnHostTensor& x, const CudnnHostTensor& w,
           const CudnnHostTensor& y, const CudnnHostConvolution& s) {
  const auto windows = [](int size, int pad, int stride, int dilation,
                          int kernel) {
    return (size + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  };
  if (y.n != x.n || y.c != w.n || x.c != w.c * s.groups ||
      w.n % s.groups != 0 ||
      y.h != windows(x.h, s.pad_h, s.stride_h, s.dilation_h, w.h) ||
      y.w != windows(x.w, s.pad_w, s.stride_w, s.dilation_w, w.w)) {
    Fail("the shapes of a convolution by cuDNN do not fit each other");
  }
}

constexpr size_t kWorkspace = 4096;
constexpr size_t kTooMuch = size_t{1} << 40;

// In the order that the fastest would come: not deterministic, too large, and
// two that will do. Measured, the two change places.
template <typename Algorithm, typename Result>
cudnnStatus_t List(const CudnnHostConvolution& s, bool measured,
                   Algorithm loose, Algorithm large, Algorithm first,
                   Algorithm second, int most, int* count, Result* results) {
  const std::vector<Result> all = {
      {loose, CUDNN_STATUS_SUCCESS, 0.1f, 0, CUDNN_NON_DETERMINISTIC, s.math},
      {large, CUDNN_STATUS_SUCCESS, 0.2f, kTooMuch, CUDNN_DETERMINISTIC,
       s.math},
      {first, CUDNN_STATUS_NOT_SUPPORTED, -1, 0, CUDNN_DETERMINISTIC, s.math},
      {second, CUDNN_STATUS_SUCCESS, 0.3f, 0, CUDNN_DETERMINISTIC,
       CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION},
      {measured ? second : first, CUDNN_STATUS_SUCCESS, 0.4f, kWorkspace,
       CUDNN_DETERMINISTIC, s.math},
      {measured ? first : second, CUDNN_STATUS_SUCCESS, 0.5f, kWorkspace,
       CUDNN_DETERMINISTIC, s.math}};
  *count = std::min<int>(most, static_cast<int>(all.size()));
  std::copy_n(all.begin(), *count, results);
  return CUDNN_STATUS_SUCCESS;
}

// The algorithms that may be asked for are those that want a workspace.
void CheckAlgorithm(bool allowed, const CudnnHostConvolution& s,
                    void* workspace, size_t bytes) {
  if (!allowed) { Fail("cuDNN is asked for an algorithm that must not be"); }
  if (s.math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) {
    Fail("cuDNN may turn factors into halves");
  }
  if (bytes < kWorkspace || !cuda_host::Contains(workspace, bytes)) {
    Fail("cuDNN has too little workspace");
  }
}

// A group of an image: weights (outputs, rows), columns (rows, plane), and
// outputs (outputs, plane), in double.
struct Group {
  int outputs, rows, plane;
  std::vector<double> weights, columns, tops;

  Group(const CudnnHostTensor& w, const CudnnHostTensor& y, int groups)
      : outputs(w.n / groups), rows(w.c * w.h * w.w),
        plane(static_cast<int>(y.plane())), weights(int64_t{outputs} * rows),
        columns(int64_t{rows} * plane), tops(int64_t{outputs} * plane) {}
};

template <typename Real>
void Load(const Real* from, std::vector<double>* to) {
  std::copy_n(from, to->size(), to->begin());
}

// c(m, n) = op(a) op(b) + beta c, row by row.
void Multiply(bool turn_a, bool turn_b, int m, int n, int k,
              const std::vector<double>& a, const std::vector<double>& b,
              double beta, std::vector<double>* c) {
  cblas_dgemm(CblasRowMajor, turn_a ? CblasTrans : CblasNoTrans,
              turn_b ? CblasTrans : CblasNoTrans, m, n, k, 1, a.data(),
              turn_a ? m : k, b.data(), turn_b ? k : n, beta, c->data(), n);
}

template <typename Real>
void FillColumns(const CudnnHostTensor& x, const CudnnHostTensor& w,
                 const CudnnHostTensor& y, const CudnnHostConvolution& s,
                 int n, int g, const Real* from, Group* group) {
  std::fill(group->columns.begin(), group->columns.end(), 0);
  ForEachColumn(x, w, y, s, n, g, [&](int k, int p, int64_t i) {
    group->columns[int64_t{k} * group->plane + p] = from[i];
  });
}

template <typename Real>
void BlendAll(const void* alpha, const std::vector<double>& values,
              const void* beta, Real* to) {
  for (size_t i = 0; i < values.size(); ++i) {
    Blend(alpha, values[i], beta, to + i);
  }
}

}  // namespace

cudnnStatus_t cudnnCreateConvolutionDescriptor(
    cudnnConvolutionDescriptor_t* convolution) {
  *convolution = new CudnnHostConvolution;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(
    cudnnConvolutionDescriptor_t convolution) {
  delete convolution;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(
    cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w,
    int stride_h, int stride_w, int dilation_h, int dilation_w,
    cudnnConvolutionMode_t mode, cudnnDataType_t) {
  if (pad_h < 0 || pad_w < 0) { return CUDNN_STATUS_BAD_PARAM; }
  *convolution = {pad_h,      pad_w, stride_h, stride_w,          dilation_h,
                  dilation_w, 1,     mode,     CUDNN_DEFAULT_MATH};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionGroupCount(
    cudnnConvolutionDescriptor_t convolution, int groups) {
  convolution->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(
    cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math) {
  convolution->math = math;
  return CUDNN_STATUS_SUCCESS;
}

#define CUDNN_HOST_LISTS(Prefix, Performance, A, B, C, loose, large, first,  \
                         second)                                             \
  cudnnStatus_t cudnnGet##Prefix##Algorithm_v7(                              \
      cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t s, C, int most,      \
      int* count, Performance* results) {                                    \
    return List(*s, false, loose, large, first, second, most, count,         \
                results);                                                    \
  }                                                                          \
  cudnnStatus_t cudnnFind##Prefix##Algorithm(                                \
      cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t s, C, int most,      \
      int* count, Performance* results) {                                    \
    return List(*s, true, loose, large, first, second, most, count,          \
                results);                                                    \
  }

CUDNN_HOST_LISTS(ConvolutionForward, cudnnConvolutionFwdAlgoPerf_t,
                 cudnnTensorDescriptor_t, cudnnFilterDescriptor_t,
                 cudnnTensorDescriptor_t, CUDNN_CONVOLUTION_FWD_ALGO_GEMM,
                 CUDNN_CONVOLUTION_FWD_ALGO_FFT,
                 CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                 CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)
CUDNN_HOST_LISTS(ConvolutionBackwardData, cudnnConvolutionBwdDataAlgoPerf_t,
                 cudnnFilterDescriptor_t, cudnnTensorDescriptor_t,
                 cudnnTensorDescriptor_t, CUDNN_CONVOLUTION_BWD_DATA_ALGO_0,
                 CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT,
                 CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
                 CUDNN_CONVOLUTION_BWD_DATA_ALGO_1)
CUDNN_HOST_LISTS(ConvolutionBackwardFilter,
                 cudnnConvolutionBwdFilterAlgoPerf_t, cudnnTensorDescriptor_t,
                 cudnnTensorDescriptor_t, cudnnFilterDescriptor_t,
                 CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0,
                 CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT,
                 CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1,
                 CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1)

cudnnStatus_t cudnnConvolutionForward(
    cudnnHandle_t, const void* alpha, cudnnTensorDescriptor_t x_shape,
    const void* x, cudnnFilterDescriptor_t w_shape, const void* w,
    cudnnConvolutionDescriptor_t s, cudnnConvolutionFwdAlgo_t algo,
    void* workspace, size_t workspace_bytes, const void* beta,
    cudnnTensorDescriptor_t y_shape, void* y) {
  Check(*x_shape, *w_shape, *y_shape, *s);
  CheckAlgorithm(algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM ||
                     algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                 *s, workspace, workspace_bytes);
  cuda_host::WithType(y_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    const Real* const weights = ArrayOf<const Real>(*w_shape, w);
    Real* const to = ArrayOf<Real>(*y_shape, y);
    Group group(*w_shape, *y_shape, s->groups);
    for (int n = 0; n < y_shape->n; ++n) {
      for (int g = 0; g < s->groups; ++g) {
        Load(weights + g * group.weights.size(), &group.weights);
        FillColumns(*x_shape, *w_shape, *y_shape, *s, n, g, from, &group);
        Multiply(false, false, group.outputs, group.plane, group.rows,
                 group.weights, group.columns, 0, &group.tops);
        // Another algorithm has other last bits.
        if (algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM) {
          for (double& value : group.tops) { value *= 1 + 1e-7; }
        }
        BlendAll(alpha, group.tops, beta,
                 to + y_shape->at(n, g * group.outputs));
      }
    }
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardData(
    cudnnHandle_t, const void* alpha, cudnnFilterDescriptor_t w_shape,
    const void* w, cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnConvolutionDescriptor_t s, cudnnConvolutionBwdDataAlgo_t algo,
    void* workspace, size_t workspace_bytes, const void* beta,
    cudnnTensorDescriptor_t dx_shape, void* dx) {
  Check(*dx_shape, *w_shape, *dy_shape, *s);
  CheckAlgorithm(algo == CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, *s, workspace,
                 workspace_bytes);
  cuda_host::WithType(dx_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const from = ArrayOf<const Real>(*dy_shape, dy);
    const Real* const weights = ArrayOf<const Real>(*w_shape, w);
    Real* const to = ArrayOf<Real>(*dx_shape, dx);
    Group group(*w_shape, *dy_shape, s->groups);
    std::vector<double> sums(dx_shape->count());
    for (int n = 0; n < dy_shape->n; ++n) {
      for (int g = 0; g < s->groups; ++g) {
        Load(weights + g * group.weights.size(), &group.weights);
        Load(from + dy_shape->at(n, g * group.outputs), &group.tops);
        Multiply(true, false, group.rows, group.plane, group.outputs,
                 group.weights, group.tops, 0, &group.columns);
        ForEachColumn(*dx_shape, *w_shape, *dy_shape, *s, n, g,
                      [&](int k, int p, int64_t i) {
                        sums[i] += group.columns[int64_t{k} * group.plane + p];
                      });
      }
    }
    BlendAll(alpha, sums, beta, to);
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t, const void* alpha, cudnnTensorDescriptor_t x_shape,
    const void* x, cudnnTensorDescriptor_t dy_shape, const void* dy,
    cudnnConvolutionDescriptor_t s, cudnnConvolutionBwdFilterAlgo_t algo,
    void* workspace, size_t workspace_bytes, const void* beta,
    cudnnFilterDescriptor_t dw_shape, void* dw) {
  Check(*x_shape, *dw_shape, *dy_shape, *s);
  CheckAlgorithm(algo == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, *s, workspace,
                 workspace_bytes);
  cuda_host::WithType(dw_shape->type, [&](auto real) {
    typedef decltype(real) Real;
    const Real* const from = ArrayOf<const Real>(*x_shape, x);
    const Real* const diff = ArrayOf<const Real>(*dy_shape, dy);
    Real* const to = ArrayOf<Real>(*dw_shape, dw);
    Group group(*dw_shape, *dy_shape, s->groups);
    for (int g = 0; g < s->groups; ++g) {
      for (int n = 0; n < dy_shape->n; ++n) {
        Load(diff + dy_shape->at(n, g * group.outputs), &group.tops);
        FillColumns(*x_shape, *dw_shape, *dy_shape, *s, n, g, from, &group);
        Multiply(false, true, group.outputs, group.rows, group.plane,
                 group.tops, group.columns, n == 0 ? 0 : 1, &group.weights);
      }
      BlendAll(alpha, group.weights, beta, to + g * group.weights.size());
    }
  });
  return CUDNN_STATUS_SUCCESS;
}
