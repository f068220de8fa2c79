// The gradient check: central differences against Backward, and the contracts
// that gradient_check.hpp lists. It needs no test framework.
#include "caffe/test/gradient_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>

namespace caffe {

string GradientReport::Text() const {
  string text;
  for (const string& failure : failures) text += failure + "\n";
  return text;
}

namespace {

template <typename Dtype>
class GradientCheck {
 public:
  typedef vector<Blob<Dtype>*> Blobs;

  GradientCheck(Layer<Dtype>* layer, const Blobs& bottom, const Blobs& top,
                const GradientCheckOptions& options)
      : layer_(layer), bottom_(bottom), top_(top), options_(options) {
    if (sizeof(Dtype) < sizeof(double)) {
      options_.step = std::max(options_.step, 1e-2);
      options_.threshold = std::max(options_.threshold, 1e-2);
    }
  }

  GradientReport Run() {
    if (options_.set_up) layer_->SetUp(bottom_, top_);
    ChooseBottoms();
    SaveData();
    layer_->SaveState(&given_state_);
    RememberOtherRows();
    Evaluate();
    ChooseTopWeights();
    Evaluate();
    sides_ = Sides();
    CheckTopsWritten();
    CheckForwardRepeats();
    const Gradients gradients = CheckBackward();
    for (size_t i = 0; i < bottom_.size(); ++i) {
      if (propagate_[i]) {
        CheckBlob("bottom " + std::to_string(i), bottom_[i],
                  saved_bottom_[i], &moved_bottom_, i, gradients.bottom[i]);
      }
    }
    for (size_t i = 0; i < layer_->blobs().size(); ++i) {
      if (IsLearned(i)) {
        CheckBlob("parameter " + std::to_string(i), layer_->blobs()[i].get(),
                  saved_param_[i], &moved_param_, i, gradients.param[i]);
      }
    }
    Evaluate();
    if (layer_->HasState()) layer_->LoadState(given_state_);
    return report_;
  }

 private:
  typedef vector<Dtype> Values;
  struct Gradients {
    vector<Values> bottom;
    vector<Values> param;
  };

  static constexpr double kUntouched = 7.25;
  static Dtype NaN() { return std::numeric_limits<Dtype>::quiet_NaN(); }
  static Values Data(const Blob<Dtype>& blob) {
    return Values(blob.cpu_data(), blob.cpu_data() + blob.count());
  }
  static Values Diff(const Blob<Dtype>& blob) {
    return Values(blob.cpu_diff(), blob.cpu_diff() + blob.count());
  }
  static void SetData(Blob<Dtype>* blob, const Values& values) {
    std::copy(values.begin(), values.end(), blob->mutable_cpu_data());
  }
  static void FillDiff(Blob<Dtype>* blob, Dtype value) {
    Dtype* diff = blob->mutable_cpu_diff();
    std::fill(diff, diff + blob->count(), value);
  }

  void Fail(const string& what) {
    constexpr size_t kMaxFailures = 20;
    if (report_.failures.size() == kMaxFailures) {
      report_.failures.push_back(string(layer_->type()) + ": and more");
    }
    if (report_.failures.size() > kMaxFailures) return;
    std::ostringstream text;
    text << layer_->type() << ": " << what << " (seed " << options_.seed
         << ")";
    report_.failures.push_back(text.str());
  }

  // Which bottoms are checked: those that were asked for, less those to which
  // the layer says it never propagates (labels).
  void ChooseBottoms() {
    propagate_ = options_.propagate_down;
    if (!propagate_.empty()) return;
    for (int i = 0; i < static_cast<int>(bottom_.size()); ++i) {
      propagate_.push_back(options_.check_bottom == i ||
                           (options_.check_bottom == -1 &&
                            layer_->AllowForceBackward(i)));
    }
  }

  bool IsLearned(int index) const {
    const LayerParameter& param = layer_->layer_param();
    return layer_->ParamDiffIsGradient(index) &&
           (index >= param.param_size() || param.param(index).lr_mult() != 0);
  }

