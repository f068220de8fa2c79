// Scale: multiplies a large bottom by a small operand, repeated, and may add
// a second one.
//
//   y[i, c, j] = x[i, c, j] s[c]            or, with bias_term,
//   y[i, c, j] = x[i, c, j] s[c] + b[c]
//
// Bottoms: x of any shape; and s, where it is not a parameter. The shape of s
//          is that of x's axes from `axis` on, as many as it has.
// Top:     y, the shape of x; in place is allowed (the bottom is then kept).
//
// Options (scale_param):
//   axis         the first axis of x that s has [1]; negative: from the end
//   num_axes     the number of axes of s, where it is a parameter [1]; -1: all
//                from `axis` on; 0: s is a single number
//   filler       the first values of s [constant 1]
//   bias_term    whether to add b, of the shape of s [false]
//   bias_filler  the first values of b [constant 0]
//
// Parameters: s, with one bottom; then b, with bias_term.
//
// Gradient: dx = dy s[c]; ds[c] = the sum of dy x, and db[c] = the sum of dy,
// over what they are repeated on.
#ifndef CAFFE_LAYERS_SCALE_LAYER_HPP_
#define CAFFE_LAYERS_SCALE_LAYER_HPP_

#include <vector>

#include "caffe/layers/broadcast_layer.hpp"

namespace caffe {

template <typename Dtype>
class ScaleLayer : public BroadcastLayer<Dtype> {
 public:
  explicit ScaleLayer(const LayerParameter& param)
      : BroadcastLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Scale"; }

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
  Blob<Dtype>* Operand(const vector<Blob<Dtype>*>& bottom) const {
    return bottom.size() > 1 ? bottom[1] : this->blobs_[0].get();
  }

  // The parameters' numbers; -1: there is none.
  int scale_param_ = -1;
  int bias_param_ = -1;
  // In place, Forward keeps the bottom here for Backward.
  Blob<Dtype> kept_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_SCALE_LAYER_HPP_
