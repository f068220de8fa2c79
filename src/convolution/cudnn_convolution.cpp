// Convolution by cuDNN, on its classic calls, which versions 8 and 9 have.
// Compiles to nothing in a build without cuDNN.
#ifdef TERCET_CUDNN
#include "convolution/cudnn_convolution.hpp"

#include <algorithm>
#include <functional>
#include <sstream>
#include <vector>

#include "math/cudnn.hpp"
#include "convolution/cudnn_choice.hpp"

namespace caffe {

namespace {

constexpr int kMostAlgorithms = 16;

// The name of a pass over a shape: what a choice is remembered by.
template <typename Dtype>
string PassName(const char* pass, const ConvGeometry& s, int batch) {
  ostringstream name;
  name << pass << (sizeof(Dtype) == sizeof(double) ? " double" : " float")
       << (Caffe::math() == Caffe::TF32 ? " TF32" : " FP32") << " batch "
       << batch << " in " << s.channels << "x" << s.height << "x" << s.width
       << " out " << s.num_output << " group " << s.group << " kernel "
       << s.kernel_h << "x" << s.kernel_w << " stride " << s.stride_h << "x"
       << s.stride_w << " pad " << s.pad_h << "x" << s.pad_w << " dilation "
       << s.dilation_h << "x" << s.dilation_w;
  return name.str();
}

// Whether an algorithm keeps to the arithmetic that was asked for; some turn
// their factors into halves.
bool KeepsMath(cudnnMathType_t type) {
  return type == CUDNN_DEFAULT_MATH || type == CUDNN_FMA_MATH ||
         (Caffe::math() == Caffe::TF32 && type == CUDNN_TENSOR_OP_MATH);
}

template <typename Result>
bool IsUsable(const Result& result) {
  return result.status == CUDNN_STATUS_SUCCESS &&
         result.determinism == CUDNN_DETERMINISTIC &&
         KeepsMath(result.mathType) &&
         result.memory <= GetCudnnSettings().workspace_bytes;
}

// What a choice is remembered as: the algorithm, and under TF32, where there is
// more than one way, how it multiplies.
template <typename Result>
int NumberOf(const Result& result) {
  const int math = Caffe::math() == Caffe::TF32 ? result.mathType : 0;
  return 1000 * math + static_cast<int>(result.algo);
}

// Sets *chosen to the first usable result of a list, best first; to that of a
// number, where one is given. False where there is none.
template <typename Result>
bool Take(const std::function<cudnnStatus_t(int*, Result*)>& list,
          const int* number, Result* chosen) {
  Result results[kMostAlgorithms];
  int count = 0;
  CUDNN_CHECK(list(&count, results));
  const Result* const end = results + count;
  const Result* const found =
      std::find_if(results, results + count, [&](const Result& result) {
        return IsUsable(result) &&
               (number == nullptr || NumberOf(result) == *number);
      });
  if (found == end) return false;
  *chosen = *found;
  return true;
}

// By prediction; under autotune by what was chosen before for this pass, or
// else by measuring, which is remembered.
template <typename Result>
bool Choose(const string& pass,
            const std::function<cudnnStatus_t(int*, Result*)>& predict,
            const std::function<cudnnStatus_t(int*, Result*)>& measure,
            Result* chosen) {
  if (!GetCudnnSettings().autotune) return Take(predict, nullptr, chosen);
  const auto kept = CudnnChoices().find(pass);
  if (kept != CudnnChoices().end()) {
    if (Take(predict, &kept->second, chosen)) return true;
    LOG(WARNING) << "cuDNN has algorithm " << kept->second
                 << " no more, which was chosen before: " << pass;
  }
  if (!Take(measure, nullptr, chosen)) return false;
  AddCudnnChoice(pass, NumberOf(*chosen));
  return true;
}

// Where TF32 is not asked for, floats may be multiplied as IEEE has it only.
template <typename Dtype>
void SetMath(cudnnConvolutionDescriptor_t shape, cudnnMathType_t type) {
  if (sizeof(Dtype) == sizeof(float) && Caffe::math() != Caffe::TF32) {
    type = CUDNN_FMA_MATH;
  }
  CUDNN_CHECK(cudnnSetConvolutionMathType(shape, type));
}

template <typename Dtype>
void SetShape(const ConvGeometry& s, cudnnConvolutionDescriptor_t shape) {
  CUDNN_CHECK(cudnnSetConvolution2dDescriptor(
      shape, s.pad_h, s.pad_w, s.stride_h, s.stride_w, s.dilation_h,
      s.dilation_w, CUDNN_CROSS_CORRELATION, kCudnnType<Dtype>));
  CUDNN_CHECK(cudnnSetConvolutionGroupCount(shape, s.group));
  SetMath<Dtype>(shape, CUDNN_DEFAULT_MATH);
}

}  // namespace

template <typename Dtype>
struct CudnnConvolution<Dtype>::Passes {
  CudnnTensor<Dtype> x, y;
  CudnnFilter w;
  CudnnConvolutionDescriptor forward_shape, data_shape, weights_shape;
  cudnnConvolutionFwdAlgoPerf_t forward;
  cudnnConvolutionBwdDataAlgoPerf_t data;
  cudnnConvolutionBwdFilterAlgoPerf_t weights;

