// TripletData: batches of T triplets of images, for one net and a Slice.
//
//   row t = anchor t, row T + t = positive t, row 2 T + t = negative t,  t < T
//
// Bottoms: none.
// Tops:
//   0  data   3 T x C x H x W, the transformed images; colour is B, G, R
//   1  label  3 T, who it is (optional; only from a folder)
//
// Options, triplet_data_param:
//   source            a list of `anchor positive negative` lines (with tabs
//                     between them where paths hold blanks), or a folder with
//                     one folder of images a person. Images: PGM, PPM, PNG,
//                     JPEG, BMP, WebP, TIFF.
//   root_folder [""]  put in front of a list's paths; the list's own folder
//                     where empty
//   batch_size        T, at least 1
//   new_height, new_width [0: as they are]  resize to this, before the crop
//   is_color [as the first image is]
//   shuffle [true]    a list is read in a new order each epoch
//   split { fold of } for a folder: person i of the natural order is in fold
//                     i mod of; TRAIN draws the people outside `fold`, TEST
//                     those inside
//   broken [STOP]     or SKIP, max_pixels [64 Mi]: as in IdentityData; of a
//                     list the lines with a broken image are left out
//   threads [2], prefetch [4]  decoding threads, batches kept ready
// and transform_param (data/transformer.hpp). After resize and crop all
// images must have one size.
//
// From a folder, the anchor goes through all images whose person has another
// one; the positive is another one of these, the negative any image of anyone
// else (sampling/sampler.hpp). The seed is drawn from the global generator at
// SetUp; batch b is a function of the seed, b and the files, not of the
// number of threads. SaveState keeps the seed and how many batches were
// handed over, so that a resumed run goes on with the very next one.
//
// Backward: none.
#ifndef CAFFE_LAYERS_TRIPLET_DATA_LAYER_HPP_
#define CAFFE_LAYERS_TRIPLET_DATA_LAYER_HPP_

#include <memory>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/layers/people_source.hpp"

namespace caffe {

template <typename Dtype>
class ImageBatches;

template <typename Dtype>
class TripletDataLayer : public Layer<Dtype>, public PeopleSource {
 public:
  explicit TripletDataLayer(const LayerParameter& param);
  ~TripletDataLayer() override;
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "TripletData"; }
  int ExactNumBottomBlobs() const override { return 0; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }

  // What it draws from: "faces: 32 people, 256 images, kept out 8 people, 64
  // images", or the triplets of a list.
  const string& summary() const { return summary_; }

  void SaveState(LayerState* state) const override;
  void LoadState(const LayerState& state) override;
  bool HasState() const override { return true; }
  int64_t BatchesTaken() const override;

  PeopleSummary People() const override;

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
  // What triplets are made of: a folder's people, or the lines of a list.
  struct Source;

  void ReadFolder();
  void ReadList();
  // Sets the sampler and the batches to go on from batch `cursor`.
  void Start(uint64_t seed, uint64_t cursor);

  int triplets_ = 0;  // T
  bool from_folder_ = false;
  string summary_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<ImageBatches<Dtype>> batches_;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_TRIPLET_DATA_LAYER_HPP_
