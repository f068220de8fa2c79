// The plain ranking of ranking_reference.hpp.
#include "test/evaluation/ranking_reference.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace caffe {

using metric::Distance;
using metric::PeopleRows;

namespace {

int CountRightOfList(const std::vector<bool>& right, int first) {
  return static_cast<int>(
      std::count(right.begin(), right.begin() + first, true));
}

double PrecisionOfList(const std::vector<bool>& right, int first) {
  return first == 0 ? 1 : 1. * CountRightOfList(right, first) / first;
}

int SizeOfList(const std::vector<bool>& right) {
  return static_cast<int>(right.size());
}

int ROfList(const std::vector<bool>& right) {
  return CountRightOfList(right, SizeOfList(right));
}

}  // namespace

double HitOfList(const std::vector<bool>& right, int k) {
  return CountRightOfList(right, std::min(k, SizeOfList(right))) > 0;
}

double RPrecisionOfList(const std::vector<bool>& right) {
  return PrecisionOfList(right, ROfList(right));
}

double ApAtROfList(const std::vector<bool>& right) {
  const int R = ROfList(right);
  double sum = 0;
  for (int i = 1; i <= R; ++i) {
    if (right[i - 1]) sum += PrecisionOfList(right, i);
  }
  return sum / R;
}

double ApOfList(const std::vector<bool>& right) {
  double sum = 0;
  for (int i = 1; i <= SizeOfList(right); ++i) {
    if (right[i - 1]) sum += PrecisionOfList(right, i);
  }
  return sum / ROfList(right);
}

double InterpolatedApOfList(const std::vector<bool>& right) {
  double area = 0, recall_before = 0;
  for (int i = 1; i <= SizeOfList(right); ++i) {
    const double recall = 1. * CountRightOfList(right, i) / ROfList(right);
    area += (recall - recall_before) *
            (PrecisionOfList(right, i - 1) + PrecisionOfList(right, i)) / 2;
    recall_before = recall;
  }
  return area;
}

double PlainDistance(Distance kind, const float* x, const float* y, int D) {
  double xx = 0, yy = 0, xy = 0, squares = 0, sum = 0;
  for (int k = 0; k < D; ++k) {
    const double a = x[k], b = y[k];
    xx += a * a;
    yy += b * b;
    xy += a * b;
    squares += (a - b) * (a - b);
    sum += std::fabs(a - b);
  }
  if (kind == Distance::kL1) return static_cast<float>(sum);
  if (kind != Distance::kCosine) return static_cast<float>(squares);
  if (xx == 0 || yy == 0) return 1;
  // Rows in one direction would differ by their roundings.
  const double apart = 1 - xy / std::sqrt(xx) / std::sqrt(yy);
  return static_cast<float>(std::round(apart * 1e12) / 1e12);
}

std::vector<RankedRow> RetrievalList(Distance kind, const std::vector<float>& x,
                                     const std::vector<int>& labels, int D,
                                     int query) {
  std::vector<RankedRow> list;
  for (int j = 0; j < static_cast<int>(labels.size()); ++j) {
    if (j == query) continue;
    list.push_back({PlainDistance(kind, &x[query * D], &x[j * D], D),
                    labels[query] == labels[j]});
  }
  return list;
}

std::vector<RankedRow> IdentificationList(Distance kind,
                                          const PeopleRows& gallery,
                                          const PeopleRows& probes, int D,
                                          int probe) {
  std::vector<RankedRow> list;
  for (int j = 0; j < gallery.count; ++j) {
    const bool right = gallery.labels[j] == probes.labels[probe];
    const bool same_camera = gallery.cameras != nullptr &&
                             gallery.cameras[j] == probes.cameras[probe];
    if (right && same_camera) continue;
    list.push_back(
        {PlainDistance(kind, probes.x + probe * D, gallery.x + j * D, D),
         right});
  }
  return list;
}

std::vector<double> FiguresOfList(const std::vector<bool>& right,
                                  const std::vector<int>& ranks,
                                  bool identification) {
  std::vector<double> figures;
  for (const int k : ranks) figures.push_back(HitOfList(right, k));
  if (identification) {
    figures.push_back(ApOfList(right));
    figures.push_back(InterpolatedApOfList(right));
  } else {
    figures.push_back(PrecisionOfList(right, 1));
    figures.push_back(RPrecisionOfList(right));
    figures.push_back(ApAtROfList(right));
  }
  return figures;
}

std::vector<double> ExpectedFigures(std::vector<RankedRow> list,
                                    const std::vector<int>& ranks,
                                    bool identification) {
  std::sort(list.begin(), list.end(),
            [](const RankedRow& a, const RankedRow& b) {
              return a.distance != b.distance ? a.distance < b.distance
                                              : a.right < b.right;
            });
  std::vector<bool> right;
  for (const RankedRow& row : list) right.push_back(row.right);
  if (ROfList(right) == 0) return {};
  std::vector<double> sums;
  int ways = 0;
  // Goes through the arrangements of the ties from `first` on, for each of
  // those before it.
  const std::function<void(size_t)> arrange = [&](size_t first) {
    if (first == list.size()) {
      const std::vector<double> figures =
          FiguresOfList(right, ranks, identification);
      sums.resize(figures.size(), 0);
      for (size_t f = 0; f < figures.size(); ++f) sums[f] += figures[f];
      ++ways;
      return;
    }
    size_t last = first;
    while (last < list.size() && list[last].distance == list[first].distance) {
      ++last;
    }
    do {
      arrange(last);
    } while (std::next_permutation(right.begin() + first,
                                   right.begin() + last));
  };
  arrange(0);
  for (double& sum : sums) sum /= ways;
  return sums;
}

}  // namespace caffe
