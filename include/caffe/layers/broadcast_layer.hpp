// BroadcastLayer: the base of Scale and Bias, layers that let a small operand
// meet each part of a large bottom.
//
// The bottom's axes are cut in three: before `axis`, the operand's axes, and
// what follows them; the operand is repeated over the first and the last. It
// is bottom 1, or a parameter of the layer whose shape is that of `num_axes`
// axes of the bottom from `axis` on. What is done with it is left to the
// layers.
#ifndef CAFFE_LAYERS_BROADCAST_LAYER_HPP_
#define CAFFE_LAYERS_BROADCAST_LAYER_HPP_

#include <vector>

#include "caffe/channel_shape.hpp"
#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class BroadcastLayer : public Layer<Dtype> {
 public:
  explicit BroadcastLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}

  int MinBottomBlobs() const override { return 1; }
  int MaxBottomBlobs() const override { return 2; }
  int ExactNumTopBlobs() const override { return 1; }

 protected:
  // The shape of an operand that is a parameter; num_axes -1: all that
  // follow, 0: a single number. Error kInput: more axes than there are.
  vector<int> OperandShape(const Blob<Dtype>& bottom, int axis,
                           int num_axes) const;
  // Sets shape_ (channels: the operand's values), and the top's shape. Error
  // kInput: the operand does not fit the bottom there.
  void ReshapeBroadcast(const vector<Blob<Dtype>*>& bottom, int axis,
                        const Blob<Dtype>& operand,
                        const vector<Blob<Dtype>*>& top);
  // Makes parameter `index` from a filler, unless it was loaded.
  void MakeParameter(size_t index, const vector<int>& shape,
                     const FillerParameter& filler);
  // Whether the gradient of an operand is asked for: that of parameter `index`
  // where it is one, otherwise that of bottom 1.
  bool WantsOperandDiff(int index, const vector<bool>& propagate_down) const {
    return index >= 0 ? this->param_propagate_down_[index]
                      : propagate_down[1];
  }

  ChannelShape shape_;
  // 2 x channels: the sums of Backward.
  Blob<double> sums_;
};

// diff = sums, or diff += sums for parameters.
template <typename Dtype>
void StoreSums(int64_t count, const double* sums, bool add, Dtype* diff) {
  for (int64_t c = 0; c < count; ++c) {
    diff[c] = static_cast<Dtype>(add ? diff[c] + sums[c] : sums[c]);
  }
}

#ifdef TERCET_CUDA
template <typename Dtype>
void StoreSumsOnDevice(int64_t count, const double* sums, bool add,
                       Dtype* diff);
#endif

}  // namespace caffe

#endif  // CAFFE_LAYERS_BROADCAST_LAYER_HPP_
