// TripletData: reads its options and its list or folder, and hands over what
// data/image_batches makes of what sampling/sampler draws.

#include "caffe/layers/triplet_data_layer.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "caffe/sampling/sampler.hpp"
#include "data/identity_list.hpp"
#include "data/image_batches.hpp"
#include "data/image_survey.hpp"
#include "layers/image_source.hpp"

namespace caffe {

namespace {

// The most triplets a batch may have: what a batch can hold is far less.
constexpr uint32_t kMostTriplets = 1u << 24;

}  // namespace

template <typename Dtype>
struct TripletDataLayer<Dtype>::Source {
  typedef typename ImageBatches<Dtype>::Draw Draw;
  // The three images of one triplet, by its number.
  typedef std::function<std::array<Draw, 3>(uint64_t number)> Triplets;

  // Both use the source for as long as they live.
  Triplets FromFolder(uint64_t seed) const;
  Triplets FromList(uint64_t seed, bool shuffle) const;

  ImagesOfPeople people;               // from a folder
  vector<string> paths;                // from a list: each file once
  vector<std::array<size_t, 3>> list;  // places in paths
};

template <typename Dtype>
typename TripletDataLayer<Dtype>::Source::Triplets
TripletDataLayer<Dtype>::Source::FromFolder(uint64_t seed) const {
  const auto sampler = std::make_shared<TripletSampler>(people.counts, seed);
  return [this, sampler](uint64_t number) {
    std::array<Draw, 3> draws;
    const vector<Pick> picks = sampler->Triplet(number);
    for (int role = 0; role < 3; ++role) {
      draws[role].image =
          people.begin[picks[role].identity] + picks[role].image;
      draws[role].label = people.labels[picks[role].identity];
    }
    return draws;
  };
}

template <typename Dtype>
typename TripletDataLayer<Dtype>::Source::Triplets
TripletDataLayer<Dtype>::Source::FromList(uint64_t seed, bool shuffle) const {
  const auto order = std::make_shared<EpochShuffle>(list.size(), seed);
  return [this, shuffle, order](uint64_t number) {
    const size_t line = shuffle ? order->At(number) : number % list.size();
    std::array<Draw, 3> draws;
    for (int role = 0; role < 3; ++role) draws[role] = {list[line][role], 0};
    return draws;
  };
}

template <typename Dtype>
TripletDataLayer<Dtype>::TripletDataLayer(const LayerParameter& param)
    : Layer<Dtype>(param), source_(new Source) {}

template <typename Dtype>
TripletDataLayer<Dtype>::~TripletDataLayer() = default;

template <typename Dtype>
void TripletDataLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                         const vector<Blob<Dtype>*>& top) {
  const TripletDataParameter& param = this->layer_param_.triplet_data_param();
  INPUT_CHECK(param.has_source())
      << "triplet_data_param has no source (a folder or a list)";
  INPUT_CHECK(param.batch_size() >= 1 && param.batch_size() <= kMostTriplets)
      << "batch_size is " << param.batch_size()
      << (param.has_batch_size() ? "" : " (it is left out)")
      << "; wanted 1 to " << kMostTriplets << " triplets";
  triplets_ = static_cast<int>(param.batch_size());
  CheckThere(param.source());
  std::error_code ignored;
  from_folder_ = std::filesystem::is_directory(param.source(), ignored);
  if (from_folder_) {
    ReadFolder();
  } else {
    ReadList();
    INPUT_CHECK(top.size() == 1)
        << "has a second top, for labels, but source " << param.source()
        << " is a list of triplets, which has none; wanted a folder of people";
  }

  batches_ = BatchesOfFiles<Dtype>(source_->paths, param, this->layer_param_,
                                   this->phase_, 3 * triplets_);
  Start(Caffe::rng().Uint64(), 0);
}