  void SaveData() {
    for (const Blob<Dtype>* blob : bottom_) {
      saved_bottom_.push_back(Data(*blob));
    }
    for (const auto& blob : layer_->blobs()) {
      saved_param_.push_back(Data(*blob));
    }
    moved_bottom_ = bottom_;
    for (const auto& blob : layer_->blobs()) {
      moved_param_.push_back(blob.get());
    }
  }

  void RestoreData() {
    for (size_t i = 0; i < bottom_.size(); ++i) {
      SetData(bottom_[i], saved_bottom_[i]);
    }
    for (size_t i = 0; i < saved_param_.size(); ++i) {
      SetData(layer_->blobs()[i].get(), saved_param_[i]);
    }
  }

  // A layer that remembers what it saw (a memory bank) is checked with
  // something in its memory: the bottoms of one Forward, moved a little. Every
  // Forward of the check begins with that.
  void RememberOtherRows() {
    if (layer_->HasState() && !bottom_.empty()) {
      std::mt19937 random(options_.seed + 1);
      for (size_t i = 0; i < bottom_.size(); ++i) {
        if (!propagate_[i]) continue;
        Dtype* data = bottom_[i]->mutable_cpu_data();
        for (int j = 0; j < bottom_[i]->count(); ++j) {
          data[j] += static_cast<Dtype>(random() / 4294967296.0 - 0.5);
        }
      }
      layer_->Forward(bottom_, top_);
      RestoreData();
    }
    layer_->SaveState(&state_);
  }

  bool SharesData(const Blob<Dtype>* top) const {
    for (const Blob<Dtype>* blob : bottom_) {
      if (blob == top || (blob->count() > 0 && top->count() > 0 &&
                          blob->data() == top->data())) {
        return true;
      }
    }
    return false;
  }
  bool SharesDiff(const Blob<Dtype>* bottom) const {
    for (const Blob<Dtype>* blob : top_) {
      if (blob == bottom || (blob->count() > 0 && bottom->count() > 0 &&
                             blob->diff() == bottom->diff())) {
        return true;
      }
    }
    return false;
  }

  // Forward at the saved point, moved in one coordinate where `moved` is one.
  void Evaluate(const Blobs* moved = nullptr, size_t blob = 0, int index = 0,
                Dtype value = 0) {
    RestoreData();
    if (moved != nullptr) (*moved)[blob]->mutable_cpu_data()[index] = value;
    for (Blob<Dtype>* top : top_) {
      if (SharesData(top)) continue;
      Dtype* data = top->mutable_cpu_data();
      std::fill(data, data + top->count(), NaN());
    }
    Caffe::set_random_seed(options_.seed);
    if (layer_->HasState()) layer_->LoadState(state_);
    layer_->Forward(bottom_, top_);
  }

  // The tops that have a weight in the objective.
  vector<Values> Outputs() const {
    vector<Values> outputs;
    for (size_t i = 0; i < weights_.size(); ++i) {
      const bool counts = !weights_[i].empty() && weights_[i][0] != 0;
      outputs.push_back(counts ? Data(*top_[i]) : Values());
    }
    return outputs;
  }

  // A loss layer's objective is its weighted loss, and its other tops carry no
  // gradient, as in Net; any other layer's is a random functional.
  void ChooseTopWeights() {
    bool has_loss = false;
    for (size_t i = 0; i < top_.size(); ++i) {
      has_loss = has_loss || layer_->loss(i) != 0;
    }
    std::mt19937 random(options_.seed);
    for (size_t i = 0; i < top_.size(); ++i) {
      Values weights(top_[i]->count());
      for (Dtype& weight : weights) {
        const double unit = random() / 4294967296.0;
        weight = has_loss ? layer_->loss(i)
                          : static_cast<Dtype>(unit < 0.5 ? unit - 1.5
                                                          : unit + 0.5);
      }
      weights_.push_back(weights);
    }
  }

