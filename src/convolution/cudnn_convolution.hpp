// One shape of convolution by cuDNN: its three passes, each with an algorithm
// that gives the same bits each time and whose workspace is within the limit.
// The bias is GpuConvolution's.
#ifndef TERCET_CONVOLUTION_CUDNN_CONVOLUTION_HPP_
#define TERCET_CONVOLUTION_CUDNN_CONVOLUTION_HPP_

#include <cstddef>
#include <memory>

#include "convolution/convolution.hpp"

namespace caffe {

template <typename Dtype>
class CudnnConvolution {
 public:
  // Null where cuDNN has no such algorithm for one of the passes.
  static std::shared_ptr<CudnnConvolution> Plan(const ConvGeometry& shape,
                                                int batch);
  ~CudnnConvolution();

  // Of the pass that takes most.
  size_t workspace_bytes() const;

  // As GpuConvolution's, without the bias; `workspace` is device memory.
  void Forward(const Dtype* x, const Dtype* w, void* workspace,
               Dtype* y) const;
  void BackwardData(const Dtype* dy, const Dtype* w, void* workspace,
                    Dtype* dx) const;
  void BackwardWeights(const Dtype* x, const Dtype* dy, void* workspace,
                       Dtype* dw) const;

 private:
  CudnnConvolution();
  struct Passes;
  std::unique_ptr<Passes> passes_;
};

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CUDNN_CONVOLUTION_HPP_
