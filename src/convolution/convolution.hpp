// Two-dimensional convolution on the CPU, on plain row-major NCHW arrays.
// The whole batch is one call; it is cut into tiles of output rows that the
// threads share. The cut follows from the shape alone and every sum has one
// fixed order, so that the result has the same bits for any number of threads.
// Options, errors and weights' shapes are the layer's business
// (layers/conv_layer.hpp).
#ifndef TERCET_CONVOLUTION_CONVOLUTION_HPP_
#define TERCET_CONVOLUTION_CONVOLUTION_HPP_

#include <cstdint>
#include <memory>
#include <vector>

namespace caffe {

// The shape of one convolution. Weights are (num_output, channels / group,
// kernel_h, kernel_w); output o of group g sees the channels of group g only.
struct ConvGeometry {
  int channels = 1;
  int height = 1;
  int width = 1;
  int num_output = 1;
  int group = 1;
  int kernel_h = 1;
  int kernel_w = 1;
  int stride_h = 1;
  int stride_w = 1;
  int pad_h = 0;  // may be negative: that many rows are cut off
  int pad_w = 0;
  int dilation_h = 1;
  int dilation_w = 1;

  int kernel_area() const { return kernel_h * kernel_w; }
  // Input rows and columns that one window spans.
  int extent_h() const { return dilation_h * (kernel_h - 1) + 1; }
  int extent_w() const { return dilation_w * (kernel_w - 1) + 1; }
  int out_height() const {
    return (height + 2 * pad_h - extent_h()) / stride_h + 1;
  }
  int out_width() const {
    return (width + 2 * pad_w - extent_w()) / stride_w + 1;
  }
  int64_t in_size() const {
    return static_cast<int64_t>(channels) * height * width;
  }
  int64_t out_plane() const {
    return static_cast<int64_t>(out_height()) * out_width();
  }
  int64_t out_size() const { return num_output * out_plane(); }
  int64_t weight_size() const {
    return static_cast<int64_t>(num_output) * (channels / group) *
           kernel_area();
  }
};

// Memory that grows only, aligned to a cache line; its contents do not
// survive growth.
template <typename Dtype>
class ConvBuffer {
 public:
  // Requires nothing; afterwards data() holds at least `count` elements.
  void Reserve(int64_t count);
  Dtype* data() { return aligned_; }

 private:
  std::vector<Dtype> storage_;
  Dtype* aligned_ = nullptr;
};

// `length` neighbouring output pixels of a tile, from `column` on; their
// inputs lie a stride apart in the band, from `source` on.
struct ConvRun {
  int32_t source;
  int32_t column;
  int32_t length;
};

// One pass y = w * x over a batch: how it is cut into tiles and blocks of
// depth. The gradient of the input at stride 1 is such a pass as well, with
// the weights turned.
struct ConvPlan {
  ConvGeometry shape;
  int tile_rows = 1;       // output rows a tile
  int tiles = 1;           // tiles an image
  int block_channels = 1;  // input channels a block of depth
  int band_width = 1;      // padded input columns that a tile reads
  int band_plane = 1;      // band_width * padded input rows
  std::vector<int32_t> offsets;  // of each k of a block within the band
  std::vector<int32_t> pixels;   // of each output pixel within the band
  std::vector<ConvRun> runs;
  bool in_place = false;  // each run is a panel: nothing needs packing

  int64_t band_size() const {
    return static_cast<int64_t>(block_channels) * band_plane;
  }
  int block_depth() const { return block_channels * shape.kernel_area(); }
  int depth() const {
    return shape.channels / shape.group * shape.kernel_area();
  }
};

template <typename Dtype>
class Winograd;

// The engine of one layer. In float, 3 x 3 windows at stride 1 over many
// channels go Winograd's way (convolution/winograd.hpp), whose rounding error
// is about twice that of the direct sums; all else is direct. One thread at a
// time may call an object; it uses the threads of core/parallel.hpp itself.
template <typename Dtype>
class CpuConvolution {
 public:
  CpuConvolution();
  ~CpuConvolution();

  // Whether the next Reshape() must choose the direct way; at first it need
  // not.
  void set_direct(bool direct) { direct_ = direct; }

  // Plans for `batch` images of this shape and takes all memory. Requires
  // positive sizes, an output of at least 1 x 1 and a group that divides
  // channels and outputs.
  void Reshape(const ConvGeometry& shape, int batch);

  // y(N, num_output, oh, ow) = w * x (+ bias(num_output), or null).
  void Forward(const Dtype* x, const Dtype* w, const Dtype* bias, Dtype* y);

  // dx(N, channels, height, width) = gradient of x, overwritten.
  void BackwardData(const Dtype* dy, const Dtype* w, Dtype* dx);

  // Adds the gradient of the weights to dw and that of the bias to db; either
  // may be null.
  void BackwardWeights(const Dtype* x, const Dtype* dy, Dtype* dw, Dtype* db);

 private:
  // Where weight (g, row, channel) of a pass begins; `turned`: each kernel is
  // read backwards.
  struct WeightSteps {
    int64_t group;
    int64_t row;
    int64_t channel;
    bool turned;
  };

  void ReserveThreads();
  int64_t PartialSize() const;
  void PackWeights(const ConvPlan& plan, const Dtype* w,
                   const WeightSteps& steps);
  void RunTile(const ConvPlan& plan, int tile, int group, const Dtype* x,
               const Dtype* bias, Dtype* scratch, Dtype* y);
  void RunPass(const ConvPlan& plan, const Dtype* x, const Dtype* bias,
               Dtype* y);
  void ColumnsToImage(const Dtype* dy, Dtype* dx);
  void WeightsTile(int tile, const Dtype* x, const Dtype* dy, Dtype* scratch,
                   Dtype* partial);
  void SumParts(Dtype* dw, Dtype* db);

  bool direct_ = false;
  std::unique_ptr<Winograd<Dtype>> winograd_;  // null: the direct way
  ConvGeometry shape_;
  int batch_ = 0;
  int threads_ = 0;              // that there is scratch for
  int parts_ = 1;                // partial sums of the weights' gradient
  bool direct_backward_ = true;  // stride 1: a pass with turned weights
  ConvPlan forward_;
  ConvPlan backward_;
  ConvPlan weights_;
  int64_t column_size_ = 0;      // of one image and group, else 0
  int64_t scratch_size_ = 0;     // elements a thread
  ConvBuffer<Dtype> scratch_;
  ConvBuffer<Dtype> packed_;     // weights, in the kernels' order
  ConvBuffer<Dtype> partials_;   // parts_ x group x PartialSize()
};

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONVOLUTION_HPP_
