// Two-dimensional convolution on the GPU, on row-major NCHW arrays of the
// device; the counterpart of CpuConvolution (convolution.hpp). Options, errors
// and weights' shapes are the layer's business (layers/conv_layer.hpp).
//
// Where cuDNN is built in and has a deterministic algorithm for a shape, it
// does the work. Otherwise columns are made of as many images as fit in
// kColumnBytes, at least one, and multiplied: one cuBLAS call a chunk of
// images, whatever the number of groups.
//
//   columns  (group, C / group x kernel_h x kernel_w, images, H' x W')
//   outputs  (group, O / group, images, H' x W')
//
// Images stand side by side in a row, so a chunk is one wide product a group,
// and the groups lie at one distance from each other: one strided batch. The
// weights' gradient sums over a whole row, in cuBLAS's fixed order. Rows of
// outputs are put in the images' order in the pass that adds the bias. A 1 x 1
// window at stride 1 without padding needs no columns: forward and the
// gradient of x multiply the images themselves, one strided batch of images.
#ifndef TERCET_CONVOLUTION_GPU_CONVOLUTION_HPP_
#define TERCET_CONVOLUTION_GPU_CONVOLUTION_HPP_

#include <cstdint>
#include <memory>

#include "convolution/convolution.hpp"

namespace caffe {

class ConvolutionScratch;
template <typename Dtype>
class CudnnConvolution;

template <typename Dtype>
class GpuConvolution {
 public:
  // The most memory that columns and outputs of a chunk take together, but
  // for a single image that needs more.
  static constexpr int64_t kColumnBytes = int64_t{256} << 20;

  GpuConvolution();
  ~GpuConvolution();

  // What the next Reshape() plans with: whether it must do without cuDNN (at
  // first it need not), and the limit in place of kColumnBytes.
  void set_own(bool own) {
    own_ = own;
    batch_ = 0;
  }
  void set_column_bytes(int64_t bytes) {
    column_bytes_ = bytes;
    batch_ = 0;
  }

  // Plans for `batch` images of this shape and takes all memory, which all
  // convolutions share. Cheap where nothing has changed. Requires what
  // CpuConvolution's requires.
  void Reshape(const ConvGeometry& shape, int batch);

  // As CpuConvolution's. x, y and the rest are device memory.
  void Forward(const Dtype* x, const Dtype* w, const Dtype* bias, Dtype* y);
  void BackwardData(const Dtype* dy, const Dtype* w, Dtype* dx);
  void BackwardWeights(const Dtype* x, const Dtype* dy, Dtype* dw, Dtype* db);

  // After Reshape().
  bool uses_cudnn() const { return cudnn_ != nullptr; }
  int chunk() const { return chunk_; }

 private:
  // Column rows of a group, pixels of an output, outputs of a group.
  int rows() const { return shape_.channels / shape_.group *
                            shape_.kernel_area(); }
  int plane() const { return static_cast<int>(shape_.out_plane()); }
  int outputs() const { return shape_.num_output / shape_.group; }
  int64_t column_size() const { return int64_t{1} * rows() * plane(); }
  bool is_pointwise() const;
  int bias_parts(int batch) const;
  void SumBias(const Dtype* dy, Dtype* db);
  Dtype* columns() const;

  bool own_ = false;
  int64_t column_bytes_ = kColumnBytes;
  ConvGeometry shape_;
  int batch_ = 0;
  int chunk_ = 0;
  int generation_ = -1;  // CudnnGeneration() when it was planned
  std::shared_ptr<ConvolutionScratch> scratch_;
  std::shared_ptr<CudnnConvolution<Dtype>> cudnn_;  // null: our own way
};

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_GPU_CONVOLUTION_HPP_
