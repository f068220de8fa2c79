// 3 x 3 convolution at stride 1 by Winograd's products: a quarter of the
// multiplications, for many channels about twice as fast as the direct way.
// Used by CpuConvolution for float; in double everything is direct. The sums
// have one fixed order, whatever the number of threads.
#ifndef TERCET_CONVOLUTION_WINOGRAD_HPP_
#define TERCET_CONVOLUTION_WINOGRAD_HPP_

#include <cstdint>
#include <vector>

#include "convolution/convolution.hpp"

namespace caffe {

template <typename Dtype>
class Winograd {
 public:
  // Whether this way is open to the shape, and likely to be the faster one.
  static bool Suits(const ConvGeometry& shape);

  // Plans for `batch` images. Requires Suits().
  void Reshape(const ConvGeometry& shape, int batch);

  // As in CpuConvolution.
  void Forward(const Dtype* x, const Dtype* w, const Dtype* bias, Dtype* y);
  void BackwardData(const Dtype* dy, const Dtype* w, Dtype* dx);
  void BackwardWeights(const Dtype* x, const Dtype* dy, Dtype* dw, Dtype* db);

 private:
  // The output cut into patches of 4 x 4; a strip is one row of patches.
  struct Grid {
    ConvGeometry shape;
    int strips = 1;     // an image
    int patches = 1;    // a strip
    int width = 1;      // of a strip's padded inputs
    int64_t total = 1;  // patches of the batch
    int block = 1;      // patches that one thread handles at a time
  };
  // Where the patches of a block begin in its strips and in the output, and
  // how many rows and columns of each exist.
  struct Places {
    void Set(const Grid& grid, int64_t first, int count, int padded);
    bool Whole(int begin, int end) const;
    std::vector<int64_t> in;
    std::vector<int64_t> out;
    std::vector<int> rows;
    std::vector<int> columns;
  };

  static Grid MakeGrid(const ConvGeometry& shape, int batch);
  void ReserveThreads();
  void TransformWeights(const Grid& grid, const Dtype* w, bool turned);
  void RunPass(const Grid& grid, const Dtype* x, const Dtype* bias, Dtype* y);
  void RunBlock(const Grid& grid, int64_t first, int group, const Dtype* x,
                const Dtype* bias, int slot, Dtype* y);
  void TransformBlock(const Grid& grid, int64_t first, int count,
                      const Dtype* x, const Places& places, Dtype* strips,
                      Dtype* v);
  void StoreOutputs(const Grid& grid, const Dtype* m, const Places& places,
                    const Dtype* bias, Dtype* y);
  void TransformInputs(int64_t strip, int64_t place, int channel,
                       const Dtype* x, Dtype* rows);
  void TransformGradients(int64_t strip, int64_t place, int output,
                          const Dtype* dy, Dtype* rows);
  void MultiplyChunk(int strips, Dtype* db);
  void AddWeights(Dtype* dw);

  Grid forward_;
  Grid backward_;
  int threads_ = 0;              // that there is scratch for
  int chunk_strips_ = 1;         // of the weights' gradient
  int64_t scratch_size_ = 0;     // elements a thread
  std::vector<Places> places_;   // one a thread
  std::vector<int32_t> patch_steps_;   // where a patch and an output
  std::vector<int32_t> output_steps_;  // begin in a matrix of gradients_
  ConvBuffer<Dtype> weights_;    // G g Gt: 36 matrices a group
  ConvBuffer<Dtype> scratch_;
  ConvBuffer<Dtype> inputs_;     // chunk: 36 x panels x patches x panel
  ConvBuffer<Dtype> gradients_;  // chunk: 36 x patches x padded outputs
  ConvBuffer<Dtype> sums_;       // 36 x panels x outputs x panel
  ConvBuffer<Dtype> bias_sums_;  // chunk: strips x padded outputs
};

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_WINOGRAD_HPP_
