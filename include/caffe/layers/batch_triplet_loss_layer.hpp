// BatchTripletLoss: the triplet loss over the triplets that a batch of labelled
// embeddings holds, chosen by a mining rule.
//
// This header is the layer's manual. The arithmetic is in mining/mining.hpp.
#ifndef CAFFE_LAYERS_BATCH_TRIPLET_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_BATCH_TRIPLET_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/batch_loss_layer.hpp"
#include "caffe/mining/mining.hpp"

namespace caffe {

// Rows with one label are of one person. Of an anchor a, the positives p are
// the other rows of its person, the negatives n the rows of all others:
//
//   h(a,p,n) = d(a,p) - d(a,n) + margin
//   L        = factor * sum over the mined triplets of max(0, h)
//
// Bottoms
//   0  embeddings  B x D   further axes are flattened into D
//   1  labels      B       any finite numbers; get no gradient
// Tops
//   0  L           scalar
//   1  active      scalar  optional: the share of the triplets with h > 0
//   2  triplets    scalar  optional: how many triplets were mined
//   3  statistics          optional: of the whole batch (metric_loss_layer.hpp)
//
// Options, batch_triplet_loss_param { ... }
//   margin [1]             finite, not negative
//   margin_warmup_iter [0]   over so many iterations the margin grows to its
//   margin_warmup_start [0]  value, along a line from this one
//   mining [BATCH_HARD]    one triplet an anchor: the farthest positive and the
//                          nearest negative
//     BATCH_ALL            all triplets
//     SEMI_HARD            one a pair (a,p): the nearest negative that is
//                          farther than p; where none is, the farthest one
//     DISTANCE_WEIGHTED    one a pair, drawn evenly over distances: with a
//                          chance in proportion to 1 / q(d), q the density of
//                          distances between points on the unit sphere
//     RANDOM               one a pair, drawn evenly
//   mining_schedule { from_iter mining }  repeated: from that iteration of the
//                          solver on, this mining in place of the one before
//   memory_bank { size start_iter }  positives and negatives from earlier
//                          batches as well (batch_loss_layer.hpp)
//   distance [SQUARED_L2]  |x - y|^2; L2: |x - y|; COSINE: 1 - cos(x, y)
//   hinge [HARD]           max(0, h); SOFT: log(1 + exp(h))
//   cutoff [0.5]           DISTANCE_WEIGHTED, in |x - y|: nearer negatives
//   limit [1.4]            count as at cutoff; farther ones than limit are
//                          drawn only where all are
// and loss_param { normalization: ... }, where VALID is the default:
//   VALID                  the sum / the number of triplets with a loss above 0
//   BATCH_SIZE, FULL       the sum / the number of mined triplets
//   NONE                   the sum
//
// DISTANCE_WEIGHTED wants embeddings of length 1 (a Normalize layer before).
//
// Gradient, for squared L2, times the top's diff and the factor above: each
// mined triplet with h > 0 adds
//
//   to a:  2 (n - p)      to p:  -2 (a - p)      to n:  2 (a - n)
//
// Of equally far rows the first is taken, in the order of the people's first
// rows. At distance 0 the gradient of an unsquared distance is 0; the cosine
// distance to a zero vector is 1 and its gradient 0. The choice of a triplet
// has no gradient.
//
// A batch without a triplet (one person alone, or no person twice) has loss 0
// and gradients 0. After kWarnAfter such batches in a row the log says so. What
// is drawn follows from Caffe::rng(), so that a resumed run draws the same.
//
// BATCH_HARD from the start often makes one point of all embeddings; SEMI_HARD
// or BATCH_ALL for some hundred iterations first does not. set_ease(1) takes
// SEMI_HARD in its place, and set_ease(2) BATCH_ALL.
//
// Memory: B^2 numbers for BATCH_ALL, much less for the others; on the GPU B^2
// for BATCH_HARD and twice that for the others; with a bank B (B + M). Taken
// when a larger batch comes.
//
// Hermans, Beyer, Leibe, arXiv 1703.07737 (BATCH_ALL, BATCH_HARD, SOFT).
// Schroff, Kalenichenko, Philbin: FaceNet, arXiv 1503.03832 (SEMI_HARD).
// Wu et al., arXiv 1706.07567, section 4 (DISTANCE_WEIGHTED).
template <typename Dtype>
class BatchTripletLossLayer : public BatchLossLayer<Dtype> {
 public:
  static constexpr int kWarnAfter = 100;

  explicit BatchTripletLossLayer(const LayerParameter& param)
      : BatchLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "BatchTripletLoss"; }

  metric::TupleCount Count() override;
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  string CollapseAdvice() const override;
  string HarderAdvice() const override;
  void set_ease(int level) override { ease_ = level; }
  string Eased() const override;
  // The triplets, the hinges, and where an unsquared distance is 0.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return static_cast<int64_t>(bottom[0]->count()) * bottom[0]->shape(0);
  }

  // How many batches in a row had no triplet.
  int batches_without_triplet() const { return without_triplet_; }

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
  // Sets the margin, the mining and the draw of the Forward that begins.
  void BeginForward();
  // The stage of the schedule that the iteration is in; 0 before the first.
  int Stage() const;
  // What the file asks for at this iteration, and what is done, which an ease
  // may have changed.
  metric::Mining FileMining() const;
  metric::Mining CurrentMining() const;
  void CountTriplets();

  metric::MiningOptions options_;
  metric::MiningBatch<Dtype> batch_;
  metric::MiningResult result_;  // of the last Forward
#ifdef TERCET_CUDA
  // The memory of the GPU's passes.
  metric::MiningDevice<Dtype> Device(
      const typename BatchLossLayer<Dtype>::Rows& rows);
  Blob<int> ints_;
  Blob<Dtype> values_;
  Blob<double> sums_;
  Blob<Dtype> distances_;
  Blob<Dtype> slopes_;
#endif
  uint64_t draw_ = 0;
  int ease_ = 0;
  int without_triplet_ = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_BATCH_TRIPLET_LOSS_LAYER_HPP_