  vector<int> Sides() const {
    vector<int> sides;
    layer_->KinkSides(bottom_, top_, &sides);
    return sides;
  }

  void CheckTopsWritten() {
    for (size_t i = 0; i < top_.size(); ++i) {
      const Values data = Data(*top_[i]);
      for (size_t j = 0; j < data.size(); ++j) {
        if (!std::isnan(data[j])) continue;
        Fail("Forward left top " + std::to_string(i) + " index " +
             std::to_string(j) + " unwritten or NaN");
        break;
      }
    }
  }

  void CheckForwardRepeats() {
    vector<Values> first;
    for (const Blob<Dtype>* top : top_) first.push_back(Data(*top));
    Evaluate();
    for (size_t i = 0; i < top_.size(); ++i) {
      Compare(first[i], Data(*top_[i]), 1,
              "a second Forward changes top " + std::to_string(i));
    }
  }

  // Fails where `got` is not `factor` times `want`. On the CPU the two agree
  // bit for bit when the factor is 1; a GPU library may round differently.
  void Compare(const Values& want, const Values& got, double factor,
               const string& what) {
    const bool exact = factor == 1 && Caffe::mode() == Caffe::CPU;
    double scale = 0;
    for (Dtype value : want) scale = std::max(scale, std::fabs(1. * value));
    const double slack =
        exact ? 0 : 100 * scale * std::numeric_limits<Dtype>::epsilon();
    for (size_t j = 0; j < want.size(); ++j) {
      if (std::fabs(got[j] - factor * want[j]) <= slack) continue;
      if (std::isnan(got[j]) && std::isnan(want[j])) continue;
      std::ostringstream text;
      text << what << ": index " << j << " is " << got[j] << ", expected "
           << factor * want[j];
      Fail(text.str());
      return;
    }
  }

  // One Backward. Bottom diffs are poisoned, those that must stay untouched
  // are marked; parameter diffs are left as they are.
  Gradients Backward(const vector<bool>& propagate, double top_scale) {
    for (size_t i = 0; i < bottom_.size(); ++i) {
      FillDiff(bottom_[i],
               propagate[i] ? NaN() : static_cast<Dtype>(kUntouched));
    }
    for (size_t i = 0; i < top_.size(); ++i) {
      Dtype* diff = top_[i]->mutable_cpu_diff();
      for (size_t j = 0; j < weights_[i].size(); ++j) {
        diff[j] = static_cast<Dtype>(top_scale * weights_[i][j]);
      }
    }
    layer_->Backward(top_, propagate, bottom_);
    Gradients result;
    for (const Blob<Dtype>* blob : bottom_) {
      result.bottom.push_back(Diff(*blob));
    }
    for (const auto& blob : layer_->blobs()) {
      result.param.push_back(Diff(*blob));
    }
    return result;
  }

  void ZeroParameterDiffs() {
    for (const auto& blob : layer_->blobs()) FillDiff(blob.get(), 0);
  }

  Gradients CheckBackward() {
    ZeroParameterDiffs();
    const Gradients first = Backward(propagate_, 1);
    CheckWritten(first);
    const Gradients second = Backward(propagate_, 1);
    for (size_t i = 0; i < bottom_.size(); ++i) {
      if (!propagate_[i]) continue;
      Compare(first.bottom[i], second.bottom[i], 1,
              "a second Backward changes the diff of bottom " +
                  std::to_string(i));
    }
    for (size_t i = 0; i < first.param.size(); ++i) {
      if (!IsLearned(i)) continue;
      Compare(first.param[i], second.param[i], 2,
              "Backward must add to the diff of parameter " +
                  std::to_string(i));
    }
    ZeroParameterDiffs();
    const Gradients doubled = Backward(propagate_, 2);
    for (size_t i = 0; i < bottom_.size(); ++i) {
      if (!propagate_[i]) continue;
      Compare(first.bottom[i], doubled.bottom[i], 2,
              "twice the top diff must double the diff of bottom " +
                  std::to_string(i));
    }
    for (size_t i = 0; i < first.param.size(); ++i) {
      if (!IsLearned(i)) continue;
      Compare(first.param[i], doubled.param[i], 2,
              "twice the top diff must double the diff of parameter " +
                  std::to_string(i));
    }
    CheckPropagateDown(first);
    return first;
  }

