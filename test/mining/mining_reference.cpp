// The plain mining of mining_reference.hpp.
#include "test/mining/mining_reference.hpp"

#include <algorithm>
#include <cmath>

namespace caffe {

namespace {

using metric::Distance;
using metric::Hinge;
using metric::Mining;
using metric::Normalization;

class ByHand {
 public:
  ByHand(const metric::MiningOptions& options, const std::vector<double>& x,
         const std::vector<double>& labels, int bank, int D, double tolerance)
      : options_(options),
        x_(x),
        labels_(labels),
        bank_(bank),
        B_(static_cast<int>(labels.size())),
        D_(D),
        tolerance_(tolerance),
        order_(MiningOrder(labels)) {
    for (int i = 0; i < B_ * B_; ++i) {
      between_.push_back(Measure(i / B_, i % B_));
    }
  }

  MiningReference Run(const std::vector<MinedTriplet>& drawn) {
    for (int a = bank_; a < B_; ++a) {
      if (options_.mining == Mining::kBatchAll) All(a);
      if (options_.mining == Mining::kBatchHard) Hard(a);
      if (options_.mining == Mining::kSemiHard) SemiHard(a);
    }
    if (options_.mining == Mining::kDistanceWeighted ||
        options_.mining == Mining::kRandom) {
      result_.triplets = drawn;
    }
    Finish();
    return result_;
  }

 private:
  bool Same(int i, int j) const { return labels_[i] == labels_[j]; }

  double Length(int i) const {
    double sum = 0;
    for (int k = 0; k < D_; ++k) sum += x_[i * D_ + k] * x_[i * D_ + k];
    return std::sqrt(sum);
  }

  // |u|^2 of u = x_i - x_j, or of the unit vectors' difference.
  double Square(int i, int j) const {
    const bool cosine = options_.distance == Distance::kCosine;
    const double si = cosine ? Length(i) : 1, sj = cosine ? Length(j) : 1;
    double sum = 0;
    for (int k = 0; k < D_; ++k) {
      const double u = x_[i * D_ + k] / si - x_[j * D_ + k] / sj;
      sum += u * u;
    }
    return sum;
  }

  double Between(int i, int j) const { return between_[i * B_ + j]; }

  double Measure(int i, int j) const {
    if (options_.distance == Distance::kL2) return std::sqrt(Square(i, j));
    if (options_.distance == Distance::kSquaredL2) return Square(i, j);
    if (Length(i) == 0 || Length(j) == 0) return 1;
    return Square(i, j) / 2;
  }

  void Compare(double a, double b) {
    if (std::fabs(a - b) < tolerance_) result_.ambiguous = true;
  }

  void All(int a) {
    for (int p = 0; p < B_; ++p) {
      for (int n = 0; n < B_; ++n) {
        if (p != a && Same(a, p) && !Same(a, n)) {
          result_.triplets.push_back({a, p, n});
        }
      }
    }
  }

  void Hard(int a) {
    int p = -1, n = -1;
    for (int j : order_) {
      if (j == a) continue;
      int& best = Same(a, j) ? p : n;
      const double sign = Same(a, j) ? -1 : 1;
      if (best < 0) {
        best = j;
        continue;
      }
      Compare(Between(a, j), Between(a, best));
      if (sign * Between(a, j) < sign * Between(a, best)) best = j;
    }
    if (p >= 0 && n >= 0) result_.triplets.push_back({a, p, n});
  }

  void SemiHard(int a) {
    for (int p : order_) {
      if (p == a || !Same(a, p)) continue;
      int near = -1, far = -1;
      for (int n : order_) {
        if (Same(a, n)) continue;
        const double d = Between(a, n);
        Compare(d, Between(a, p));
        if (d > Between(a, p)) {
          if (near >= 0) Compare(d, Between(a, near));
          if (near < 0 || d < Between(a, near)) near = n;
        }
        if (far >= 0) Compare(d, Between(a, far));
        if (far < 0 || d > Between(a, far)) far = n;
      }
      if (near < 0) near = far;
      if (near >= 0) result_.triplets.push_back({a, p, near});
    }
  }

  // Adds slope * dd(i, j) to the gradients of both.
  void Pull(int i, int j, double slope) {
    const double d = Between(i, j);
    double* const gi = &result_.gradient[i * D_];
    double* const gj = &result_.gradient[j * D_];
    const double* const xi = &x_[i * D_];
    const double* const xj = &x_[j * D_];
    const double li = Length(i), lj = Length(j);
    for (int k = 0; k < D_; ++k) {
      const double u = xi[k] - xj[k];
      if (options_.distance == Distance::kSquaredL2) {
        gi[k] += slope * 2 * u;
        gj[k] -= slope * 2 * u;
      } else if (options_.distance == Distance::kL2) {
        gi[k] += d == 0 ? 0 : slope * u / d;
        gj[k] -= d == 0 ? 0 : slope * u / d;
      } else if (li != 0 && lj != 0) {  // d = 1 - cos
        gi[k] += slope * ((1 - d) * xi[k] / li - xj[k] / lj) / li;
        gj[k] += slope * ((1 - d) * xj[k] / lj - xi[k] / li) / lj;
      }
    }
  }

  void Finish() {
    result_.gradient.assign(x_.size(), 0);
    double sum = 0;
    for (const MinedTriplet& t : result_.triplets) {
      const double h =
          Between(t.a, t.p) - Between(t.a, t.n) + options_.margin;
      result_.active += h > 0;
      result_.ambiguous_active |= std::fabs(h) < tolerance_;
      if (options_.hinge == Hinge::kSoft) {
        sum += h > 30 ? h : std::log1p(std::exp(h));
        const double slope = 1 / (1 + std::exp(-h));
        Pull(t.a, t.p, slope);
        Pull(t.a, t.n, -slope);
        continue;
      }
      Compare(h, 0);
      if (h <= 0) continue;
      sum += h;
      Pull(t.a, t.p, 1);
      Pull(t.a, t.n, -1);
    }
    int64_t count = static_cast<int64_t>(result_.triplets.size());
    if (options_.normalization == Normalization::kValid &&
        options_.hinge == Hinge::kHard) {
      count = result_.active;
    }
    if (options_.normalization == Normalization::kNone) count = 1;
    result_.factor = 1. / std::max<int64_t>(count, 1);
    result_.loss = result_.factor * sum;
    for (double& value : result_.gradient) value *= result_.factor;
    result_.gradient.erase(result_.gradient.begin(),
                           result_.gradient.begin() + bank_ * D_);
  }

  const metric::MiningOptions options_;
  const std::vector<double>& x_;
  const std::vector<double>& labels_;
  const int bank_;
  const int B_;
  const int D_;
  const double tolerance_;
  const std::vector<int> order_;
  std::vector<double> between_;  // B x B
  MiningReference result_;
};

}  // namespace

std::vector<int> MiningOrder(const std::vector<double>& labels) {
  std::vector<int> order;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (std::find(labels.begin(), labels.begin() + i, labels[i]) !=
        labels.begin() + i) {
      continue;
    }
    for (size_t j = i; j < labels.size(); ++j) {
      if (labels[j] == labels[i]) order.push_back(static_cast<int>(j));
    }
  }
  return order;
}

MiningReference MineByHand(const metric::MiningOptions& options,
                           const std::vector<double>& x,
                           const std::vector<double>& labels, int bank, int D,
                           double tolerance,
                           const std::vector<MinedTriplet>& drawn) {
  return ByHand(options, x, labels, bank, D, tolerance).Run(drawn);
}

}  // namespace caffe