template <typename Dtype>
void TripletDataLayer<Dtype>::ReadFolder() {
  const TripletDataParameter& param = this->layer_param_.triplet_data_param();
  std::vector<Identity> people =
      ReadIdentities(param.source(), param.root_folder());
  const std::vector<Identity> all = people;
  if (param.has_split()) {
    people = KeepFold(people, AsInt(param.split().fold()),
                      AsInt(param.split().of()), this->phase_ == TEST);
  }
  const std::vector<Identity> within = people;
  if (param.broken() == BrokenImages::SKIP) {
    people = WithoutBroken(people, CheckedMaxPixels(param.max_pixels()),
                           param.source());
  }
  source_->people = InARow(KeepWithImages(people, 1, 2, param.source()));
  source_->paths = source_->people.paths;
  summary_ = SummaryText(param.source(), source_->people, all, within,
                         param.has_split());
  try {
    TripletSampler(source_->people.counts, 0);
  } catch (const Error& error) {
    throw error.At(param.source());
  }
}

template <typename Dtype>
void TripletDataLayer<Dtype>::ReadList() {
  const TripletDataParameter& param = this->layer_param_.triplet_data_param();
  INPUT_CHECK(!param.has_split())
      << "split shares out people, and source " << param.source()
      << " is a list of triplets; wanted a folder of people";
  std::map<string, size_t> places;
  const auto place = [&](const string& path) {
    const auto entry = places.insert({path, source_->paths.size()});
    if (entry.second) source_->paths.push_back(path);
    return entry.first->second;
  };
  std::vector<ImageTriplet> triplets =
      ReadTripletList(param.source(), param.root_folder());
  if (param.broken() == BrokenImages::SKIP) {
    triplets = WithoutBroken(triplets, CheckedMaxPixels(param.max_pixels()),
                             param.source());
  }
  for (const ImageTriplet& triplet : triplets) {
    const size_t anchor = place(triplet.anchor);
    const size_t positive = place(triplet.positive);
    source_->list.push_back({anchor, positive, place(triplet.negative)});
  }
  std::ostringstream text;
  text << param.source() << ": " << source_->list.size() << " triplets of "
       << source_->paths.size() << " images";
  summary_ = text.str();
}

template <typename Dtype>
void TripletDataLayer<Dtype>::Start(uint64_t seed, uint64_t cursor) {
  typedef typename ImageBatches<Dtype>::Draw Draw;
  const bool shuffle = this->layer_param_.triplet_data_param().shuffle();
  const typename Source::Triplets triplets =
      from_folder_ ? source_->FromFolder(seed)
                   : source_->FromList(seed, shuffle);
  batches_->Start(
      [this, triplets](uint64_t number) {
        vector<Draw> draws(3 * triplets_);
        for (int t = 0; t < triplets_; ++t) {
          const std::array<Draw, 3> triplet = triplets(number * triplets_ + t);
          for (int role = 0; role < 3; ++role) {
            draws[role * triplets_ + t] = triplet[role];
          }
        }
        return draws;
      },
      seed, cursor);
}

template <typename Dtype>
PeopleSummary TripletDataLayer<Dtype>::People() const {
  return SummaryOf(source_->people,
                   this->layer_param_.triplet_data_param().source());
}

template <typename Dtype>
void TripletDataLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  top[0]->Reshape(batches_->shape());
  if (top.size() > 1) top[1]->Reshape({3 * triplets_});
}

template <typename Dtype>
void TripletDataLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  batches_->Next(top);
}

template <typename Dtype>
void TripletDataLayer<Dtype>::SaveState(LayerState* state) const {
  state->set_cursor(batches_->cursor());
  state->set_seed(batches_->seed());
}

template <typename Dtype>
int64_t TripletDataLayer<Dtype>::BatchesTaken() const {
  return static_cast<int64_t>(batches_->cursor());
}

template <typename Dtype>
void TripletDataLayer<Dtype>::LoadState(const LayerState& state) {
  INPUT_CHECK(state.has_cursor() && state.has_seed())
      << "the saved state holds no cursor and seed";
  Start(state.seed(), state.cursor());
}

INSTANTIATE_CLASS(TripletDataLayer);
REGISTER_LAYER_CLASS(TripletData);

}  // namespace caffe