  Passes(const ConvGeometry& s, int batch) {
    x.Set(batch, s.channels, s.height, s.width);
    y.Set(batch, s.num_output, s.out_height(), s.out_width());
    CUDNN_CHECK(cudnnSetFilter4dDescriptor(
        w, kCudnnType<Dtype>, CUDNN_TENSOR_NCHW, s.num_output,
        s.channels / s.group, s.kernel_h, s.kernel_w));
    SetShape<Dtype>(s, forward_shape);
    SetShape<Dtype>(s, data_shape);
    SetShape<Dtype>(s, weights_shape);
  }

  bool ChooseForward(const string& pass) {
    const bool found = Choose<cudnnConvolutionFwdAlgoPerf_t>(
        pass,
        [&](int* count, cudnnConvolutionFwdAlgoPerf_t* results) {
          return cudnnGetConvolutionForwardAlgorithm_v7(
              CudnnHandle(), x, w, forward_shape, y, kMostAlgorithms, count,
              results);
        },
        [&](int* count, cudnnConvolutionFwdAlgoPerf_t* results) {
          return cudnnFindConvolutionForwardAlgorithm(
              CudnnHandle(), x, w, forward_shape, y, kMostAlgorithms, count,
              results);
        },
        &forward);
    if (found) SetMath<Dtype>(forward_shape, forward.mathType);
    return found;
  }

  bool ChooseData(const string& pass) {
    const bool found = Choose<cudnnConvolutionBwdDataAlgoPerf_t>(
        pass,
        [&](int* count, cudnnConvolutionBwdDataAlgoPerf_t* results) {
          return cudnnGetConvolutionBackwardDataAlgorithm_v7(
              CudnnHandle(), w, y, data_shape, x, kMostAlgorithms, count,
              results);
        },
        [&](int* count, cudnnConvolutionBwdDataAlgoPerf_t* results) {
          return cudnnFindConvolutionBackwardDataAlgorithm(
              CudnnHandle(), w, y, data_shape, x, kMostAlgorithms, count,
              results);
        },
        &data);
    if (found) SetMath<Dtype>(data_shape, data.mathType);
    return found;
  }

  bool ChooseWeights(const string& pass) {
    const bool found = Choose<cudnnConvolutionBwdFilterAlgoPerf_t>(
        pass,
        [&](int* count, cudnnConvolutionBwdFilterAlgoPerf_t* results) {
          return cudnnGetConvolutionBackwardFilterAlgorithm_v7(
              CudnnHandle(), x, y, weights_shape, w, kMostAlgorithms, count,
              results);
        },
        [&](int* count, cudnnConvolutionBwdFilterAlgoPerf_t* results) {
          return cudnnFindConvolutionBackwardFilterAlgorithm(
              CudnnHandle(), x, y, weights_shape, w, kMostAlgorithms, count,
              results);
        },
        &weights);
    if (found) SetMath<Dtype>(weights_shape, weights.mathType);
    return found;
  }
};

template <typename Dtype>
CudnnConvolution<Dtype>::CudnnConvolution() = default;

template <typename Dtype>
CudnnConvolution<Dtype>::~CudnnConvolution() = default;

template <typename Dtype>
std::shared_ptr<CudnnConvolution<Dtype>> CudnnConvolution<Dtype>::Plan(
    const ConvGeometry& shape, int batch) {
  // cuDNN knows no images whose border is cut off.
  if (shape.pad_h < 0 || shape.pad_w < 0) return nullptr;
  std::shared_ptr<CudnnConvolution> plan(new CudnnConvolution);
  plan->passes_.reset(new Passes(shape, batch));
  Passes& p = *plan->passes_;
  const bool found =
      p.ChooseForward(PassName<Dtype>("forward", shape, batch)) &&
      p.ChooseData(PassName<Dtype>("data", shape, batch)) &&
      p.ChooseWeights(PassName<Dtype>("weights", shape, batch));
  return found ? plan : nullptr;
}

template <typename Dtype>
size_t CudnnConvolution<Dtype>::workspace_bytes() const {
  const Passes& p = *passes_;
  return std::max({p.forward.memory, p.data.memory, p.weights.memory});
}

template <typename Dtype>
void CudnnConvolution<Dtype>::Forward(const Dtype* x, const Dtype* w,
                                      void* workspace, Dtype* y) const {
  const Dtype one = 1, zero = 0;
  const Passes& p = *passes_;
  CUDNN_CHECK(cudnnConvolutionForward(
      CudnnHandle(), &one, p.x, x, p.w, w, p.forward_shape, p.forward.algo,
      workspace, p.forward.memory, &zero, p.y, y));
}

template <typename Dtype>
void CudnnConvolution<Dtype>::BackwardData(const Dtype* dy, const Dtype* w,
                                           void* workspace, Dtype* dx) const {
  const Dtype one = 1, zero = 0;
  const Passes& p = *passes_;
  CUDNN_CHECK(cudnnConvolutionBackwardData(
      CudnnHandle(), &one, p.w, w, p.y, dy, p.data_shape, p.data.algo,
      workspace, p.data.memory, &zero, p.x, dx));
}

template <typename Dtype>
void CudnnConvolution<Dtype>::BackwardWeights(const Dtype* x, const Dtype* dy,
                                              void* workspace,
                                              Dtype* dw) const {
  const Dtype one = 1;
  const Passes& p = *passes_;
  CUDNN_CHECK(cudnnConvolutionBackwardFilter(
      CudnnHandle(), &one, p.x, x, p.y, dy, p.weights_shape, p.weights.algo,
      workspace, p.weights.memory, &one, p.w, dw));
}

template class CudnnConvolution<float>;
template class CudnnConvolution<double>;

}  // namespace caffe
#endif  // TERCET_CUDNN
