// The figures of retrieval.hpp from the ranks of right rows, and their sums.
#include "caffe/evaluation/retrieval.hpp"

#include <algorithm>
#include <map>

#include "caffe/check.hpp"
#include "evaluation/ranking.hpp"

namespace caffe {
namespace metric {

namespace {

typedef std::vector<TiedRows> Ranks;

// The probability that a right row is among the first k. It is not where each
// of the nearest right rows is shuffled to a place behind those.
double HitChance(const Ranks& ranks, int64_t k) {
  const TiedRows& nearest = ranks.front();
  const int64_t tied = nearest.right + nearest.wrong;
  const int64_t within =
      std::min(std::max(k - nearest.wrong_before, int64_t{0}), tied);
  double miss = 1;
  for (int64_t t = 0; t < nearest.right; ++t) {
    miss *= static_cast<double>(tied - within - t) / (tied - t);
  }
  return 1 - miss;
}

int64_t CountRight(const Ranks& ranks) {
  int64_t count = 0;
  for (const TiedRows& tied : ranks) count += tied.right;
  return count;
}

// The sum of visit(rank, right rows before it) over the ranks 1 ... last that
// are right, expected over the orders of tied rows; visit must be linear in its
// second argument, of which it gets the expected value.
template <typename Visit>
double SumOverRight(const Ranks& ranks, int64_t last, const Visit& visit) {
  double sum = 0;
  int64_t right = 0;
  for (const TiedRows& tied : ranks) {
    const int64_t count = tied.right + tied.wrong;
    const int64_t before = right + tied.wrong_before;
    const double chance = static_cast<double>(tied.right) / count;
    // One of them is right at a place; so many of the others are.
    const double share =
        count == 1 ? 0 : static_cast<double>(tied.right - 1) / (count - 1);
    double part = 0;
    for (int64_t t = 0; t < count && before + t < last; ++t) {
      part += visit(before + t + 1, right + t * share);
    }
    sum += chance * part;
    right += tied.right;
  }
  return sum;
}

double Precision(int64_t rank, double right_before) {
  return (right_before + 1) / rank;
}

double MeanPrecision(int64_t rank, double right_before) {
  const double before = rank == 1 ? 1 : right_before / (rank - 1);
  return (before + Precision(rank, right_before)) / 2;
}

// The last rank of a right row, if it is the last of its ties.
int64_t LastRank(const Ranks& ranks, int64_t right) {
  return right + ranks.back().wrong_before + ranks.back().wrong;
}

// values is queries x figures; where values[i * figures] < 0 there is no
// query.
PersonSums AddUp(const PeopleRows& queries, size_t figures,
                 const std::vector<double>& values) {
  struct Sum {
    int64_t queries = 0;
    std::vector<double> figures;
  };
  std::map<int, Sum> people;
  for (int64_t i = 0; i < queries.count; ++i) {
    const double* const value = &values[i * figures];
    if (value[0] < 0) continue;
    Sum& sum = people[queries.labels[i]];
    sum.figures.resize(figures, 0);
    ++sum.queries;
    for (size_t f = 0; f < figures; ++f) sum.figures[f] += value[f];
  }
  PersonSums sums;
  for (const auto& person : people) {
    sums.labels.push_back(person.first);
    sums.queries.push_back(person.second.queries);
    sums.sums.insert(sums.sums.end(), person.second.figures.begin(),
                     person.second.figures.end());
  }
  return sums;
}

int64_t CountQueries(const PersonSums& people) {
  int64_t queries = 0;
  for (const int64_t count : people.queries) queries += count;
  return queries;
}

std::vector<double> OnceEach(const PersonSums& people) {
  return std::vector<double>(people.labels.size(), 1);
}

}  // namespace

std::vector<double> PersonSums::Means(
    const std::vector<double>& weights) const {
  CHECK_EQ(weights.size(), labels.size());
  CHECK(!labels.empty());
  std::vector<double> means(sums.size() / labels.size(), 0);
  double all = 0;
  for (size_t p = 0; p < labels.size(); ++p) {
    all += weights[p] * queries[p];
    for (size_t f = 0; f < means.size(); ++f) {
      means[f] += weights[p] * sums[p * means.size() + f];
    }
  }
  CHECK(all > 0) << "no person has a weight";
  for (double& mean : means) mean /= all;
  return means;
}

RetrievalFigures Retrieval::Weighted(const std::vector<double>& weights) const {
  RetrievalFigures figures;
  std::vector<double> means = people.Means(weights);
  figures.map_at_r = means.back();
  means.pop_back();
  figures.r_precision = means.back();
  means.pop_back();
  figures.precision_at_1 = means.back();
  means.pop_back();
  figures.recall = means;
  return figures;
}

IdentificationFigures Identification::Weighted(
    const std::vector<double>& weights) const {
  IdentificationFigures figures;
  std::vector<double> means = people.Means(weights);
  figures.map_interpolated = means.back();
  means.pop_back();
  figures.map = means.back();
  means.pop_back();
  figures.cmc = means;
  return figures;
}

Retrieval Retrieve(Distance kind, const float* x, const int* labels, int64_t n,
                   int64_t D, const std::vector<int64_t>& ranks) {
  INPUT_CHECK(D >= 1) << "embeddings of " << D << " numbers cannot be ranked";
  for (const int64_t k : ranks) {
    INPUT_CHECK(k >= 1) << "Recall@" << k << " is none; ranks begin at 1";
  }
  PeopleRows rows;
  rows.x = x;
  rows.labels = labels;
  rows.count = n;
  const RankedRows ranked(kind, rows, D, "the embeddings", nullptr);
  const size_t figures = ranks.size() + 3;
  std::vector<double> values(n * figures, -1);
  RankAll(ranked, ranked, [&](int64_t query, const Ranks& right) {
    double* value = &values[query * figures];
    for (const int64_t k : ranks) *value++ = HitChance(right, k);
    const int64_t R = CountRight(right);
    *value++ = HitChance(right, 1);
    *value++ =
        SumOverRight(right, R, [](int64_t, double) { return 1.; }) / R;
    *value++ = SumOverRight(right, R, Precision) / R;
  });
  Retrieval result;
  result.people = AddUp(rows, figures, values);
  result.queries = CountQueries(result.people);
  result.skipped = n - result.queries;
  INPUT_CHECK(result.queries > 0)
      << "no person has two images, so that none can be found again";
  result.figures = result.Weighted(OnceEach(result.people));
  return result;
}

Identification Identify(Distance kind, const PeopleRows& gallery,
                        const PeopleRows& probes, int64_t D,
                        int64_t max_rank) {
  INPUT_CHECK(D >= 1) << "embeddings of " << D << " numbers cannot be ranked";
  INPUT_CHECK(max_rank >= 1) << "the CMC curve cannot end at rank " << max_rank;
  INPUT_CHECK((gallery.cameras == nullptr) == (probes.cameras == nullptr))
      << "only the "
      << (gallery.cameras == nullptr ? "probes" : "gallery's rows")
      << " have cameras; both must have them, or neither";
  const RankedRows base(kind, gallery, D, "the gallery", nullptr);
  const RankedRows queries(kind, probes, D, "the probes", &base);
  const size_t figures = max_rank + 2;
  std::vector<double> values(probes.count * figures, -1);
  RankAll(queries, base, [&](int64_t query, const Ranks& right) {
    double* value = &values[query * figures];
    for (int64_t k = 1; k <= max_rank; ++k) *value++ = HitChance(right, k);
    const int64_t R = CountRight(right), last = LastRank(right, R);
    *value++ = SumOverRight(right, last, Precision) / R;
    *value++ = SumOverRight(right, last, MeanPrecision) / R;
  });
  Identification result;
  result.people = AddUp(probes, figures, values);
  result.probes = CountQueries(result.people);
  result.without_mate = probes.count - result.probes;
  INPUT_CHECK(result.probes > 0)
      << "no probe has a mate in the gallery"
      << (probes.cameras == nullptr ? "" : " by another camera");
  result.figures = result.Weighted(OnceEach(result.people));
  return result;
}

}  // namespace metric
}  // namespace caffe
