// Bias: adds a small operand, repeated, to a large bottom.
//
//   y[i, c, j] = x[i, c, j] + b[c]
//
// Bottoms: x of any shape; and b, where it is not a parameter. The shape of b
//          is that of x's axes from `axis` on, as many as it has.
// Top:     y, the shape of x; in place is allowed.
//
// Options (bias_param):
//   axis      the first axis of x that b has [1]; negative: from the end
//   num_axes  the number of axes of b, where it is a parameter [1]; -1: all
//             from `axis` on; 0: b is a single number
//   filler    the first values of b [constant 0]
//
// Parameter 0, with one bottom: b.
//
// Gradient: dx = dy; db[c] = the sum of dy over what b is repeated on.
#ifndef CAFFE_LAYERS_BIAS_LAYER_HPP_
#define CAFFE_LAYERS_BIAS_LAYER_HPP_

#include <vector>

#include "caffe/layers/broadcast_layer.hpp"

namespace caffe {

template <typename Dtype>
class BiasLayer : public BroadcastLayer<Dtype> {
 public:
  explicit BiasLayer(const LayerParameter& param)
      : BroadcastLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Bias"; }

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
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_BIAS_LAYER_HPP_
