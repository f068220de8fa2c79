// MultibatchLoss: all pairs of a batch on the right side of a threshold, which
// is learned with the net.
//
// This header is the layer's manual. The arithmetic is in loss/pair_loss.hpp.
#ifndef CAFFE_LAYERS_MULTIBATCH_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_MULTIBATCH_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/pair_loss_layer.hpp"

namespace caffe {

// Of the B^2 - B ordered pairs of a batch, S are those of one person and N
// those of two:
//
//   L = 1/(B^2 - B) ( sum over S of max(0, d_ij - threshold + margin)
//                   + sum over N of max(0, threshold - d_ij + margin) )
//
// Bottoms
//   0  embeddings  B x D   further axes are flattened into D
//   1  labels      B       any finite numbers; get no gradient
// Tops
//   0  L           scalar
//   1  active      scalar  optional: the share of pairs with a hinge above 0
//   2  pairs       scalar  optional: |S| + |N|
//   3  statistics          optional: of the whole batch (metric_loss_layer.hpp)
// Parameter
//   0  threshold   1       of d; two images are of one person below it
//
// Options, multibatch_loss_param { ... }
//   margin [1]             finite, not negative
//   threshold [2]          where it begins; finite
//   margin_warmup_iter [0]   over so many iterations the margin grows to its
//   margin_warmup_start [0]  value, along a line from this one
//   distance [SQUARED_L2]  |x - y|^2, the paper's; L2: |x - y|; COSINE:
//                          1 - cos(x, y)
//   balance [false]        true: 1/|S| for the first sum and 1/|N| for the
//                          second, since batches hold many more pairs of N
//   memory_bank { size start_iter }  rows of earlier batches as well
//                          (batch_loss_layer.hpp)
// and loss_param { normalization: NONE } for both sums without a factor.
//
// A pair of S has no loss below threshold - margin, one of N none above
// threshold + margin. For embeddings of length 1, with d from 0 to 4 (COSINE:
// 2), both should lie inside. `param { lr_mult: 1 decay_mult: 0 }` is the
// threshold's; with lr_mult: 0 it stays where it began.
//
// Gradient, with w = 1/(B^2 - B): dL/dd_ij = w for a pair of S and -w for one of
// N where the hinge is above 0, else 0; dL/dthreshold = w (active pairs of N -
// active pairs of S). At distance 0 the gradient of an unsquared distance is 0.
//
// Memory: B^2 numbers, on the GPU twice that; with a bank of M rows B (B + M).
//
// Tadmor, Rosenwein, Shalev-Shwartz, Wexler, Shashua: Learning a metric
// embedding for face recognition using the multibatch method, arXiv 1605.07270:
// the mean over all pairs of a batch is an unbiased estimate of the mean over
// all pairs there are, of far less variance than that over B/2 pairs.
template <typename Dtype>
class MultibatchLossLayer : public PairLossLayer<Dtype> {
 public:
  explicit MultibatchLossLayer(const LayerParameter& param)
      : PairLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "MultibatchLoss"; }

 protected:
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_MULTIBATCH_LOSS_LAYER_HPP_
