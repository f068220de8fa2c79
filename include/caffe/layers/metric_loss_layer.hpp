// MetricLossLayer: the base of losses on embeddings. To LossLayer it adds what
// such a loss tells of each batch, as further tops and to the solver. Which
// pairs or triplets there are, and their loss, is each layer's.
#ifndef CAFFE_LAYERS_METRIC_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_METRIC_LOSS_LAYER_HPP_

#include <string>
#include <vector>

#include "caffe/layers/loss_layer.hpp"
#include "caffe/loss/diagnostics.hpp"
#include "caffe/loss/triplet.hpp"

namespace caffe {

// Tops
//   0  L           scalar
//   1  active      scalar, optional: the share of the triplets (or pairs) with
//                  a hinge above 0
//   2  tuples      scalar, optional: how many triplets (or pairs) counted
//   3  statistics  kStatisticsValues numbers, optional: those of
//                  loss/diagnostics.hpp, in the order of StatisticsValues
//
// Tops 1 to 3 are no losses and have no gradient. Top 3 looks at all pairs of
// the batch, on the host: it costs about what a loss over all pairs does.
template <typename Dtype>
class MetricLossLayer : public LossLayer<Dtype> {
 public:
  explicit MetricLossLayer(const LayerParameter& param)
      : LossLayer<Dtype>(param) {}
  // The loss weights of the tops: 1, and 0 for those that are no loss. Error
  // kInput where the file gives these another.
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  int ExactNumTopBlobs() const override { return -1; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 4; }

  // Of the last Forward; the last two with the bottoms that it had. On the GPU
  // they take a copy to the host: of a few numbers, but Statistics of the
  // embeddings.
  virtual metric::TupleCount Count() = 0;
  virtual metric::BatchHealth Health(const vector<Blob<Dtype>*>& bottom) = 0;
  virtual metric::BatchStatistics Statistics(
      const vector<Blob<Dtype>*>& bottom) = 0;
  // "triplets", "pairs": what is counted.
  virtual const char* tuples() const { return "triplets"; }

  // What to change where the embeddings have become one point, where no triplet
  // is active, and where all are and stay so; each goes on after "to mend it, ".
  virtual string CollapseAdvice() const;
  virtual string HarderAdvice() const;
  virtual string SlowAdvice() const;

  // For a loss that is not finite: throws Error::NotFinite with the first row
  // that is to blame; where none is found it returns.
  virtual void RefuseRows(const vector<Blob<Dtype>*>& bottom) {}

  // Takes easier triplets than the file asks for, from level 1 on: what a
  // solver does with a run that has collapsed. Nothing by default.
  virtual void set_ease(int level) {}
  // What it takes now in place of what the file asks for: "mining: SEMI_HARD";
  // empty where that is the same.
  virtual string Eased() const { return ""; }

 protected:
  void ReshapeTops(const vector<Blob<Dtype>*>& top);
  // Fills tops 1 to 3, those that are there; at the end of Forward.
  void FillStatistics(const vector<Blob<Dtype>*>& bottom,
                      const vector<Blob<Dtype>*>& top);

  // The mean length and the spread of the rows of blobs of one shape; their
  // axes from `axis` on are a row.
  metric::RowMoments Moments(const vector<const Blob<Dtype>*>& blobs,
                             int axis = 1);
  // A margin that grows from `start` to the file's over the first `warmup`
  // iterations, along a line; as read from an option's three fields by
  // SetMargin, which checks them (Error kInput).
  void SetMargin(const char* message, float margin, float start,
                 uint32_t warmup);
  double CurrentMargin() const;
  // A margin of 0 with a hard hinge: one point is an optimum.
  void WarnWithoutMargin(metric::Hinge hinge) const;
  // Sets what the health says of a hinge with the margin: that there is one, and
  // a row's loss where all distances are 0.
  void SetHinge(metric::Hinge hinge, metric::BatchHealth* health) const {
    health->hinged = true;
    health->soft = hinge == metric::Hinge::kSoft;
    health->collapsed_loss = metric::HingeValue(hinge, CurrentMargin());
  }

 private:
  double margin_ = 0;
  double margin_start_ = 0;
  int margin_warmup_ = 0;
  Blob<double> work_;  // of Moments on the GPU
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_METRIC_LOSS_LAYER_HPP_
