// The plain losses of pair_loss_reference.hpp.
#include "test/loss/pair_loss_reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace caffe {

namespace {

using metric::Distance;
using metric::PairLoss;

double Dot(const double* x, const double* y, int D) {
  double sum = 0;
  for (int k = 0; k < D; ++k) sum += x[k] * y[k];
  return sum;
}

// The distance of rows i and j; dd/dx_i is added, times slope, to gi, and
// dd/dx_j to gj, where these are not null.
double Measure(Distance kind, const LabelledRows& rows, int i, int j,
               double slope, double* gi, double* gj) {
  const int D = rows.D;
  const double* const x = rows.Row(i);
  const double* const y = rows.Row(j);
  const double lx = std::sqrt(Dot(x, x, D)), ly = std::sqrt(Dot(y, y, D));
  double square = 0;
  for (int k = 0; k < D; ++k) square += (x[k] - y[k]) * (x[k] - y[k]);
  double d = kind == Distance::kSquaredL2 ? square : std::sqrt(square);
  if (kind == Distance::kCosine) {
    d = lx == 0 || ly == 0 ? 1 : 1 - Dot(x, y, D) / (lx * ly);
  }
  for (int k = 0; k < D; ++k) {
    double by_x = 2 * (x[k] - y[k]), by_y = -by_x;
    if (kind == Distance::kL2) {
      by_x = d == 0 ? 0 : by_x / (2 * d);
      by_y = -by_x;
    } else if (kind == Distance::kCosine && (lx == 0 || ly == 0)) {
      by_x = by_y = 0;
    } else if (kind == Distance::kCosine) {
      by_x = ((1 - d) * x[k] / lx - y[k] / ly) / lx;
      by_y = ((1 - d) * y[k] / ly - x[k] / lx) / ly;
    }
    if (gi != nullptr) gi[k] += slope * by_x;
    if (gj != nullptr) gj[k] += slope * by_y;
  }
  return d;
}

class PairsByHand {
 public:
  PairsByHand(const metric::PairLossOptions& options, double threshold,
              const LabelledRows& rows)
      : options_(options), threshold_(threshold), rows_(rows) {
    all_.assign(rows.x.size(), 0);
    for (int i = 0; i < rows.B() && options.distance == Distance::kCosine;
         ++i) {
      const double square = Dot(rows.Row(i), rows.Row(i), rows.D);
      if (square == 0) continue;
      result_.scale = std::max(result_.scale, 1 / std::sqrt(square));
    }
  }

  PairReference Run() {
    double same = 0, different = 0;
    for (int a = rows_.bank; a < rows_.B(); ++a) {
      for (int j = 0; j < rows_.B(); ++j) {
        if (j != a) (rows_.Same(a, j) ? same : different) += 1;
      }
    }
    const bool apart = options_.balance || options_.loss == PairLoss::kLifted;
    if (options_.mean) {
      same_ = 1 / std::max(1., apart ? same : same + different);
      different_ = 1 / std::max(1., apart ? different : same + different);
    }
    for (int a = rows_.bank; a < rows_.B(); ++a) {
      for (int j = 0; j < rows_.B(); ++j) {
        if (j == a) continue;
        if (options_.loss == PairLoss::kMultibatch) {
          Multibatch(a, j);
        } else if (rows_.Same(a, j)) {
          Lifted(a, j);
        }
      }
    }
    result_.gradient.assign(all_.begin() + rows_.bank * rows_.D, all_.end());
    return result_;
  }

 private:
  double Between(int i, int j) const {
    return Measure(options_.distance, rows_, i, j, 0, nullptr, nullptr);
  }
  void Pull(int i, int j, double slope) {
    Measure(options_.distance, rows_, i, j, slope, &all_[i * rows_.D],
            &all_[j * rows_.D]);
  }

  void Multibatch(int a, int j) {
    const bool same = rows_.Same(a, j);
    const double sign = same ? 1 : -1;
    const double weight = same ? same_ : different_;
    const double h = sign * (Between(a, j) - threshold_) + options_.margin;
    ++result_.pairs;
    result_.ambiguous |= std::fabs(h) < 1e-5 * (1 + Between(a, j));
    if (h <= 0) return;
    ++result_.active;
    result_.plain += h;
    result_.loss += weight * h;
    result_.slope -= sign * weight;
    Pull(a, j, sign * weight);
  }

  // Whether (i, k) is one of the pairs of two people that J counts for row i.
  bool Counts(int i, int k) const {
    return !rows_.Same(i, k) && (i >= rows_.bank || k >= rows_.bank);
  }

  void Lifted(int a, int j) {
    double sum = 0;
    for (const int i : {a, j}) {
      for (int k = 0; k < rows_.B(); ++k) {
        if (Counts(i, k)) sum += std::exp(options_.margin - Between(i, k));
      }
    }
    if (sum == 0) return;
    ++result_.pairs;
    const double J = std::log(sum) + Between(a, j);
    result_.ambiguous_active |= std::fabs(J) < 1e-5 * (1 + Between(a, j));
    if (J <= 0) return;
    ++result_.active;
    result_.plain += J * J / 2;
    result_.loss += same_ * J * J / 2;
    Pull(a, j, same_ * J);
    for (const int i : {a, j}) {
      for (int k = 0; k < rows_.B(); ++k) {
        if (!Counts(i, k)) continue;
        Pull(i, k, -same_ * J *
                       std::exp(options_.margin - Between(i, k)) / sum);
      }
    }
  }

