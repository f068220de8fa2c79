// LiftedStructureLoss: each pair of one person against all negatives of both of
// its rows at once.
//
// This header is the layer's manual. The arithmetic is in loss/pair_loss.hpp.
#ifndef CAFFE_LAYERS_LIFTED_STRUCTURE_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_LIFTED_STRUCTURE_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/pair_loss_layer.hpp"

namespace caffe {

// Of a batch of labelled embeddings, S are the pairs of one person and N those
// of two:
//
//   L    = 1/(2 |S|) sum over (i, j) of S of max(0, J_ij)^2
//   J_ij = log(sum over (i, k) of N of exp(margin - d_ik) +
//              sum over (j, l) of N of exp(margin - d_jl)) + d_ij
//
// Bottoms
//   0  embeddings  B x D   further axes are flattened into D
//   1  labels      B       any finite numbers; get no gradient
// Tops
//   0  L           scalar
//   1  active      scalar  optional: the share of S with J > 0
//   2  pairs       scalar  optional: |S|, each pair in both of its orders
//   3  statistics          optional: of the whole batch (metric_loss_layer.hpp)
//
// Options, lifted_structure_loss_param { ... }
//   margin [1]             finite, not negative
//   margin_warmup_iter [0]   over so many iterations the margin grows to its
//   margin_warmup_start [0]  value, along a line from this one
//   distance [L2]          |x - y|, the paper's; SQUARED_L2: |x - y|^2; COSINE:
//                          1 - cos(x, y)
//   memory_bank { size start_iter }  rows of earlier batches as well, whose own
//                          N are those with the rows of this batch
//                          (batch_loss_layer.hpp)
// and loss_param { normalization: NONE } for the sum in place of the mean.
//
// Gradient: dL/dd_ij = max(0, J_ij) / |S| for a pair of S, and for (i, k) of N
// minus exp(margin - d_ik - J_ij + d_ij) times that of each pair of S that i or
// k is in; and from distances to rows as in caffe/pairwise/distances.hpp. At
// distance 0 the gradient of an unsquared distance is 0.
//
// A batch without a negative, or in which no person is there twice, has loss 0
// and gradients 0. Nothing overflows. Memory: B^2 numbers, on the GPU twice
// that; with a bank of M rows B (B + M).
//
// Song, Xiang, Jegelka, Savarese: Deep metric learning via lifted structured
// feature embedding, arXiv 1511.06452, equation 4.
template <typename Dtype>
class LiftedStructureLossLayer : public PairLossLayer<Dtype> {
 public:
  explicit LiftedStructureLossLayer(const LayerParameter& param)
      : PairLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "LiftedStructureLoss"; }
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_LIFTED_STRUCTURE_LOSS_LAYER_HPP_
