// The figures of verification.hpp, each from one merge of two sorted lists.
#include "caffe/metric/verification.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/parallel.hpp"

namespace caffe {
namespace metric {

namespace {

// Calls step(distance, accepted genuine, accepted impostors) at each distinct
// distance, in ascending order, with the pairs at or below it.
template <typename Step>
void Sweep(const PairScores& scores, const Step& step) {
  const std::vector<float>& genuine = scores.genuine();
  const std::vector<float>& impostor = scores.impostor();
  size_t g = 0, i = 0;
  while (g < genuine.size() || i < impostor.size()) {
    const float far = std::numeric_limits<float>::infinity();
    const float at = std::min(g < genuine.size() ? genuine[g] : far,
                              i < impostor.size() ? impostor[i] : far);
    while (g < genuine.size() && genuine[g] <= at) ++g;
    while (i < impostor.size() && impostor[i] <= at) ++i;
    step(at, static_cast<double>(g), static_cast<double>(i));
  }
}

double CountAccepted(const std::vector<float>& sorted, double threshold) {
  return static_cast<double>(
      std::upper_bound(sorted.begin(), sorted.end(), threshold) -
      sorted.begin());
}

}  // namespace

PairScores::PairScores(std::vector<float> genuine, std::vector<float> impostor)
    : genuine_(std::move(genuine)), impostor_(std::move(impostor)) {
  for (std::vector<float>* scores : {&genuine_, &impostor_}) {
    for (float score : *scores) {
      INPUT_CHECK(!std::isnan(score))
          << "the distance of a pair is not a number; the embeddings hold NaN "
             "or infinite values";
    }
    std::sort(scores->begin(), scores->end());
  }
}

void PairScores::CheckBothKinds() const {
  INPUT_CHECK(!genuine_.empty())
      << "there is no genuine pair; some person must have two images or more";
  INPUT_CHECK(!impostor_.empty())
      << "there is no impostor pair; there must be two people or more";
}

PairScores AllPairScores(Distance kind, const float* x, const int* labels,
                         int64_t n, int64_t D) {
  const int64_t pairs = n * (n - 1) / 2;
  INPUT_CHECK(pairs <= kMaxPairs)
      << n << " embeddings make " << pairs << " pairs, but at most "
      << kMaxPairs << " are compared";
  std::map<int, int64_t> images;
  for (int64_t i = 0; i < n; ++i) ++images[labels[i]];
  int64_t genuine_pairs = 0;
  for (const auto& person : images) {
    genuine_pairs += person.second * (person.second - 1) / 2;
  }
  std::vector<float> genuine, impostor;
  genuine.reserve(genuine_pairs);
  impostor.reserve(pairs - genuine_pairs);
  constexpr int64_t kBlockRows = 64;
  std::vector<float> block(kBlockRows * n);
  for (int64_t first = 0; first < n; first += kBlockRows) {
    const int64_t last = std::min(n, first + kBlockRows);
    float* distances = block.data();
    ParallelFor(n - first, 2 * D * kBlockRows, [=](int64_t begin, int64_t end) {
      for (int64_t j = first + begin; j < first + end; ++j) {
        for (int64_t i = first; i < std::min(last, j); ++i) {
          distances[(i - first) * n + j] =
              RowDistance(kind, x + i * D, x + j * D, D);
        }
      }
    });
    for (int64_t i = first; i < last; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        (labels[i] == labels[j] ? genuine : impostor)
            .push_back(distances[(i - first) * n + j]);
      }
    }
  }
  return PairScores(std::move(genuine), std::move(impostor));
}

double RocAuc(const PairScores& scores) {
  scores.CheckBothKinds();
  double area = 0, last_genuine = 0, last_impostor = 0;
  Sweep(scores, [&](double, double genuine, double impostor) {
    area += (impostor - last_impostor) * (genuine + last_genuine) / 2;
    last_genuine = genuine;
    last_impostor = impostor;
  });
  return area / last_genuine / last_impostor;
}

EqualError EqualErrorRate(const PairScores& scores) {
  scores.CheckBothKinds();
  const double genuine_count = static_cast<double>(scores.genuine().size());
  const double impostor_count = static_cast<double>(scores.impostor().size());
  EqualError result = {0, 0};
  bool found = false;
  double last_far = 0, last_frr = 1, last_at = 0;
  bool first = true;
  Sweep(scores, [&](double at, double genuine, double impostor) {
    if (found) return;
    const double far = impostor / impostor_count;
    const double frr = 1 - genuine / genuine_count;
    if (far >= frr) {
      // FAR - FRR goes from gap_before < 0 to gap_after >= 0.
      const double gap_before = last_far - last_frr, gap_after = far - frr;
      const double share = -gap_before / (gap_after - gap_before);
      result.rate = last_far + share * (far - last_far);
      result.threshold = first ? at : last_at + share * (at - last_at);
      found = true;
    }
    last_far = far;
    last_frr = frr;
    last_at = at;
    first = false;
  });
  return result;
}

double AccuracyAt(const PairScores& scores, double threshold) {
  scores.CheckBothKinds();
  const double refused = static_cast<double>(scores.impostor().size()) -
                         CountAccepted(scores.impostor(), threshold);
  return (CountAccepted(scores.genuine(), threshold) + refused) /
         (scores.genuine().size() + scores.impostor().size());
}

double BalancedAccuracyAt(const PairScores& scores, double threshold) {
  scores.CheckBothKinds();
  const double far =
      CountAccepted(scores.impostor(), threshold) / scores.impostor().size();
  const double accepted =
      CountAccepted(scores.genuine(), threshold) / scores.genuine().size();
  return (accepted + 1 - far) / 2;
}

double BestThreshold(const PairScores& scores, bool balanced) {
  scores.CheckBothKinds();
  const double genuine_weight = balanced ? 1. / scores.genuine().size() : 1;
  const double impostor_weight = balanced ? 1. / scores.impostor().size() : 1;
  // Below every distance nothing is accepted: gain 0.
  double best_gain = 0, low = 0, high = 0;
  bool next_is_high = true, any = false;
  Sweep(scores, [&](double at, double genuine, double impostor) {
    if (next_is_high) {
      high = at;
      next_is_high = false;
      if (!any) low = at - 1;
    }
    any = true;
    const double gain = genuine_weight * genuine - impostor_weight * impostor;
    if (gain > best_gain) {
      best_gain = gain;
      low = high = at;
      next_is_high = true;
    }
  });
  return low + (high - low) / 2;
}

double RecallAt1(Distance kind, const float* x, const int* labels, int64_t n,
                 int64_t D) {
  std::map<int, int64_t> images;
  for (int64_t i = 0; i < n; ++i) ++images[labels[i]];
  std::vector<double> hit(n, -1);
  ParallelFor(n, 2 * D * n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (images.at(labels[i]) < 2) continue;
      float nearest = std::numeric_limits<float>::infinity();
      int64_t tied = 0, right = 0;
      for (int64_t j = 0; j < n; ++j) {
        if (j == i) continue;
        const float d = RowDistance(kind, x + i * D, x + j * D, D);
        if (d < nearest) {
          nearest = d;
          tied = right = 0;
        }
        tied += d == nearest;
        right += d == nearest && labels[i] == labels[j];
      }
      hit[i] = tied == 0 ? 0 : static_cast<double>(right) / tied;
    }
  });
  double sum = 0;
  int64_t asked = 0;
  for (double share : hit) {
    if (share < 0) continue;
    sum += share;
    ++asked;
  }
  INPUT_CHECK(asked > 0) << "no person has two images, so that none can be "
                            "found again";
  return sum / asked;
}

}  // namespace metric
}  // namespace caffe
