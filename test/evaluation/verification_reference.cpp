// The definitions of verification_reference.hpp, in loops.
#include "test/evaluation/verification_reference.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace caffe {

double TextbookDistance(metric::Distance kind, const float* x, const float* y,
                        int D) {
  double squares = 0, sum = 0, product = 0, xx = 0, yy = 0;
  for (int k = 0; k < D; ++k) {
    const double a = x[k], b = y[k];
    squares += (a - b) * (a - b);
    sum += std::fabs(a - b);
    product += a * b;
    xx += a * a;
    yy += b * b;
  }
  switch (kind) {
    case metric::Distance::kSquaredL2:
      return squares;
    case metric::Distance::kL2:
      return std::sqrt(squares);
    case metric::Distance::kL1:
      return sum;
    case metric::Distance::kCosine:
      break;
  }
  return xx == 0 || yy == 0 ? 1 : 1 - product / std::sqrt(xx * yy);
}

std::vector<PlainPair> PlainPairs(metric::Distance kind,
                                  const std::vector<float>& x,
                                  const std::vector<int>& person,
                                  const std::vector<int>& group, int D) {
  std::vector<PlainPair> pairs;
  const int n = static_cast<int>(person.size());
  for (int i = 0; i < n; ++i) {
    for (int j = i + 1; j < n; ++j) {
      PlainPair pair;
      pair.distance = TextbookDistance(kind, &x[i * D], &x[j * D], D);
      pair.genuine = person[i] == person[j];
      pair.i = i;
      pair.j = j;
      if (!group.empty()) {
        pair.a = std::min(group[i], group[j]);
        pair.b = std::max(group[i], group[j]);
      }
      pairs.push_back(pair);
    }
  }
  return pairs;
}

double PlainAccepted(const std::vector<PlainPair>& pairs, bool genuine,
                     double threshold) {
  double sum = 0;
  for (const PlainPair& pair : pairs) {
    if (pair.genuine == genuine && pair.distance <= threshold) {
      sum += pair.weight;
    }
  }
  return sum;
}

double PlainWeight(const std::vector<PlainPair>& pairs, bool genuine) {
  return PlainAccepted(pairs, genuine, INFINITY);
}

double PlainAuc(const std::vector<PlainPair>& pairs) {
  double sum = 0;
  for (const PlainPair& g : pairs) {
    if (!g.genuine) continue;
    for (const PlainPair& i : pairs) {
      if (i.genuine) continue;
      const double half_points =
          g.distance < i.distance ? 2 : g.distance == i.distance ? 1 : 0;
      sum += g.weight * i.weight * half_points / 2;
    }
  }
  return sum / PlainWeight(pairs, true) / PlainWeight(pairs, false);
}

namespace {

std::set<double> ThresholdsOf(const std::vector<PlainPair>& pairs) {
  std::set<double> all = {-1};
  for (const PlainPair& pair : pairs) {
    if (pair.weight > 0) all.insert(pair.distance);
  }
  return all;
}

}  // namespace

double PlainEer(const std::vector<PlainPair>& pairs) {
  std::vector<double> far, frr;
  for (double t : ThresholdsOf(pairs)) {
    far.push_back(PlainAccepted(pairs, false, t) / PlainWeight(pairs, false));
    frr.push_back(1 -
                  PlainAccepted(pairs, true, t) / PlainWeight(pairs, true));
  }
  const auto on = [](const std::vector<double>& line, double where) {
    const size_t k = std::min(static_cast<size_t>(where), line.size() - 2);
    return line[k] + (where - k) * (line[k + 1] - line[k]);
  };
  double low = 0, high = static_cast<double>(far.size() - 1);
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (on(far, middle) < on(frr, middle) ? low : high) = middle;
  }
  return on(far, high);
}

double PlainAccuracy(const std::vector<PlainPair>& pairs, double threshold,
                     bool balanced) {
  const double G = PlainWeight(pairs, true), I = PlainWeight(pairs, false);
  const double g = PlainAccepted(pairs, true, threshold);
  const double i = I - PlainAccepted(pairs, false, threshold);
  return balanced ? (g / G + i / I) / 2 : (g + i) / (G + I);
}

double PlainBest(const std::vector<PlainPair>& pairs, bool balanced) {
  const int64_t G = std::llround(PlainWeight(pairs, true));
  const int64_t I = std::llround(PlainWeight(pairs, false));
  double best = -1;
  int64_t most = -1;
  for (double t : ThresholdsOf(pairs)) {
    const int64_t g = std::llround(PlainAccepted(pairs, true, t));
    const int64_t i = I - std::llround(PlainAccepted(pairs, false, t));
    const int64_t right = balanced ? g * I + i * G : g + i;
    if (right > most) best = t;
    most = std::max(most, right);
  }
  return best;
}

double PlainLastWithin(const std::vector<PlainPair>& pairs, double far) {
  double last = -1;
  for (double t : ThresholdsOf(pairs)) {
    if (PlainAccepted(pairs, false, t) / PlainWeight(pairs, false) <= far) {
      last = t;
    }
  }
  return last;
}

double PlainHalfWay(const std::vector<PlainPair>& pairs, double threshold) {
  const std::set<double> all = ThresholdsOf(pairs);
  const auto next = all.upper_bound(threshold);
  if (next == all.end()) return threshold;
  if (threshold >= 0) return (threshold + *next) / 2;
  return *next > 0 ? *next / 2 : -0.5;
}

}  // namespace caffe