  void CheckWritten(const Gradients& gradients) {
    for (size_t i = 0; i < bottom_.size(); ++i) {
      for (size_t j = 0; j < gradients.bottom[i].size(); ++j) {
        const Dtype value = gradients.bottom[i][j];
        if (propagate_[i] ? !std::isnan(value)
                          : (value == kUntouched || SharesDiff(bottom_[i]))) {
          continue;
        }
        Fail("Backward " +
             string(propagate_[i] ? "left NaN in" : "must not write") +
             " the diff of bottom " + std::to_string(i) + " index " +
             std::to_string(j));
        break;
      }
    }
  }

  // Each bottom alone gets what it gets together with the others.
  void CheckPropagateDown(const Gradients& all) {
    if (std::count(propagate_.begin(), propagate_.end(), true) < 2) return;
    for (size_t i = 0; i < bottom_.size(); ++i) {
      if (!propagate_[i]) continue;
      vector<bool> alone(bottom_.size(), false);
      alone[i] = true;
      const Gradients got = Backward(alone, 1);
      for (size_t k = 0; k < bottom_.size(); ++k) {
        if (k != i && SharesDiff(bottom_[k])) continue;
        const Values untouched(all.bottom[k].size(),
                               static_cast<Dtype>(kUntouched));
        Compare(k == i ? all.bottom[i] : untouched, got.bottom[k], 1,
                "propagate_down of bottom " + std::to_string(i) +
                    " alone: diff of bottom " + std::to_string(k));
      }
    }
  }

  // The coordinates of a blob to move: all of them, or a random choice.
  vector<int> Coordinates(int count) const {
    vector<int> all(count);
    for (int i = 0; i < count; ++i) all[i] = i;
    const int wanted = options_.max_coordinates;
    if (wanted <= 0 || wanted >= count) return all;
    std::mt19937 random(options_.seed + count);
    for (int i = 0; i < wanted; ++i) {
      std::swap(all[i], all[i + random() % (count - i)]);
    }
    all.resize(wanted);
    std::sort(all.begin(), all.end());
    return all;
  }

  // A central difference. Returns false when a kink lies in between. The
  // objective's terms are subtracted one by one, so that only those that the
  // coordinate moves add to the rounding error.
  bool Estimate(const Blobs* moved, size_t blob, int index, Dtype value,
                double step, double* slope, double* noise) {
    const double h = step * std::max(1., std::fabs(1. * value));
    const Dtype above = static_cast<Dtype>(value + h);
    const Dtype below = static_cast<Dtype>(value - h);
    Evaluate(moved, blob, index, above);
    if (Sides() != sides_) return false;
    const vector<Values> high = Outputs();
    Evaluate(moved, blob, index, below);
    if (Sides() != sides_) return false;
    const vector<Values> low = Outputs();
    double difference = 0, squares = 1;
    for (size_t i = 0; i < high.size(); ++i) {
      for (size_t j = 0; j < high[i].size(); ++j) {
        if (high[i][j] == low[i][j]) continue;
        const double weight = weights_[i][j];
        difference += weight * (1. * high[i][j] - low[i][j]);
        squares += weight * weight * high[i][j] * high[i][j];
      }
    }
    const double width = static_cast<double>(above) - below;
    constexpr double kUlps = 32;
    *slope = difference / width;
    *noise = kUlps * std::numeric_limits<Dtype>::epsilon() *
             std::sqrt(squares) / width;
    return true;
  }

