// Normalize: scales each row to length 1, as embeddings are before a loss that
// compares distances. This header is the layer's manual.
#ifndef CAFFE_LAYERS_NORMALIZE_LAYER_HPP_
#define CAFFE_LAYERS_NORMALIZE_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

//   y_i = x_i / |x_i|     with |x_i| the L2 norm of row i
//   y_i = 0               where |x_i| <= eps
//
// A row that holds NaN or infinity, or is too long for the square of its
// length, is an error that names it; on the GPU it becomes NaN, which ends a
// run with the name of the layer and the row.
//
// Bottom
//   0  x   N x D; further axes are flattened into D
// Top
//   0  y   the bottom's shape; may be the bottom itself (in place)
//
// Options, normalize_param { ... }
//   eps [1e-12]              not negative; rows no longer than this become 0
//   normalize_type ["L2"]    the only one; the field is there because other
//                            layers of this name write it
//
// Gradient, from the top alone, so that in place works:
//
//   dL/dx_i = (dL/dy_i - y_i (y_i . dL/dy_i)) / |x_i|,   0 where y_i = 0
template <typename Dtype>
class NormalizeLayer : public Layer<Dtype> {
 public:
  explicit NormalizeLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "Normalize"; }
  int ExactNumBottomBlobs() const override { return 1; }
  int ExactNumTopBlobs() const override { return 1; }
  // Whether a row is one of those set to 0.
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
  Dtype eps_ = 0;
  Blob<Dtype> inverse_;  // N: 1/|x_i|, 0 where y_i = 0
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_NORMALIZE_LAYER_HPP_
