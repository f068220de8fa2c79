// EuclideanLoss: half the mean squared distance of two batches. This header is
// the layer's manual.
#ifndef CAFFE_LAYERS_EUCLIDEAN_LOSS_LAYER_HPP_
#define CAFFE_LAYERS_EUCLIDEAN_LOSS_LAYER_HPP_

#include <vector>

#include "caffe/layers/loss_layer.hpp"

namespace caffe {

//   L = 1/(2N) sum_i |a_i - b_i|^2
//
// Bottoms
//   0  a   N x D   further axes are flattened into D
//   1  b   N x D
// Top
//   0  L   scalar
//
// It has no options. Rows so far apart that their distance is not finite are an
// error that names them, on the CPU.
//
// Gradient, times the top's diff, to both bottoms:
//
//   dL/da_i = (a_i - b_i) / N,   dL/db_i = -dL/da_i
template <typename Dtype>
class EuclideanLossLayer : public LossLayer<Dtype> {
 public:
  explicit EuclideanLossLayer(const LayerParameter& param)
      : LossLayer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "EuclideanLoss"; }
  // Either bottom may be the target, or neither.
  bool AllowForceBackward(const int bottom_index) const override {
    return true;
  }
  int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) const override {
    return bottom[0]->count();
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
  Blob<Dtype> distance_;  // N: |a_i - b_i|^2
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_EUCLIDEAN_LOSS_LAYER_HPP_