  void CheckBlob(const string& name, Blob<Dtype>* blob, const Values& at,
                 const Blobs* moved, size_t which, const Values& analytic) {
    double scale = 0;
    for (Dtype value : analytic) {
      if (!std::isnan(value)) scale = std::max(scale, std::fabs(1. * value));
    }
    const vector<int> coordinates = Coordinates(blob->count());
    int64_t skipped = 0;
    for (int index : coordinates) {
      const double distance = std::fabs(std::fabs(1. * at[index]) -
                                        options_.kink);
      if (options_.kink_range >= 0 && distance <= options_.kink_range) {
        ++skipped;
        continue;
      }
      if (!CheckCoordinate(name, moved, which, index, at[index],
                           analytic[index], scale)) {
        ++skipped;
      }
    }
    report_.skipped += skipped;
    report_.checked += static_cast<int64_t>(coordinates.size()) - skipped;
    if (skipped > options_.max_skipped * coordinates.size()) {
      Fail(name + ": " + std::to_string(skipped) + " of " +
           std::to_string(coordinates.size()) +
           " values lie at a kink, too many for a check");
    }
  }

  static double RelativeError(double analytic, double numeric, double noise,
                              double floor) {
    const double difference = std::fabs(analytic - numeric);
    if (!std::isfinite(difference)) {
      return std::numeric_limits<double>::infinity();
    }
    if (difference <= noise) return 0;
    return (difference - noise) /
           std::max({std::fabs(analytic), std::fabs(numeric), floor});
  }

  // Compares one coordinate, with smaller steps and one extrapolation step of
  // Richardson's where the first is too rough. False: there is a kink.
  bool CheckCoordinate(const string& name, const Blobs* moved, size_t which,
                       int index, Dtype value, double analytic,
                       double scale) {
    static const double kSteps[] = {1, 0.5, 1. / 16, 1. / 32};
    const int steps = sizeof(Dtype) < sizeof(double) ? 2 : 4;
    bool any = false;
    double best = 0, best_error = 0, previous = 0;
    for (int k = 0; k < steps; ++k) {
      double slope, noise;
      const bool valid = Estimate(moved, which, index, value,
                                  options_.step * kSteps[k], &slope, &noise);
      if (!valid) continue;
      double tries[2] = {slope, slope};
      if (k % 2 == 1 && any) tries[1] = (4 * slope - previous) / 3;
      previous = slope;
      for (double numeric : tries) {
        const double error =
            RelativeError(analytic, numeric, 2 * noise, 1e-3 * scale);
        if (!any || !(error >= best_error)) {
          best = numeric;
          best_error = error;
        }
        any = true;
      }
      if (best_error <= options_.threshold) break;
    }
    if (!any) return false;
    report_.worst = std::max(report_.worst, best_error);
    if (!(best_error <= options_.threshold)) {
      std::ostringstream text;
      text.precision(10);
      text << name << " index " << index << ": analytic " << analytic
           << ", numeric " << best << ", relative error " << best_error
           << ", value " << value;
      Fail(text.str());
    }
    return true;
  }

  Layer<Dtype>* layer_;
  Blobs bottom_;
  Blobs top_;
  GradientCheckOptions options_;
  GradientReport report_;
  vector<bool> propagate_;
  vector<Values> saved_bottom_;
  vector<Values> saved_param_;
  Blobs moved_bottom_;
  Blobs moved_param_;
  vector<Values> weights_;
  vector<int> sides_;
  LayerState given_state_, state_;  // before the check, and before each Forward
};

}  // namespace

template <typename Dtype>
GradientReport CheckLayerGradients(Layer<Dtype>* layer,
                                   const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top,
                                   const GradientCheckOptions& options) {
  return GradientCheck<Dtype>(layer, bottom, top, options).Run();
}

template GradientReport CheckLayerGradients<float>(
    Layer<float>*, const vector<Blob<float>*>&, const vector<Blob<float>*>&,
    const GradientCheckOptions&);
template GradientReport CheckLayerGradients<double>(
    Layer<double>*, const vector<Blob<double>*>&,
    const vector<Blob<double>*>&, const GradientCheckOptions&);

}  // namespace caffe
