// TripletLoss: pulls an anchor to its positive and pushes it from its
// negative until the two distances differ by a margin.
//
// This header is the layer's manual. The arithmetic is in loss/triplet.hpp;
// docs/triplet_loss.md derives it.
#ifndef CAFFE_LAYERS_TRIPLET_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_TRIPLET_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"
#include "caffe/loss/triplet.hpp"

namespace caffe {

// With no option but a margin, the plain sum of FaceNet's loss:
//
//   h_i = |a_i - p_i|^2 - |a_i - n_i|^2 + margin
//   L   = sum_i max(0, h_i)
//
// Bottoms
//   0  anchor    N x D   one triplet a row; further axes are flattened into D
//   1  positive  N x D
//   2  negative  N x D
//   3  weights   N       optional, finite, not negative: row i counts w_i
//                        times, and with 0 is not among the triplets of tops 1
//                        and 2, and may hold anything, NaN too; no gradient
// Tops
//   0  L         scalar
//   1 to 3       optional: active share, triplets, statistics of the batch
//                (metric_loss_layer.hpp); the distances are those of the rows,
//                and a pair of rows is a row of two bottoms
//
// Options, triplet_loss_param { ... }
//   margin [1]               finite, not negative
//   margin_warmup_iter [0]   over so many iterations the margin grows to its
//   margin_warmup_start [0]  value, along a line from this one
//   distance [SQUARED_L2]    d(x, y) = |x - y|^2; L2: |x - y|;
//                            COSINE: 1 - cos(x, y); L1: sum_k |x_k - y_k|
//   hinge [HARD]             max(0, h); SOFT: log(1 + exp(h))
//   intra_weight [0]         adds intra_weight max(0, d(a,p) - intra_margin)
//   intra_margin [0]         to each row: the improved triplet loss
//   half [false]             halves the loss; with no normalization named it
//                            also divides by N, so that L = 1/(2N) sum_i, the
//                            convention of EuclideanLoss
// and loss_param { normalization: ... }, where NONE is this layer's default:
//   NONE                     the sum
//   BATCH_SIZE, FULL         the sum / N
//   VALID                    the sum / the number of rows with a loss above 0
//
// Gradient, for squared L2, times the top's diff and the factor above:
//
//   h_i > 0:  dL/da_i = 2 (n_i - p_i)      h_i <= 0:  0, 0, 0
//             dL/dp_i = -2 (a_i - p_i)
//             dL/dn_i = 2 (a_i - n_i)
//
// Each bottom honours its own propagate_down. At distance 0 the gradient of an
// unsquared distance is 0; the cosine distance to a zero vector is 1 and its
// gradient 0.
//
// Schroff, Kalenichenko, Philbin: FaceNet, arXiv 1503.03832, equation 2.
// Hermans, Beyer, Leibe, arXiv 1703.07737 (SOFT, unsquared L2). Cheng et al.,
// Person re-identification by multi-channel parts-based CNN with improved
// triplet loss, CVPR 2016 (intra_margin).
template <typename Dtype>
class TripletLossLayer : public MetricLossLayer<Dtype> {
 public:
  explicit TripletLossLayer(const LayerParameter& param)
      : MetricLossLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "TripletLoss"; }
  int ExactNumBottomBlobs() const override { return -1; }
  int MinBottomBlobs() const override { return 3; }
  int MaxBottomBlobs() const override { return 4; }
  bool AllowForceBackward(const int bottom_index) const override {
    return bottom_index < 3;
  }

  metric::TupleCount Count() override;
  metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) override;
  metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) override;
  string HarderAdvice() const override;
  void RefuseRows(const vector<Blob<Dtype>*>& bottom) override;
  // The hinges of each row, and where an unsquared distance is 0.
  void KinkSides(const vector<Blob<Dtype>*>& bottom,
                 const vector<Blob<Dtype>*>& top,
                 vector<int>* sides) const override;
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return 2 * static_cast<int64_t>(bottom[0]->count());
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
  // "bottom 1 'name' (positive)"
  string BottomName(int index) const;
  void CheckWeightsNeedNoGradient(const vector<bool>& propagate_down) const;
  // Whether a row has the weight 0.
  static bool IsMasked(const vector<Blob<Dtype>*>& bottom, int64_t row);
  metric::RowMoments RowMomentsOf(const vector<Blob<Dtype>*>& bottom);

  metric::TripletOptions options_;
  Blob<Dtype> rows_;    // N x metric::kTripletRowSize, what Forward keeps
  Blob<Dtype> factor_;  // 1: the normalization of the last Forward
  Blob<double> totals_;  // metric::kTripletTotals
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_TRIPLET_LOSS_LAYER_HPP_
