// DropoutLayer: sets values to 0 at random while training.
//
//   TRAIN:  y = x * m / (1 - p),  m = 0 with probability p, else 1
//   TEST:   y = x
//
// Bottom: x, of any shape. Top: y, of the same shape; may be in place.
//
// The mask is a function of a key, drawn from Caffe::rng() at each Forward in
// TRAIN, and of the value's index. So a seed gives the same mask on the CPU,
// on the GPU and for any number of threads, and Backward computes it again
// instead of storing it.
//
// Gradient:  dx = dy * m / (1 - p) in TRAIN, with the mask of the last
// Forward; dy in TEST.
//
// Options, in dropout_param:
//   dropout_ratio  0.5  p, in [0, 1)
//
// Srivastava et al., JMLR 15, 2014.
#ifndef CAFFE_LAYERS_DROPOUT_LAYER_HPP_
#define CAFFE_LAYERS_DROPOUT_LAYER_HPP_

#include <vector>

#include "caffe/layers/neuron_layer.hpp"

namespace caffe {

// What values 4 * group ... 4 * group + 3 are multiplied with.
template <typename Dtype>
struct DropoutFactors {
  Dtype v[4];
};
template <typename Dtype>
TERCET_HD inline DropoutFactors<Dtype> DropoutFactorsAt(uint64_t key,
                                                        uint64_t group,
                                                        uint32_t threshold,
                                                        Dtype scale) {
  const PhiloxBlock block = PhiloxAt(key, group);
  DropoutFactors<Dtype> factors;
  for (int k = 0; k < 4; ++k) {
    factors.v[k] = block.v[k] < threshold ? Dtype(0) : scale;
  }
  return factors;
}

template <typename Dtype>
class DropoutLayer : public NeuronLayer<Dtype> {
 public:
  explicit DropoutLayer(const LayerParameter& param)
      : NeuronLayer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Dropout"; }

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
  // to = from * mask / (1 - p).
  void Apply_cpu(int64_t count, const Dtype* from, Dtype* to) const;
#ifdef TERCET_CUDA
  void Apply_gpu(int64_t count, const Dtype* from, Dtype* to) const;
#endif

  // A random 32-bit word below this drops its value: p * 2^32.
  uint32_t threshold_ = 0;
  Dtype scale_ = 1;
  uint64_t key_ = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_DROPOUT_LAYER_HPP_
