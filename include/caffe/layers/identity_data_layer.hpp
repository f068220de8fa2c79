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
//                         JPEG, BMP, WebP, TIFF. Label: the person's place in
//                         the natural order of all folders ("s2" before "s10"),
//                         or the number in the list.
//   root_folder [""]      put in front of a list's paths; the list's own
//                         folder where empty
//   identities_per_batch  P, at least 2
//   images_per_identity   K, at least 1
//   too_few [SKIP]        people with fewer than K images are left out, with a
//                         warning; or REPEAT: their images stand in a batch
//                         more than once. A person with one image is then
//                         nobody's positive but his own; it is refused where
//                         nobody has two.
//   draw [IMAGES]         each image is seen once an epoch, give or take one;
//                         or IDENTITIES: each person is, with K images drawn at
//                         random, so that those with many images are not in
//                         nearly every batch
//   new_height, new_width [0: as they are]  resize to this, before the crop
//   is_color [as the first image is]
//   broken [STOP]         the run ends at an image file that cannot be read; or
//                         SKIP: all are read at set-up, and such files left
//                         out, with a warning that counts and names them: the
//                         batches are those of a set without them
//   max_pixels [64 Mi]    files that ask for more count as such
//   split { fold of }     person i of the natural order is in fold i mod of;
//                         TRAIN draws the people outside `fold`, TEST those
//                         inside. Without it, each phase draws all.
//   threads [2], prefetch [4]  decoding threads, batches kept ready
// and transform_param (data/transformer.hpp). After resize and crop all
// images must have one size.
//
// Which people are in a batch together. By default any, drawn evenly. Or one of
// these, in both phases and in TRAIN alone:
//   group_file            lines `person group` for the people of the source (a
//                         folder's name or a label of the list): families,
//                         cameras, kinds. Each batch holds people of
//   groups_per_batch      G groups, P / G of each, so that each image has
//                         negatives of its own group in the batch. Groups with
//                         fewer than P / G people are left out, with a warning.
//   hard_identities {     people are drawn with others who look alike to the
//                         net:
//     embedding             the blob with their embeddings, P K rows
//     refresh [100]         after so many batches it is found out anew who is
//                           near whom, by the means of their embeddings
//     neighbours [1]        L: of 1 + L people one is drawn as above, and the
//                           others are his nearest
//     rate [0.5]            of a batch in a person's mean (moving average) }
// How each is drawn is told in sampling/sampler.hpp.
//
// With hard_identities batches [k n, (k + 1) n), n = refresh, follow from the
// embeddings of the batches before k n: all that the solver has handed over
// when batch k n is asked for. None of them is made before that, so that the
// first batch of each n is waited for. In the first n, and wherever nobody
// hands over embeddings (outside of a solver), the neighbours are anyone. A
// refresh takes O(N^2 D) for N people and D values. With iter_size s an
// iteration has s batches.
//
// The seed is drawn from the global generator at SetUp; batch b is a function
// of the seed, b and the files (and the embeddings), not of the number of
// threads. SaveState keeps the seed, how many batches were handed over, and
// with hard_identities the means and the neighbours, so that a resumed run goes
// on with the very next batch.
//
// Backward: none.
#ifndef CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_
#define CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/layers/embedding_receiver.hpp"
#include "caffe/layers/people_source.hpp"
#include "caffe/sampling/class_means.hpp"
#include "caffe/sampling/sampler.hpp"

namespace caffe {

struct Identity;
struct ImagesOfPeople;
struct PeopleInGroups;
template <typename Dtype>
class ImageBatches;

template <typename Dtype>
class IdentityDataLayer : public Layer<Dtype>,
                          public EmbeddingReceiver<Dtype>,
                          public PeopleSource {
 public:
  explicit IdentityDataLayer(const LayerParameter& param);
  ~IdentityDataLayer() override;
  void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                  const vector<Blob<Dtype>*>& top) override;
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override;

  const char* type() const override { return "IdentityData"; }
  int ExactNumBottomBlobs() const override { return 0; }
  int MinTopBlobs() const override { return 1; }
  int MaxTopBlobs() const override { return 2; }

  // Who takes part: "faces: 32 people, 256 images, kept out 8 people, 64
  // images".
  const string& summary() const { return summary_; }

  void SaveState(LayerState* state) const override;
  void LoadState(const LayerState& state) override;
  bool HasState() const override { return true; }
  int64_t BatchesTaken() const override;

  PeopleSummary People() const override;

  string EmbeddingBlob() const override;
  void CheckEmbeddings(const vector<int>& shape) const override;
  void ReceiveEmbeddings(const vector<int>& shape,
                         const Dtype* data) override;

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
  void CheckOptions();
  // The people who take part, and their groups; sets people_ and summary_.
  PeopleInGroups ReadPeople();
  std::vector<Identity> KeepByCount(const std::vector<Identity>& people,
                                    const string& place) const;
  // Sets the sampler and the batches to go on from batch `cursor`.
  void Start(uint64_t seed, uint64_t cursor);
  shared_ptr<BatchSampler> MakeSampler(uint64_t seed);

  // With hard_identities: finds the neighbours for the batches from the next
  // one on, where it begins a period.
  void Refresh();
  std::unique_ptr<metric::ClassMeans> MakeMeans() const;

  int identities_ = 0;  // P
  int images_ = 0;      // K
  string summary_;
  TooFew too_few_ = TooFew::kSkip;
  std::unique_ptr<ImagesOfPeople> people_;
  std::vector<int> groups_;  // of each person
  std::unique_ptr<ImageBatches<Dtype>> batches_;

  bool hard_ = false;
  std::map<int, int> person_of_;  // by the label
  std::unique_ptr<metric::ClassMeans> means_;
  shared_ptr<HardSampler> hard_sampler_;
  uint64_t allowed_ = 0;  // the first batch that waits for a refresh
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_IDENTITY_DATA_LAYER_HPP_
