// IdentityData: batches of P people with K images each, from image files.
//
//   row p * K + k of a batch = image k of person p,  p < P, k < K
//
// Bottoms: none.
// Tops:
//   0  data   P K x C x H x W, the transformed images; colour is B, G, R
//   1  label  P K, who it is (optional)
//
// Options, identity_data_param:
//   source                a folder with one folder of images a person, or a
//                         list of `path label` lines. Images: PGM, PPM, PNG,
//                         JPEG. Label: the person's place in the natural
//                         order of all folders ("s2" before "s10"), or the
//                         number in the list.
//   root_folder [""]      put in front of a list's paths; the list's own
//                         folder where empty
//   identities_per_batch  P, at least 2
//   images_per_identity   K, at least 1. People with fewer images are left
//                         out, with a warning.
//   new_height, new_width [0: as they are]  resize to this, before the crop
//   is_color [as the first image is]
//   split { fold of }     person i of the natural order is in fold i mod of;
//                         TRAIN draws the people outside `fold`, TEST those
//                         inside. Without it, each phase draws all.
//   threads [2], prefetch [4]  decoding threads, batches kept ready
// and transform_param (data/transformer.hpp). After resize and crop all
// images must have one size.
//
// Each image is seen once an epoch, give or take one (metric/sampler.hpp).
// The seed is drawn from the global generator at SetUp; batch b is a function
// of the seed, b and the files, not of the number of threads. SaveState keeps
// the seed and how many batches were handed over, so that a resumed run goes
// on with the very next one.
//
// Backward: none.
#ifndef CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_
#define CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_

#include <memory>
#include <vector>

#include "caffe/data/identity_list.hpp"
#include "caffe/data/image_batches.hpp"
#include "caffe/layer.hpp"

namespace caffe {

template <typename Dtype>
class IdentityDataLayer : public Layer<Dtype> {
 public:
  explicit IdentityDataLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "IdentityData"; }
  int ExactNumBottomBlobs() const override { return 0; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }

  void SaveState(LayerState* state) const override;
  void LoadState(const LayerState& state) override;
  bool HasState() const override { return true; }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#ifdef TERCET_CUDA
  void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override;
  void Backward_gpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
#endif

 private:
  // Sets the sampler and the batches to go on from batch `cursor`.
  void Start(uint64_t seed, uint64_t cursor);

  int identities_ = 0;  // P
  int images_ = 0;      // K
  ImagesOfPeople people_;
  std::unique_ptr<ImageBatches<Dtype>> batches_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_
