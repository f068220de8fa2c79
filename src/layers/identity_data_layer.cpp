// IdentityData: reads its options, and hands over what data/image_batches
// makes of what sampling/sampler draws.

#include "caffe/layers/identity_data_layer.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/identity_list.hpp"
#include "data/image_batches.hpp"
#include "data/image_survey.hpp"
#include "layers/image_source.hpp"

namespace caffe {

template <typename Dtype>
IdentityDataLayer<Dtype>::IdentityDataLayer(const LayerParameter& param)
    : Layer<Dtype>(param), people_(new ImagesOfPeople) {}

template <typename Dtype>
IdentityDataLayer<Dtype>::~IdentityDataLayer() = default;

template <typename Dtype>
void IdentityDataLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const IdentityDataParameter& param =
      this->layer_param_.identity_data_param();
  CheckOptions();
  const PeopleInGroups people = ReadPeople();
  groups_ = people.group;
  for (size_t i = 0; i < people_->labels.size(); ++i) {
    person_of_[people_->labels[i]] = static_cast<int>(i);
  }

  batches_ = BatchesOfFiles<Dtype>(people_->paths, param, this->layer_param_,
                                   this->phase_, identities_ * images_);
  Start(Caffe::rng().Uint64(), 0);
}

template <typename Dtype>
PeopleSummary IdentityDataLayer<Dtype>::People() const {
  return SummaryOf(*people_,
                   this->layer_param_.identity_data_param().source());
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::CheckOptions() {
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
  too_few_ = static_cast<TooFew>(param.too_few());
  INPUT_CHECK(images_ >= 1) << "images_per_identity is 0; wanted at least 1";
  INPUT_CHECK(identities_ >= 2)
      << "identities_per_batch is " << identities_
      << "; wanted at least 2: a batch of one identity has no negative";
  INPUT_CHECK(param.has_group_file() == param.has_groups_per_batch())
      << "has " << (param.has_group_file() ? "group_file" : "groups_per_batch")
      << " alone; wanted both group_file and groups_per_batch, or none";
  if (param.has_group_file()) {
    CheckGroups(identities_, AsInt(param.groups_per_batch()));
  }
  if (!param.has_hard_identities()) return;
  const HardIdentitiesParameter& hard = param.hard_identities();
  INPUT_CHECK(!param.has_group_file())
      << "group_file and hard_identities exclude each other";
  INPUT_CHECK(!hard.embedding().empty())
      << "hard_identities has no embedding (the name of a blob)";
  INPUT_CHECK(hard.refresh() >= 1)
      << "hard_identities: refresh is 0; wanted at least 1";
  INPUT_CHECK(hard.rate() > 0 && hard.rate() <= 1)
      << "hard_identities: rate is " << hard.rate()
      << "; wanted more than 0, and 1 at most";
  CheckNeighbours(identities_, AsInt(hard.neighbours()));
  hard_ = this->phase_ == TRAIN;
}

template <typename Dtype>
PeopleInGroups IdentityDataLayer<Dtype>::ReadPeople() {
  const IdentityDataParameter& param =
      this->layer_param_.identity_data_param();
  const std::vector<Identity> all =
      ReadIdentities(param.source(), param.root_folder());
  PeopleInGroups kept{all, {}};
  string place = param.source();
  if (param.has_split()) {
    const bool inside = this->phase_ == TEST;
    kept.people = KeepFold(all, AsInt(param.split().fold()),
                           AsInt(param.split().of()), inside);
    place += (inside ? ", fold " : ", without fold ") +
             std::to_string(param.split().fold()) + " of " +
             std::to_string(param.split().of());
  }
  const std::vector<Identity> within = kept.people;
  if (param.broken() == BrokenImages::SKIP) {
    kept.people = WithoutBroken(kept.people,
                                CheckedMaxPixels(param.max_pixels()), place);
  }
  kept.people = KeepByCount(kept.people, place);
  if (param.has_group_file()) {
    const int groups = AsInt(param.groups_per_batch());
    kept = ReadGroups(param.group_file(), all, kept.people,
                      identities_ / groups, groups);
  }
  *people_ = InARow(kept.people);
  summary_ =
      SummaryText(param.source(), *people_, all, within, param.has_split());
  return kept;
}

template <typename Dtype>
std::vector<Identity> IdentityDataLayer<Dtype>::KeepByCount(
    const std::vector<Identity>& people, const string& place) const {
  if (too_few_ == TooFew::kSkip) {
    return KeepWithImages(people, images_, identities_, place);
  }
  const std::vector<Identity> kept =
      KeepWithImages(people, 1, identities_, place);
  size_t few = 0, alone = 0;
  for (const Identity& person : kept) {
    few += static_cast<int>(person.images.size()) < images_;
    alone += person.images.size() == 1;
  }
  INPUT_CHECK(images_ == 1 || alone < kept.size())
      << place << ": each of " << kept.size() << " people has one image, which "
      << "has no positive but itself; wanted someone with two";
  LOG(INFO) << place << ": too_few: REPEAT: the images of " << few << " of "
            << kept.size() << " people stand in a batch more than once to be "
            << images_ << " (with one image alone, which has no positive but "
            << "itself: " << alone << ")";
  return kept;
}

template <typename Dtype>
shared_ptr<BatchSampler> IdentityDataLayer<Dtype>::MakeSampler(uint64_t seed) {
  const IdentityDataParameter& param =
      this->layer_param_.identity_data_param();
  const SetRule rule(too_few_, static_cast<DrawBy>(param.draw()));
  if (param.has_group_file()) {
    return std::make_shared<GroupSampler>(
        people_->counts, groups_, identities_, images_,
        AsInt(param.groups_per_batch()), seed, rule);
  }
  if (!hard_) {
    return std::make_shared<PKSampler>(people_->counts, identities_, images_,
                                       seed, rule);
  }
  const HardIdentitiesParameter& hard = param.hard_identities();
  means_ = MakeMeans();
  hard_sampler_ = std::make_shared<HardSampler>(
      people_->counts, identities_, images_, AsInt(hard.neighbours()), seed,
      rule);
  return hard_sampler_;
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::Start(uint64_t seed, uint64_t cursor) {
  typedef typename ImageBatches<Dtype>::Draw ImageDraw;
  const shared_ptr<BatchSampler> sampler = MakeSampler(seed);
  batches_->Start(
      [this, sampler](uint64_t number) {
        vector<ImageDraw> draws;
        for (const Pick& pick : sampler->Batch(number)) {
          draws.push_back({people_->begin[pick.identity] + pick.image,
                           people_->labels[pick.identity]});
        }
        return draws;
      },
      seed, cursor);
  if (!hard_) return;
  const uint64_t refresh =
      this->layer_param_.identity_data_param().hard_identities().refresh();
  allowed_ = (cursor + refresh - 1) / refresh * refresh;
  batches_->Allow(allowed_);
}

// The batches before `allowed_` are all made when the next one is `allowed_`,
// so that no thread reads the neighbours while they change.
template <typename Dtype>
void IdentityDataLayer<Dtype>::Refresh() {
  if (!hard_ || batches_->cursor() < allowed_) return;
  hard_sampler_->SetNeighbours(means_->Nearest(hard_sampler_->width()));
  allowed_ +=
      this->layer_param_.identity_data_param().hard_identities().refresh();
  batches_->Allow(allowed_);
}

template <typename Dtype>
string IdentityDataLayer<Dtype>::EmbeddingBlob() const {
  if (!hard_) return "";
  return this->layer_param_.identity_data_param()
      .hard_identities()
      .embedding();
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::CheckEmbeddings(
    const vector<int>& shape) const {
  INPUT_CHECK(shape.size() >= 2 && shape[0] == identities_ * images_)
      << "hard_identities: blob '" << EmbeddingBlob() << "' is of shape "
      << ShapeString(shape) << "; wanted a row for each of the batch's "
      << identities_ * images_ << " images";
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::ReceiveEmbeddings(const vector<int>& shape,
                                                 const Dtype* data) {
  CheckEmbeddings(shape);
  int64_t size = 1;
  for (size_t axis = 1; axis < shape.size(); ++axis) size *= shape[axis];
  vector<int> person(shape[0]);
  for (int i = 0; i < shape[0]; ++i) {
    person[i] = person_of_.at(static_cast<int>(batches_->labels()[i]));
  }
  means_->Add(data, person.data(), shape[0], size);
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
  Refresh();
  batches_->Next(top);
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::SaveState(LayerState* state) const {
  state->set_cursor(batches_->cursor());
  state->set_seed(batches_->seed());
  if (!hard_) return;
  const std::vector<int32_t>& neighbours = hard_sampler_->neighbours();
  state->set_class_means(means_->Save());
  state->set_neighbours(neighbours.data(),
                        neighbours.size() * sizeof(neighbours[0]));
}

template <typename Dtype>
int64_t IdentityDataLayer<Dtype>::BatchesTaken() const {
  return static_cast<int64_t>(batches_->cursor());
}

template <typename Dtype>
void IdentityDataLayer<Dtype>::LoadState(const LayerState& state) {
  INPUT_CHECK(state.has_cursor() && state.has_seed())
      << "the saved state holds no cursor and seed";
  if (!hard_ || !state.has_class_means()) {
    if (hard_) {
      LOG(WARNING) << "the saved state holds no means of people: "
                      "hard_identities begin afresh";
    }
    Start(state.seed(), state.cursor());
    return;
  }
  std::vector<int32_t> neighbours(hard_sampler_->neighbours().size());
  const string& bytes = state.neighbours();
  INPUT_CHECK(bytes.size() == neighbours.size() * sizeof(neighbours[0]))
      << "hard_identities: the saved state is of other people, or of another "
         "identities_per_batch";
  std::copy_n(bytes.data(), bytes.size(),
              reinterpret_cast<char*>(neighbours.data()));
  for (const int32_t person : neighbours) {
    INPUT_CHECK(person >= -1 && person < means_->people())
        << "hard_identities: the saved state names person " << person
        << " of " << means_->people();
  }
  std::unique_ptr<metric::ClassMeans> means = MakeMeans();
  means->Restore(state.class_means());
  Start(state.seed(), state.cursor());
  means_ = std::move(means);
  hard_sampler_->SetNeighbours(std::move(neighbours));
}

template <typename Dtype>
std::unique_ptr<metric::ClassMeans> IdentityDataLayer<Dtype>::MakeMeans()
    const {
  const HardIdentitiesParameter& hard =
      this->layer_param_.identity_data_param().hard_identities();
  return std::unique_ptr<metric::ClassMeans>(
      new metric::ClassMeans(people_->counts.size(), hard.rate()));
}

INSTANTIATE_CLASS(IdentityDataLayer);
REGISTER_LAYER_CLASS(IdentityData);

}  // namespace caffe
