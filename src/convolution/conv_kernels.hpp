// The inner loops of convolution, one set an instruction set: what each does
// and how its operands are packed. convolution.cpp decides the blocking and
// the threads; nothing here allocates, branches on a layer's options or knows
// of threads.
#ifndef TERCET_CONVOLUTION_CONV_KERNELS_HPP_
#define TERCET_CONVOLUTION_CONV_KERNELS_HPP_

#include <cstdint>

#include "convolution/convolution.hpp"

namespace caffe {

template <typename Dtype>
struct ConvKernels {
  // Columns of one packed panel: two vectors.
  int panel;
  // Most rows that one register tile holds.
  int rows;

  // c(rows, cols; ldc) = bias(rows) + a(rows, depth) b(depth, cols), or with
  // `add` c += a b. a is packed by RowBlocks: block [depth][its rows]; b by
  // panels: [depth][panel], zero beyond cols.
  void (*multiply)(const Dtype* a, const Dtype* b, Dtype* c, int64_t ldc,
                   int rows, int cols, int depth, const Dtype* bias,
                   bool add);

  // The same with b where it lies: row k of the panel of run r is read at
  // band + offsets[k] + runs[r].source. Each run is one panel long and its
  // pixels are neighbours in the band as well.
  void (*multiply_band)(const Dtype* a, const Dtype* band,
                        const int32_t* offsets, const ConvRun* runs,
                        int num_runs, Dtype* c, int64_t ldc, int rows,
                        int depth, const Dtype* bias, bool add);

  // Packs b for multiply(): row k of it is read at band + offsets[k].
  void (*pack)(const Dtype* band, const int32_t* offsets, int depth,
               const ConvRun* runs, int num_runs, int cols, int stride,
               Dtype* b);

  // t[panels][cols][panel] = transpose of y(rows, cols; ldy), zero beyond
  // rows; sums[rows] += the sum of each row.
  void (*transpose)(const Dtype* y, int64_t ldy, int rows, int cols,
                    Dtype* t, Dtype* sums);

  // w[k][panel] += sum over p of band[offsets[k] + pixels[p]] t[p][panel].
  void (*outer)(const Dtype* band, const int32_t* offsets, int depth,
                const int32_t* pixels, int cols, const Dtype* t, Dtype* w);

  // Winograd's transforms (conv_winograd_impl.hpp) of one vector of patches,
  // half a panel: that of lane l lies at from + offsets[l], its rows `row`
  // apart; the 36 results of a patch go `step` apart.
  // 6 x 6 inputs to Bt d B; reads two columns more than it uses.
  void (*winograd_data)(const Dtype* from, const int64_t* offsets, int row,
                        Dtype* to, int64_t step);
  // The gradient of 4 x 4 outputs to A dy At.
  void (*winograd_gradient)(const Dtype* from, const int64_t* offsets,
                            int row, Dtype* to, int64_t step);
  // 36 products to the 4 x 4 outputs At m A + bias.
  void (*winograd_output)(const Dtype* m, int64_t step, Dtype bias, Dtype* to,
                          const int64_t* offsets, int row);
  // `count` 3 x 3 windows, at most a vector, `next` apart, each read forward
  // or backward, to G w Gt: to(36, lanes).
  void (*winograd_window)(const Dtype* w, int64_t next, int count,
                          bool turned, Dtype* to);
  // 36 sums of the products' gradients to the windows' Gt s G: to(9, lanes).
  void (*winograd_sums)(const Dtype* s, int64_t step, Dtype* to);
};

// Row block i of `blocks`: rows [RowBegin(i), RowBegin(i + 1)), sizes as even
// as can be, so that no register tile is nearly empty.
inline int RowBlocks(int rows, int most) { return (rows + most - 1) / most; }
inline int RowBegin(int rows, int blocks, int i) {
  return static_cast<int>(static_cast<int64_t>(rows) * i / blocks);
}

// The set of BestIsa() (core/cpu.hpp).
template <typename Dtype>
const ConvKernels<Dtype>& BestConvKernels();

template <typename Dtype>
const ConvKernels<Dtype>& Avx2ConvKernels();
template <typename Dtype>
const ConvKernels<Dtype>& Avx512ConvKernels();

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONV_KERNELS_HPP_
