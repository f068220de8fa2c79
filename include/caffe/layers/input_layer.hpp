// Input: blobs whose values the program that runs the net writes itself.
//
// Bottoms: none.
// Tops: any number, of the shapes that are said.
//
// Options, input_param:
//   shape  one for all tops, or one a top; none: the tops keep the shape that
//          the program gives them
//   new_height, new_width [0]  both or none; with transform_param they say what
//          becomes of an image file on its way into the top (Embedder, and the
//          tools): it is resized to this, then the middle is cropped
//          (crop_size), then mean and scale. Without them an image is resized
//          to the shape, or where there is a crop keeps its size.
//   max_pixels [64 Mi]  an image file that asks for more is refused
//
// Forward and Backward do nothing.
#ifndef CAFFE_LAYERS_INPUT_LAYER_HPP_
#define CAFFE_LAYERS_INPUT_LAYER_HPP_

#include <vector>

#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class InputLayer : public Layer<Dtype> {
 public:
  explicit InputLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  // The shapes may be changed from outside after SetUp, and stay so.
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {}

  const char* type() const override { return "Input"; }
  int ExactNumBottomBlobs() const override { return 0; }
  int MinTopBlobs() const override { return 1; }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {}
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {}
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#endif
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_INPUT_LAYER_HPP_
