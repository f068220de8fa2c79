// IdentityData: reads its options, and hands over what data/image_batches
// makes of what metric/sampler draws.

#include "caffe/layers/identity_data_layer.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "caffe/metric/sampler.hpp"

namespace caffe {

namespace {

// An unsigned option as int; what does not fit is cut to the most, which
// fails with the same message as any number that is too large.
int AsInt(uint32_t value) {
  constexpr uint32_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(value, kMost));
}

}  // namespace

template <typename Dtype>
void IdentityDataLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const IdentityDataParameter& param =
      this->layer_param_.identity_data_param();
  INPUT_CHECK(param.has_source())
      << "identity_data_param has no source (a folder or a list)";
  INPUT_CHECK(param.has_identities_per_batch() &&
              param.has_images_per_identity())
      << "identity_data_param has no "
      << (param.has_identities_per_batch() ? "images_per_identity"
                                           : "identities_per_batch");
  identities_ = AsInt(param.identities_per_batch());
  images_ = AsInt(param.images_per_identity());
  INPUT_CHECK(images_ >= 1) << "images_per_identity is 0; wanted at least 1";
  INPUT_CHECK(identities_ >= 2)
      << "identities_per_batch is " << identities_
      << "; wanted at least 2: a batch of one identity has no negative";

  string place = param.source();
  std::vector<Identity> people = ReadIdentities(place, param.root_folder());
  if (param.has_split()) {
    const bool inside = this->phase_ == TEST;
    people = KeepFold(people, AsInt(param.split().fold()),
                      AsInt(param.split().of()), inside);
    place += (inside ? ", fold " : ", without fold ") +
             std::to_string(param.split().fold()) + " of " +
             std::to_string(param.split().of());
  }
  people_ = InARow(KeepWithImages(people, images_, identities_, place));

  ImageLoader::Options load;
  load.new_height = AsInt(param.new_height());
  load.new_width = AsInt(param.new_width());
  load.any_size = this->layer_param_.transform_param().crop_size() > 0;
  if (param.has_is_color()) load.channels = param.is_color() ? 3 : 1;
  batches_.reset(new ImageBatches<Dtype>(
      people_.paths, load, this->layer_param_.transform_param(), this->phase_,
      identities_ * images_, AsInt(param.threads()),
      AsInt(param.prefetch())));
  Start(Caffe::rng().Uint64(), 0);
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::Start(uint64_t seed, uint64_t cursor) {
  typedef typename ImageBatches<Dtype>::Draw Draw;
  const auto sampler = std::make_shared<PKSampler>(people_.counts, identities_,
                                                   images_, seed);
  batches_->Start(
      [this, sampler](uint64_t number) {
        vector<Draw> draws;
        for (const Pick& pick : sampler->Batch(number)) {
          draws.push_back({people_.begin[pick.identity] + pick.image,
                           people_.labels[pick.identity]});
        }
        return draws;
      },
      seed, cursor);
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  top[0]->Reshape(batches_->shape());
  if (top.size() > 1) top[1]->Reshape({identities_ * images_});
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  batches_->Next(top);
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::SaveState(LayerState* state) const {
  state->set_cursor(batches_->cursor());
  state->set_seed(batches_->seed());
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::LoadState(const LayerState& state) {
  INPUT_CHECK(state.has_cursor() && state.has_seed())
      << "the saved state holds no cursor and seed";
  Start(state.seed(), state.cursor());
}

INSTANTIATE_CLASS(IdentityDataLayer);
REGISTER_LAYER_CLASS(IdentityData);

}  // namespace caffe
