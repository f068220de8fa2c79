// NPairLoss: each pair of one person against one negative, or all, of every
// other person at once, by inner products.
//
// This header is the layer's manual. The arithmetic is in loss/n_pair.hpp.
#ifndef CAFFE_LAYERS_N_PAIR_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_N_PAIR_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/batch_loss_layer.hpp"
#include "caffe/loss/n_pair.hpp"

namespace caffe {

// Of a batch of B labelled embeddings x:
//
//   L      = mean over the pairs (a, p) of l(a,p)
//            + l2_weight * mean over the batch of |x_i|^2
//   l(a,p) = log(1 + sum over the negatives n of a of
//                    exp(x_a . x_n - x_a . x_p))
//
// Bottoms
//   0  embeddings  B x D   further axes are flattened into D
//   1  labels      B       any finite numbers; get no gradient
// Tops
//   0  L           scalar
//   1  active      scalar  optional: the share of the pairs with l > log 2
//   2  pairs       scalar  optional: how many pairs had a negative
//   3  statistics          optional: of the whole batch, in squared L2
//                          (metric_loss_layer.hpp)
//
// Options, n_pair_loss_param { ... }
//   pairs [DISJOINT]       the paper's: the rows of a person are taken two at a
//                          time in their order, the first as a and the second
//                          as p; the negatives of a are the p of other people.
//                          With images_per_identity: 2 these are all rows
//     ALL                  each a with each p of its person; all rows of others
//                          are negatives
//   l2_weight [0]          finite, not negative
//   memory_bank { size start_iter }  rows of earlier batches are negatives, and
//                          with ALL positives as well (batch_loss_layer.hpp)
// and loss_param { normalization: NONE } for the sum over the pairs.
//
// Inner products have no bound, so embeddings are not of length 1 here: it is
// l2_weight (0.002 is usual) that keeps their lengths. Behind a Normalize layer
// put a Scale layer or a Power layer with a scale of 8 to 64: a product of unit
// vectors alone is too small to tell people apart.
//
// Gradient, with q = 1 - exp(-l(a,p)), divided by the number of pairs:
// dL/d(x_a . x_p) = -q; dL/d(x_a . x_n) = the sum over the pairs of a of q
// exp(x_a . x_n) / sum over its negatives k of exp(x_a . x_k).
//
// A batch without a pair, or of one person, has loss 0 and gradients 0 (but for
// l2_weight). Nothing overflows. Memory: B^2 numbers; with a bank of M rows
// B (B + M).
//
// Sohn: Improved deep metric learning with multi-class N-pair loss objective,
// NIPS 2016, section 3.2.
template <typename Dtype>
class NPairLossLayer : public BatchLossLayer<Dtype> {
 public:
  explicit NPairLossLayer(const LayerParameter& param)
      : BatchLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "NPairLoss"; }

  metric::TupleCount Count() override;
  // The sum over the negatives outweighs p for long (hinged is false).
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  const char* tuples() const override { return "pairs"; }
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return static_cast<int64_t>(bottom[0]->count()) * bottom[0]->shape(0);
  }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#endif

 private:
  metric::NPairOptions options_;
  metric::NPairSums sums_;  // of the last Forward
  metric::NPairBatch<Dtype> batch_;
#ifdef TERCET_CUDA
  // The memory of the GPU's passes.
  metric::NPairDevice<Dtype> Device(
      const typename BatchLossLayer<Dtype>::Rows& rows);
  Blob<Dtype> slopes_;
  Blob<int> ints_;
  Blob<double> row_sums_;
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_N_PAIR_LOSS_LAYER_HPP_