  const metric::PairLossOptions options_;
  const double threshold_;
  const LabelledRows& rows_;
  double same_ = 1, different_ = 1;  // weights
  std::vector<double> all_;
  PairReference result_;
};

}  // namespace

std::string LabelledRows::Text() const {
  return "B " + std::to_string(B()) + " D " + std::to_string(D) + " bank " +
         std::to_string(bank);
}

LabelledRows RandomRows(Rng* rng) {
  LabelledRows rows;
  const int B = 1 + static_cast<int>(rng->Below(20));
  rows.D = 1 + static_cast<int>(rng->Below(9));
  const int people = 1 + static_cast<int>(rng->Below(B));
  const double odd[] = {-0.5, 1e6, 0, 0.125, -7, 3};
  const uint64_t naming = rng->Below(4);
  const double offset = rng->Bernoulli(0.2) ? 4 : 0;
  const bool repeats = rng->Bernoulli(0.3), all_equal = rng->Bernoulli(0.05);
  for (int i = 0; i < B; ++i) {
    const int person = static_cast<int>(rng->Below(people));
    rows.labels.push_back(naming == 0   ? odd[person % 6]
                          : naming == 1 ? i
                          : naming == 2 ? i / 2
                                        : person);
    const int from = static_cast<int>(rng->Below(i + 1));
    const bool copies = i > 0 && (all_equal || (repeats && from < i &&
                                                rng->Bernoulli(0.4)));
    for (int k = 0; k < rows.D; ++k) {
      rows.x.push_back(
          copies ? rows.x[(all_equal ? 0 : from) * rows.D + k]
                 : static_cast<float>(offset + 0.7 * rng->Gaussian()));
    }
  }
  // Every third with a bank, up to all of it.
  if (rng->Below(3) == 0) rows.bank = static_cast<int>(rng->Below(B + 1));
  return rows;
}

PairReference PairLossByHand(const metric::PairLossOptions& options,
                             double threshold, const LabelledRows& rows) {
  return PairsByHand(options, threshold, rows).Run();
}

namespace {

// The pairs (a, p) and the keys of the N-pair loss.
struct NPairLists {
  std::vector<std::pair<int, int>> pairs;
  std::vector<bool> key;
};

NPairLists ListPairs(bool disjoint, const LabelledRows& rows) {
  NPairLists lists;
  lists.key.assign(rows.B(), !disjoint);
  std::vector<int> open;  // rows that wait for a partner
  for (int i = 0; i < rows.B(); ++i) {
    if (!disjoint) {
      for (int p = 0; p < rows.B(); ++p) {
        if (i >= rows.bank && p != i && rows.Same(i, p)) {
          lists.pairs.emplace_back(i, p);
        }
      }
      continue;
    }
    if (i < rows.bank) {
      lists.key[i] = true;
      continue;
    }
    const auto found =
        std::find_if(open.begin(), open.end(),
                     [&](int other) { return rows.Same(i, other); });
    if (found == open.end()) {
      open.push_back(i);
    } else {
      lists.pairs.emplace_back(*found, i);
      lists.key[i] = true;
      open.erase(found);
    }
  }
  return lists;
}

}  // namespace

PairReference NPairByHand(const metric::NPairOptions& options,
                          const LabelledRows& rows) {
  const int D = rows.D, B = rows.B();
  const NPairLists lists = ListPairs(options.disjoint, rows);
  PairReference result;
  std::vector<double> all(rows.x.size(), 0);
  const auto pull = [&](int i, int j, double slope) {
    for (int k = 0; k < D; ++k) {
      all[i * D + k] += slope * rows.x[j * D + k];
      all[j * D + k] += slope * rows.x[i * D + k];
    }
  };
  for (const auto& pair : lists.pairs) {
    const int a = pair.first, p = pair.second;
    const double own = Dot(rows.Row(a), rows.Row(p), D);
    double sum = 0;
    for (int n = 0; n < B; ++n) {
      if (!lists.key[n] || rows.Same(a, n)) continue;
      sum += std::exp(Dot(rows.Row(a), rows.Row(n), D) - own);
    }
    if (sum == 0) continue;
    ++result.pairs;
    result.active += sum > 1;
    result.ambiguous_active |=
        std::fabs(std::log(sum)) < 1e-5 * (1 + std::fabs(own));
    result.plain += std::log(1 + sum);
    for (int n = 0; n < B; ++n) {
      if (!lists.key[n] || rows.Same(a, n)) continue;
      const double q =
          std::exp(Dot(rows.Row(a), rows.Row(n), D) - own) / (1 + sum);
      pull(a, n, q);
      pull(a, p, -q);
    }
  }
  const double weight =
      options.mean ? 1 / std::max<double>(1, result.pairs) : 1;
  result.loss = weight * result.plain;
  for (double& value : all) value *= weight;
  const int A = B - rows.bank;
  for (int k = rows.bank * D; k < B * D; ++k) {
    result.loss += options.l2 / A * rows.x[k] * rows.x[k];
    all[k] += 2 * options.l2 / A * rows.x[k];
  }
  result.gradient.assign(all.begin() + rows.bank * D, all.end());
  return result;
}

}  // namespace caffe
