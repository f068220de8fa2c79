// Accuracy: the share of positions whose label is among the best scores.
//
//   accuracy = (positions whose label is in the top k) / (those that count)
//
// A label is in the top k when fewer than k of the other classes score as high
// as it or higher: a tie counts against it.
//
// Bottoms: scores, for example N x C or N x C x H x W (probabilities or not);
//          labels from 0 to C - 1, one a position, without their fraction:
//          3.7 is class 3.
// Tops:    the accuracy, a single number (0 where nothing counts); and, where
//          it is named, the accuracy of each class, C (0 for a class that does
//          not occur).
//
// Options (accuracy_param):
//   top_k         k [1], at most C
//   axis          the class axis [1]; negative: from the end
//   ignore_label  positions with this label do not count [none]
//
// A label that is no class is refused, with its row and the number of classes.
// There is no gradient.
#ifndef CAFFE_LAYERS_ACCURACY_LAYER_HPP_
#define CAFFE_LAYERS_ACCURACY_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"
#include "caffe/layers/people_source.hpp"

namespace caffe {

struct LabelRule;

// Whether another class's score keeps a label's own score down; NaN does.
template <typename Dtype>
TERCET_HD inline bool Outranks(Dtype other, Dtype own) {
  return !(other < own);
}

template <typename Dtype>
class AccuracyLayer : public Layer<Dtype>, public ClassLabels {
 public:
  explicit AccuracyLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Accuracy"; }
  int ExactNumBottomBlobs() const override { return 2; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }
  bool AllowInPlace() const override { return false; }
  bool AllowForceBackward(const int bottom_index) const override {
    return false;
  }

  int64_t ClassCount() const override;
  bool AcceptsLabel(int label) const override;

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  // Error kInput where a gradient is asked for.
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override;
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {
    Backward_cpu(top, propagate_down, bottom);
  }
#endif

 private:
  LabelRule Rule() const;

  int top_k_ = 1;
  ChannelShape shape_;
  Blob<int> right_;      // a position: 1 right, 0 wrong, -1 does not count
  Blob<int> per_class_;  // 2 x C: right, and all that count
  Blob<double> sums_;    // right, and all that count
  Blob<int> bad_label_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_ACCURACY_LAYER_HPP_
