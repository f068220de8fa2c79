// The causes, one function each; see the header.
#include "solver/causes.hpp"

#include <algorithm>
#include <cmath>

#include "caffe/layers/metric_loss_layer.hpp"
#include "caffe/layers/people_source.hpp"
#include "core/suggest.hpp"
#include "net/check_labels.hpp"

namespace caffe {
namespace {

template <typename Dtype>
bool AllZero(const Dtype* values, int count) {
  return std::all_of(values, values + count,
                     [](Dtype value) { return value == 0; });
}

template <typename Dtype>
bool AllFinite(const Dtype* values, int count) {
  return std::all_of(values, values + count,
                     [](Dtype value) { return std::isfinite(value); });
}

template <typename Dtype>
bool AnyInfinite(const Blob<Dtype>& blob) {
  return std::any_of(blob.cpu_data(), blob.cpu_data() + blob.count(),
                     [](Dtype value) { return std::isinf(value); });
}

// The matrix or the kernels of a layer that learns them, or null.
template <typename Dtype>
const Blob<Dtype>* Weights(Layer<Dtype>& layer) {
  const auto& blobs = layer.blobs();
  if (blobs.empty() || blobs[0]->num_axes() < 2) return nullptr;
  return layer.param_propagate_down(0) ? blobs[0].get() : nullptr;
}

// Whether all rows, one for each output, are the same but for rounding.
template <typename Dtype>
bool RowsEqual(const Dtype* values, int rows, int columns) {
  constexpr double kRounding = 1e-4;  // of the largest value
  Dtype largest = 0, apart = 0;
  for (int k = 0; k < rows * columns; ++k) {
    largest = std::max(largest, std::fabs(values[k]));
    apart = std::max(apart, std::fabs(values[k] - values[k % columns]));
  }
  return apart <= kRounding * largest;
}

bool HasFiller(const LayerParameter& layer) {
  return layer.convolution_param().has_weight_filler() ||
         layer.inner_product_param().has_weight_filler();
}

// Values of a blob, evenly spread, at most about 4096.
template <typename Dtype>
vector<Dtype> Sample(const Blob<Dtype>& blob) {
  constexpr int kMost = 4096;
  const int step = (blob.count() + kMost - 1) / kMost;
  vector<Dtype> values;
  for (int k = 0; k < blob.count(); k += step) {
    values.push_back(blob.cpu_data()[k]);
  }
  return values;
}

// |now - before| / |before|; 0 where both are 0.
template <typename Dtype>
double Moved(const vector<Dtype>& before, const vector<Dtype>& now) {
  double change = 0, size = 0;
  for (size_t k = 0; k < before.size(); ++k) {
    change += (double{now[k]} - before[k]) * (double{now[k]} - before[k]);
    size += double{before[k]} * before[k];
  }
  if (change == 0) return 0;
  return size == 0 ? 1 : std::sqrt(change / size);
}

}  // namespace

template <typename Dtype>
string Causes<Dtype>::AtStart() {
  start_.clear();
  for (const auto& layer : net_.layers()) {
    const Blob<Dtype>* const weights = Weights(*layer);
    if (weights != nullptr) start_.push_back({weights, Sample(*weights)});
  }
  const string remedy = EmptyAverages();
  if (remedy.empty()) return "";
  return "averages of BatchNorm are empty; to mend it, " + remedy;
}

template <typename Dtype>
string Causes<Dtype>::DeadLayers() {
  vector<string> names;
  bool forgotten = false;
  dead_.clear();
  for (size_t i = 0; i < net_.layers().size(); ++i) {
    const Blob<Dtype>* const weights = Weights(*net_.layers()[i]);
    if (weights == nullptr || !AllZero(weights->cpu_data(), weights->count()) ||
        !AllZero(weights->cpu_diff(), weights->count())) {
      continue;
    }
    dead_.push_back(static_cast<int>(i));
    names.push_back(net_.layer_names()[i]);
    forgotten = forgotten || !HasFiller(net_.layers()[i]->layer_param());
  }
  // One alone may be meant so.
  if (dead_.size() < 2 && !forgotten) dead_.clear();
  if (dead_.empty()) return "";
  return LayerPlace(net_.layers()[dead_[0]]->layer_param()) + ": all weights " +
         "of " + ListNames(names) + " start at 0 and get no gradient, so " +
         "nothing is learned there; to mend it, " + OfCollapse();
}

// Equal filters that get different gradients become different: a classifier's
// may start so.
template <typename Dtype>
string Causes<Dtype>::EqualFilters() {
  vector<string> names;
  equal_.clear();
  for (size_t i = 0; i < net_.layers().size(); ++i) {
    const Blob<Dtype>* const weights = Weights(*net_.layers()[i]);
    if (weights == nullptr || weights->shape(0) < 2 ||
        AllZero(weights->cpu_data(), weights->count())) {
      continue;
    }
    const int rows = weights->shape(0), columns = weights->count(1);
    if (!RowsEqual(weights->cpu_data(), rows, columns) ||
        !RowsEqual(weights->cpu_diff(), rows, columns)) {
      continue;
    }
    equal_.push_back(static_cast<int>(i));
    names.push_back(net_.layer_names()[i]);
  }
  if (equal_.empty()) return "";
  return LayerPlace(net_.layers()[equal_[0]]->layer_param()) + ": all " +
         "filters of " + ListNames(names) + " start equal and get equal " +
         "gradients, so their outputs stay one and the same; to mend it, " +
         Fillers(names);
}

template <typename Dtype>
string Causes<Dtype>::Fillers(const vector<string>& names) {
  return "give " + ListNames(names) + " a weight_filler that draws, such as "
         "weight_filler { type: \"xavier\" } or \"msra\", or load weights "
         "(--weights)";
}

template <typename Dtype>
string Causes<Dtype>::RateTooSmall() const {
  // In kRateIterations, as a share: what is no learning, and what is.
  constexpr double kStill = 3e-5, kMoves = 1e-2;
  double most = 0;
  for (const Remembered& start : start_) {
    most = std::max(most, Moved(start.values, Sample(*start.blob)));
  }
  if (start_.empty() || !dead_.empty() || !equal_.empty() ||
      !(most < kStill)) {
    return "";
  }
  ostringstream text;
  text << "in " << kRateIterations << " iterations no layer's weights moved by "
       << "more than " << 100 * most << " % of their size: the rate is too "
       << "small to learn; to mend it, raise base_lr ";
  if (most == 0) {
    text << "(1000 times at first)";
  } else {
    text << "(about 1e" << std::lround(std::log10(kMoves / most)) << " times)";
  }
  return text.str();
}

template <typename Dtype>
string Causes<Dtype>::OfCollapse() const {
  vector<string> names;
  for (const int i : dead_) {
    const Blob<Dtype>& weights = *net_.layers()[i]->blobs()[0];
    if (AllZero(weights.cpu_data(), weights.count())) {
      names.push_back(net_.layer_names()[i]);
    }
  }
  if (names.empty()) return OfEqualFilters();
  return "give " + ListNames(names) + " a weight_filler, such as "
         "weight_filler { type: \"xavier\" }, or load weights (--weights)" +
         Normalise(", and");
}

template <typename Dtype>
string Causes<Dtype>::OfEqualFilters() const {
  vector<string> names;
  for (const int i : equal_) {
    const Blob<Dtype>& weights = *net_.layers()[i]->blobs()[0];
    if (RowsEqual(weights.cpu_data(), weights.shape(0), weights.count(1))) {
      names.push_back(net_.layer_names()[i]);
    }
  }
  return names.empty() ? OfLargeValues() : Fillers(names);
}

template <typename Dtype>
string Causes<Dtype>::Normalise(const string& before) const {
  for (int i = 0; i < static_cast<int>(net_.layers().size()); ++i) {
    const Layer<Dtype>* const layer = net_.layers()[i].get();
    const LayerParameter& param = layer->layer_param();
    if (dynamic_cast<const MetricLossLayer<Dtype>*>(layer) == nullptr ||
        param.batch_triplet_loss_param().distance() ==
            BatchTripletLossParameter::COSINE ||
        param.triplet_loss_param().distance() ==
            TripletLossParameter::COSINE) {
      continue;
    }
    // Back to the layer that makes the embeddings.
    int id = net_.bottom_ids(i)[0], maker = i - 1;
    for (; maker >= 0; --maker) {
      const vector<int>& tops = net_.top_ids(maker);
      if (std::count(tops.begin(), tops.end(), id) == 0) continue;
      if (!PassesOn(net_.layers()[maker]->type())) break;
      id = net_.bottom_ids(maker)[0];
    }
    if (maker < 0 || string(net_.layers()[maker]->type()) == "Normalize") {
      continue;
    }
    return before + " put a Normalize layer behind '" + net_.blob_names()[id] +
           "'";
  }
  return "";
}

template <typename Dtype>
string Causes<Dtype>::EmptyAverages() const {
  vector<string> names;
  double factor = 0;
  for (const auto& layer : net_.layers()) {
    const BatchNormParameter& param = layer->layer_param().batch_norm_param();
    if (string(layer->type()) != "BatchNorm" || !param.use_global_stats() ||
        layer->blobs().size() != 3 || layer->blobs()[2]->cpu_data()[0] != 0) {
      continue;
    }
    names.push_back(layer->layer_param().name());
    factor = 1 / std::sqrt(double{param.eps()});
  }
  if (names.empty()) return "";
  ostringstream text;
  text << "remove use_global_stats: true from " << ListNames(names)
       << ", or load weights (--weights): the averages are empty, so BatchNorm "
       << "multiplies by " << factor << Normalise("; and");
  return text.str();
}

template <typename Dtype>
string Causes<Dtype>::Pixels() const {
  constexpr double kLarge = 30;  // as a mean of absolute values
  for (size_t i = 0; i < net_.layers().size(); ++i) {
    if (!net_.bottom_vecs()[i].empty() || net_.top_vecs()[i].empty()) continue;
    const Blob<Dtype>& top = *net_.top_vecs()[i][0];
    if (top.num_axes() != 4 || top.count() == 0) continue;
    const double mean = top.asum_data() / top.count();
    if (!(mean > kLarge)) continue;
    const LayerParameter& param = net_.layers()[i]->layer_param();
    const bool images = dynamic_cast<const PeopleSource*>(
                            net_.layers()[i].get()) != nullptr;
    ostringstream text;
    text << "make the input smaller, whose values are of size " << mean
         << ": give layer '" << param.name() << "' "
         << (images ? "transform_param { mean_value: 127.5 scale: 0.0078125 }"
                    : "values of about 1")
         << Normalise(", and");
    return text.str();
  }
  return "";
}

// Only where what goes in is finite. In place that is gone, and the top tells:
// no root of a number is infinite.
template <typename Dtype>
string Causes<Dtype>::PowerAtZero() const {
  for (size_t i = 0; i < net_.layers().size(); ++i) {
    const LayerParameter& layer = net_.layers()[i]->layer_param();
    const PowerParameter& param = layer.power_param();
    if (string(net_.layers()[i]->type()) != "Power" || param.power() >= 1 ||
        param.power() == 0) {
      continue;
    }
    const Blob<Dtype>& top = *net_.top_vecs()[i][0];
    const Blob<Dtype>& bottom = *net_.bottom_vecs()[i][0];
    const bool in_place = &top == &bottom;
    if (in_place ? param.power() > 0 && AnyInfinite(top)
                 : !AllFinite(bottom.cpu_data(), bottom.count())) {
      return "";
    }
    const bool at_zero =
        !AllFinite(top.cpu_data(), top.count()) ||
        (std::count(top.cpu_data(), top.cpu_data() + top.count(), 0) > 0 &&
         (in_place || AllFinite(top.cpu_diff(), top.count())) &&
         !AllFinite(bottom.cpu_diff(), bottom.count()));
    if (!at_zero) continue;
    ostringstream text;
    text << "keep the base of layer '" << layer.name() << "' (Power) above 0, "
         << "where power " << param.power() << " has no slope: shift: "
         << (param.shift() == 0 ? 1e-3 : 2 * std::fabs(param.shift()));
    return text.str();
  }
  return "";
}

template <typename Dtype>
string Causes<Dtype>::OfLargeValues() const {
  const string averages = EmptyAverages();
  return averages.empty() ? Pixels() : averages;
}

template <typename Dtype>
string Causes<Dtype>::OfNotFinite(bool updated) const {
  const string power = PowerAtZero();
  if (!power.empty()) return power;
  const string large = OfLargeValues();
  if (!large.empty()) return large;
  return updated ? "lower base_lr, or set clip_gradients" + Normalise(", or")
                 : "look at the input, the fillers and the weights loaded, for "
                   "no update was made yet";
}

template <typename Dtype>
string Causes<Dtype>::OfQuiet() const {
  constexpr int64_t kFewBatches = 10;
  for (size_t i = 0; i < net_.layers().size(); ++i) {
    const auto* source =
        dynamic_cast<const PeopleSource*>(net_.layers()[i].get());
    if (source == nullptr || net_.top_vecs()[i][0]->num_axes() == 0) continue;
    const PeopleSummary people = source->People();
    if (people.people == 0 ||
        people.images >= kFewBatches * net_.top_vecs()[i][0]->shape(0)) {
      continue;
    }
    return "train on more people, for " + people.source + " has " +
           std::to_string(people.people) + " with " +
           std::to_string(people.images) +
           " images, too few for harder triplets";
  }
  return "";
}

template class Causes<float>;
template class Causes<double>;

}  // namespace caffe
