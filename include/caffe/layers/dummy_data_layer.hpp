// DummyData: blobs from fillers, to try a net without data.
//
// Bottoms: none.
// Tops: any number, of the shapes that are said.
//
// Options, dummy_data_param:
//   data_filler [constant 0]  one for all tops, or one a top
//   shape                     one for all tops, or one a top; or in the older
//                             form num, channels, height and width, each once
//                             or once a top
//
// A constant filler fills its top once, at SetUp; any other fills it anew at
// each Forward. Backward: none.
#ifndef CAFFE_LAYERS_DUMMY_DATA_LAYER_HPP_
#define CAFFE_LAYERS_DUMMY_DATA_LAYER_HPP_

#include <memory>
#include <vector>

#include "caffe/filler.hpp"
#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class DummyDataLayer : public Layer<Dtype> {
 public:
  explicit DummyDataLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {}

  const char* type() const override { return "DummyData"; }
  int ExactNumBottomBlobs() const override { return 0; }
  int MinTopBlobs() const override { return 1; }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#ifdef TERCET_CUDA
  // uniform and gaussian are drawn on the device; where another filler fills,
  // host memory is written, and the log says so once a type.
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#endif

 private:
  // The shape of top i of `tops`.
  vector<int> TopShape(int i, int tops) const;
  const FillerParameter& FillerOf(int i) const;

  FillerParameter zeros_;  // where no filler is said
  // One a top; null where the top was filled for good.
  vector<shared_ptr<Filler<Dtype>>> fillers_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_DUMMY_DATA_LAYER_HPP_
