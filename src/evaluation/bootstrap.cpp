// The bootstrap over people: a weight for each person, then the figures of the
// weighted pairs.
#include "caffe/evaluation/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "caffe/check.hpp"
#include "core/parallel.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {
namespace metric {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// How often each person is drawn in a replicate.
std::vector<double> DrawPeople(uint64_t seed, int replicate, int people) {
  Rng rng(seed, replicate);
  std::vector<double> drawn(people, 0);
  for (int k = 0; k < people; ++k) ++drawn[rng.Below(people)];
  return drawn;
}

// The value below which `share` of the sorted values lie, between two of them
// on a straight line.
double QuantileOf(const std::vector<double>& sorted, double share) {
  const double place = share * (sorted.size() - 1);
  const size_t k = std::min(static_cast<size_t>(place), sorted.size() - 1);
  const size_t next = std::min(k + 1, sorted.size() - 1);
  return sorted[k] + (place - k) * (sorted[next] - sorted[k]);
}

}  // namespace

Interval IntervalOf(std::vector<double> values, double level) {
  values.erase(std::remove_if(values.begin(), values.end(),
                              [](double v) { return std::isnan(v); }),
               values.end());
  if (values.empty()) return Interval{kNone, kNone};
  std::sort(values.begin(), values.end());
  return Interval{QuantileOf(values, (1 - level) / 2),
                  QuantileOf(values, (1 + level) / 2)};
}

namespace {

// The figures of one replicate.
struct Replicate {
  double auc = kNone, eer = kNone, accuracy = kNone;
  std::vector<double> tar;
};

class Resampler {
 public:
  Resampler(const BootstrapOptions& options, const VerificationScores& scores,
            const int* person, const int* group)
      : options_(options), scores_(scores), person_(person), group_(group) {}

  Replicate Draw(int replicate, int people) const {
    const std::vector<double> drawn =
        DrawPeople(options_.seed, replicate, people);
    Replicate figures;
    figures.tar.assign(options_.fars.size(), kNone);
    const RocCurve curve = Curve(drawn);
    if (!curve.HasBothKinds()) return figures;
    figures.auc = curve.Auc();
    figures.eer = curve.EqualErrorRate().rate;
    for (size_t f = 0; f < options_.fars.size(); ++f) {
      figures.tar[f] = curve.LastPointWithin(options_.fars[f]).tar;
    }
    figures.accuracy = Accuracy(drawn);
    return figures;
  }

 private:
  double GenuineWeight(const ScoredPair& pair,
                       const std::vector<double>& drawn) const {
    return pair.weight * drawn[person_[pair.i]];
  }
  double ImpostorWeight(const ScoredPair& pair,
                        const std::vector<double>& drawn) const {
    return pair.weight * drawn[person_[pair.i]] * drawn[person_[pair.j]];
  }

  RocCurve Curve(const std::vector<double>& drawn) const {
    const auto& genuine = scores_.genuine_sample;
    const auto& impostor = scores_.impostor_sample;
    std::vector<RocPoint> points;
    points.reserve(genuine.size() + impostor.size());
    RocPoint sum = {0, 0, 0};
    size_t g = 0, i = 0;
    while (g < genuine.size() || i < impostor.size()) {
      const bool first =
          i == impostor.size() ||
          (g < genuine.size() && genuine[g].distance < impostor[i].distance);
      const RocPoint before = sum;
      sum.threshold = first ? genuine[g].distance : impostor[i].distance;
      for (; g < genuine.size() && genuine[g].distance == sum.threshold; ++g) {
        sum.genuine += GenuineWeight(genuine[g], drawn);
      }
      for (; i < impostor.size() && impostor[i].distance == sum.threshold;
           ++i) {
        sum.impostor += ImpostorWeight(impostor[i], drawn);
      }
      if (sum.genuine != before.genuine || sum.impostor != before.impostor) {
        points.push_back(sum);
      }
    }
    return RocCurve(std::move(points));
  }

  // Right and all weights, of genuine pairs and impostors, of one group.
  struct Tally {
    double right[2] = {0, 0}, all[2] = {0, 0};
  };

  void Count(const ScoredPair& pair, bool genuine, double weight,
             std::vector<Tally>* tallies) const {
    const int a = group_ == nullptr ? 0 : group_[pair.i];
    const int b = group_ == nullptr ? 0 : group_[pair.j];
    if (a != b) return;
    Tally& tally = (*tallies)[a];
    const bool accepted = pair.distance <= options_.thresholds[a];
    tally.all[genuine] += weight;
    if (accepted == genuine) tally.right[genuine] += weight;
  }

  double Accuracy(const std::vector<double>& drawn) const {
    std::vector<Tally> tallies(options_.thresholds.size());
    if (tallies.empty()) return kNone;
    for (const ScoredPair& pair : scores_.genuine_sample) {
      Count(pair, true, GenuineWeight(pair, drawn), &tallies);
    }
    for (const ScoredPair& pair : scores_.impostor_sample) {
      Count(pair, false, ImpostorWeight(pair, drawn), &tallies);
    }
    double sum = 0;
    int groups = 0;
    for (size_t t = 0; t < tallies.size(); ++t) {
      const Tally& tally = tallies[t];
      if (std::isnan(options_.thresholds[t])) continue;
      if (tally.all[0] == 0 || tally.all[1] == 0) continue;
      sum += options_.balanced
                 ? (tally.right[0] / tally.all[0] +
                    tally.right[1] / tally.all[1]) / 2
                 : (tally.right[0] + tally.right[1]) /
                       (tally.all[0] + tally.all[1]);
      ++groups;
    }
    return groups == 0 ? kNone : sum / groups;
  }

  const BootstrapOptions& options_;
  const VerificationScores& scores_;
  const int* const person_;
  const int* const group_;
};

void CheckSample(const BootstrapOptions& options,
                 const std::vector<ScoredPair>& sample, const int* person,
                 const int* group, int people) {
  const int groups = options.thresholds.empty()
                         ? std::numeric_limits<int>::max()
                         : static_cast<int>(options.thresholds.size());
  for (const ScoredPair& pair : sample) {
    for (int32_t row : {pair.i, pair.j}) {
      CHECK(person[row] >= 0 && person[row] < people);
      CHECK(group == nullptr || (group[row] >= 0 && group[row] < groups));
    }
  }
}

}  // namespace

VerificationIntervals BootstrapVerification(const BootstrapOptions& options,
                                            const VerificationScores& scores,
                                            const int* person,
                                            const int* group, int people) {
  CHECK(options.level > 0 && options.level < 1);
  for (const auto* sample : {&scores.genuine_sample, &scores.impostor_sample}) {
    CheckSample(options, *sample, person, group, people);
  }
  const Resampler resampler(options, scores, person, group);
  std::vector<Replicate> replicates(options.replicates);
  const int64_t sample =
      scores.genuine_sample.size() + scores.impostor_sample.size();
  ParallelFor(options.replicates, 8 * sample, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      replicates[r] = resampler.Draw(static_cast<int>(r), people);
    }
  });
  const auto interval = [&](const auto& figure) {
    std::vector<double> values;
    for (const Replicate& one : replicates) values.push_back(figure(one));
    return IntervalOf(std::move(values), options.level);
  };
  VerificationIntervals all;
  for (const Replicate& one : replicates) {
    all.replicates += !std::isnan(one.auc);
  }
  for (const Replicate& one : replicates) {
    all.auc_draws.push_back(one.auc);
    all.eer_draws.push_back(one.eer);
  }
  all.auc = interval([](const Replicate& one) { return one.auc; });
  all.eer = interval([](const Replicate& one) { return one.eer; });
  all.accuracy = interval([](const Replicate& one) { return one.accuracy; });
  for (size_t f = 0; f < options.fars.size(); ++f) {
    all.tar.push_back(
        interval([f](const Replicate& one) { return one.tar[f]; }));
  }
  return all;
}

Interval BootstrapMean(const BootstrapOptions& options,
                       const std::vector<double>& value, const int* person,
                       int people) {
  std::vector<double> sum(people, 0), count(people, 0);
  for (size_t k = 0; k < value.size(); ++k) {
    sum[person[k]] += value[k];
    ++count[person[k]];
  }
  std::vector<double> means(options.replicates, kNone);
  ParallelFor(options.replicates, 8 * people, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const std::vector<double> drawn =
          DrawPeople(options.seed, static_cast<int>(r), people);
      double total = 0, weight = 0;
      for (int p = 0; p < people; ++p) {
        total += drawn[p] * sum[p];
        weight += drawn[p] * count[p];
      }
      if (weight > 0) means[r] = total / weight;
    }
  });
  return IntervalOf(std::move(means), options.level);
}

}  // namespace metric
}  // namespace caffe
