// All pairs and listed pairs against plain loops over them: curves by groups,
// samples, worst pairs, for each distance, way of computing and number of
// threads. The figures are test_roc's.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/evaluation/verification.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/evaluation/verification_reference.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::ListedPair;
using metric::OperatingPoint;
using metric::RocCurve;
using metric::ScoredPair;
using metric::VerificationOptions;
using metric::VerificationScores;

constexpr Distance kScoredDistances[] = {
    Distance::kSquaredL2, Distance::kL2, Distance::kCosine, Distance::kL1};

struct ScoredSet {
  int D = 1;
  vector<float> x;
  vector<int> person, group;

  int size() const { return static_cast<int>(person.size()); }
  VerificationScores Score(const VerificationOptions& options) const {
    return metric::ScoreAllPairs(options, x.data(), person.data(),
                                 group.empty() ? nullptr : group.data(),
                                 size(), D);
  }
  vector<PlainPair> Pairs(Distance kind) const {
    return PlainPairs(kind, x, person, group, D);
  }
};

// Whole coordinates of 0 to `most` - 1, so that squared distances are exact in
// float and many are tied; Gaussian where most is 0. People are in any groups.
ScoredSet DrawScored(int n, int D, int people, int groups, int most, int seed) {
  Rng rng(seed);
  ScoredSet set;
  set.D = D;
  for (int k = 0; k < n * D; ++k) {
    set.x.push_back(most == 0 ? static_cast<float>(rng.Gaussian())
                              : static_cast<float>(rng.Below(most)));
  }
  for (int i = 0; i < n; ++i) {
    set.person.push_back(static_cast<int>(rng.Below(people)) - 2);
    if (groups > 1) set.group.push_back(static_cast<int>(rng.Below(groups)));
  }
  return set;
}

vector<PlainPair> Within(const vector<PlainPair>& pairs, int judged) {
  vector<PlainPair> some;
  for (const PlainPair& pair : pairs) {
    if (judged < 0 || (pair.a == judged && pair.b == judged)) {
      some.push_back(pair);
    }
  }
  return some;
}

void ExpectCurve(const RocCurve& curve, const vector<PlainPair>& pairs) {
  EXPECT_EQ(curve.genuine(), PlainWeight(pairs, true));
  EXPECT_EQ(curve.impostor(), PlainWeight(pairs, false));
  for (const metric::RocPoint& point : curve.points()) {
    // Wide enough for a rounding.
    const double wide = 1e-5 * (1 + point.threshold);
    const double below = point.threshold - wide, above = point.threshold + wide;
    EXPECT_GE(point.genuine, PlainAccepted(pairs, true, below));
    EXPECT_LE(point.genuine, PlainAccepted(pairs, true, above));
    EXPECT_GE(point.impostor, PlainAccepted(pairs, false, below));
    EXPECT_LE(point.impostor, PlainAccepted(pairs, false, above));
  }
}

void ExpectSameCurve(const RocCurve& a, const RocCurve& b) {
  ASSERT_EQ(a.points().size(), b.points().size());
  size_t same = 0;
  for (size_t k = 0; k < a.points().size(); ++k) {
    const metric::RocPoint &one = a.points()[k], &other = b.points()[k];
    same += one.threshold == other.threshold && one.genuine == other.genuine &&
            one.impostor == other.impostor;
  }
  EXPECT_EQ(same, a.points().size());
}

void ExpectSamePairs(const vector<ScoredPair>& a, const vector<ScoredPair>& b) {
  ASSERT_EQ(a.size(), b.size());
  size_t same = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    same += a[k].distance == b[k].distance && a[k].i == b[k].i &&
            a[k].j == b[k].j && a[k].weight == b[k].weight;
  }
  EXPECT_EQ(same, a.size());
}

void ExpectSameScores(const VerificationScores& a,
                      const VerificationScores& b) {
  ExpectSameCurve(a.Curve(), b.Curve());
  ExpectSamePairs(a.genuine_sample, b.genuine_sample);
  ExpectSamePairs(a.impostor_sample, b.impostor_sample);
  ExpectSamePairs(a.worst_genuine, b.worst_genuine);
  ExpectSamePairs(a.worst_impostor, b.worst_impostor);
}

// The kind's pairs, the nearest first or the farthest, of equal ones those of
// the first rows; the first `count` of them in order.
vector<PlainPair> SortedPlain(vector<PlainPair> pairs, bool genuine,
                              bool farthest, size_t count = SIZE_MAX) {
  pairs.erase(std::remove_if(pairs.begin(), pairs.end(),
                             [=](const PlainPair& pair) {
                               return pair.genuine != genuine;
                             }),
              pairs.end());
  std::partial_sort(pairs.begin(),
                    pairs.begin() + std::min(count, pairs.size()), pairs.end(),
                    [=](const PlainPair& a, const PlainPair& b) {
                      const double sign = farthest ? -1 : 1;
                      return std::make_tuple(sign * a.distance, a.i, a.j) <
                             std::make_tuple(sign * b.distance, b.i, b.j);
                    });
  return pairs;
}

// `got` is the begin of `want`; exact: with its rows.
void ExpectFirst(const vector<ScoredPair>& got, const vector<PlainPair>& want,
                 size_t count, bool exact) {
  ASSERT_EQ(got.size(), std::min(count, want.size()));
  for (size_t k = 0; k < got.size(); ++k) {
    EXPECT_NEAR(got[k].distance, want[k].distance,
                1e-5 * (1 + want[k].distance));
    EXPECT_EQ(got[k].weight, 1);
    if (!exact) continue;
    EXPECT_EQ(got[k].i, want[k].i) << k;
    EXPECT_EQ(got[k].j, want[k].j) << k;
  }
}

// Weights, order, rows and distances of a sample of some pairs.
void ExpectSample(const vector<ScoredPair>& sample,
                  const vector<PlainPair>& sorted, const ScoredSet& set,
                  const VerificationOptions& options, size_t most) {
  EXPECT_LE(sample.size(), most);
  double weight = 0, last = 0;
  std::set<std::pair<int, int>> rows;
  for (const PlainPair& pair : sorted) rows.emplace(pair.i, pair.j);
  for (const ScoredPair& pair : sample) {
    weight += pair.weight;
    EXPECT_GE(pair.distance, last);
    last = pair.distance;
    EXPECT_EQ(rows.erase({pair.i, pair.j}), 1u) << pair.i << " " << pair.j;
    const double d = TextbookDistance(
        options.distance, &set.x[static_cast<size_t>(pair.i) * set.D],
        &set.x[static_cast<size_t>(pair.j) * set.D], set.D);
    EXPECT_NEAR(pair.distance, d, 1e-5 * (1 + d));
  }
  EXPECT_NEAR(weight, sorted.size(), 1e-5 * sorted.size());
}

void ExpectMatches(const ScoredSet& set, const VerificationOptions& options,
                   bool exact) {
  const VerificationScores scores = set.Score(options);
  const vector<PlainPair> all = set.Pairs(options.distance);
  ExpectCurve(scores.Curve(), all);
  for (int g = 0; options.groups > 1 && g < options.groups; ++g) {
    ExpectCurve(scores.Curve([g](int a, int b) { return a == g && b == g; }),
                Within(all, g));
    vector<PlainPair> others;
    for (const PlainPair& pair : all) {
      if (pair.a != g && pair.b != g) others.push_back(pair);
    }
    ExpectCurve(scores.Curve([g](int a, int b) { return a != g && b != g; }),
                others);
  }
  const vector<PlainPair> judged = Within(all, options.judged);
  const vector<PlainPair> genuine = SortedPlain(judged, true, false);
  const vector<PlainPair> impostor = SortedPlain(judged, false, false);
  ExpectFirst(scores.worst_genuine, SortedPlain(judged, true, true),
              options.worst, exact);
  ExpectFirst(scores.worst_impostor, impostor, options.worst, exact);
  const size_t most = options.sampled_pairs;
  ExpectSample(scores.genuine_sample, genuine, set, options, 2 * most + 8);
  ExpectSample(scores.impostor_sample, impostor, set, options, 3 * most + 8);
  if (impostor.size() > 2 * most) {
    const vector<ScoredPair> tail(scores.impostor_sample.begin(),
                                  scores.impostor_sample.begin() + most);
    ExpectFirst(tail, impostor, most, exact);
  } else {
    EXPECT_EQ(scores.impostor_sample.size(), impostor.size());
  }
  if (genuine.size() <= most) {
    EXPECT_EQ(scores.genuine_sample.size(), genuine.size());
  }
}

TEST(VerificationTest, AllPairsOnceEachWithTies) {
  for (int seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const int groups = 1 + seed % 4;
    const ScoredSet set =
        DrawScored(seed % 2 ? 40 : 3 + seed, 1 + seed % 3, 1 + seed % 9,
                   groups, 2 + seed % 5, seed);
    VerificationOptions options;
    options.groups = groups;
    options.judged = seed % 3 == 0 ? seed / 3 % groups : -1;
    options.worst = seed % 11;
    options.sampled_pairs = seed % 2 ? 1000 : 40;
    ExpectMatches(set, options, true);
  }
}

TEST(VerificationTest, EachDistance) {
  for (Distance kind : kScoredDistances) {
    SCOPED_TRACE(static_cast<int>(kind));
    ScoredSet set = DrawScored(35, 9, 8, 2, 0, 5);
    std::fill_n(set.x.begin() + 4 * 9, 2 * 9, 0.f);  // rows 4 and 5
    std::copy_n(set.x.begin(), 9, set.x.begin() + 20 * 9);
    VerificationOptions options;
    options.distance = kind;
    options.groups = 2;
    ExpectMatches(set, options, false);
  }
}

TEST(VerificationTest, ManyRowsGoByProducts) {
  ScoredSet set = DrawScored(1030, 3, 90, 3, 4, 7);
  VerificationOptions options;
  options.groups = 3;
  options.sampled_pairs = 1000;
  const VerificationScores scores = set.Score(options);
  const vector<PlainPair> all = set.Pairs(options.distance);
  const RocCurve want = [&all] {
    vector<float> kinds[2];
    for (const PlainPair& pair : all) {
      kinds[pair.genuine].push_back(static_cast<float>(pair.distance));
    }
    return RocCurve::FromDistances(kinds[1], kinds[0]);
  }();
  ExpectSameCurve(scores.Curve(), want);
  const vector<PlainPair> impostor = SortedPlain(all, false, false, 1000);
  ExpectFirst(scores.worst_impostor, impostor, 24, true);
  ExpectFirst(scores.worst_genuine, SortedPlain(all, true, true), 24, true);
  double weight = 0;
  for (const ScoredPair& pair : scores.impostor_sample) weight += pair.weight;
  EXPECT_NEAR(weight, impostor.size(), 1e-6 * impostor.size());
  ExpectFirst({scores.impostor_sample.begin(),
               scores.impostor_sample.begin() + 1000},
              impostor, 1000, true);
}

// A group of few rows among many has the curve that it has alone.
TEST(VerificationTest, ProductsAgreeWithDifferences) {
  for (Distance kind : kScoredDistances) {
    SCOPED_TRACE(static_cast<int>(kind));
    const ScoredSet few = DrawScored(200, 16, 20, 1, 0, 3);
    ScoredSet many = few;
    many.group.assign(200, 1);
    for (int i = 200; i < 1030; ++i) {
      many.x.insert(many.x.end(), few.x.begin() + (i % 200) * 16,
                    few.x.begin() + (i % 200 + 1) * 16);
      many.person.push_back(few.person[i % 200]);
      many.group.push_back(0);
    }
    VerificationOptions options;
    options.distance = kind;
    const RocCurve want = few.Score(options).Curve();
    options.groups = 2;
    options.judged = 1;
    const VerificationScores scores = many.Score(options);
    const RocCurve got =
        scores.Curve([](int a, int b) { return a == 1 && b == 1; });
    EXPECT_EQ(got.genuine(), want.genuine());
    EXPECT_EQ(got.impostor(), want.impostor());
    EXPECT_NEAR(got.Auc(), want.Auc(), 1e-6);
    EXPECT_NEAR(got.EqualErrorRate().rate, want.EqualErrorRate().rate, 1e-6);
    EXPECT_NEAR(got.EqualErrorRate().threshold,
                want.EqualErrorRate().threshold, 1e-5);
    EXPECT_NEAR(got.AtFar(1e-2).tar, want.AtFar(1e-2).tar, 1e-6);
    EXPECT_EQ(scores.genuine_sample.size(), want.genuine());
  }
}

// A row and its copy are at 0, whatever the products say.
TEST(VerificationTest, CopiesAreAtZero) {
  for (int n : {100, 1030}) {
    ScoredSet set = DrawScored(n, 32, n, 1, 0, 9);
    for (int i = 0; i < n; ++i) set.person[i] = i / 2;
    for (float& value : set.x) value += 100;
    for (int i = 0; i < n; i += 2) {
      std::copy_n(&set.x[i * 32], 32, &set.x[(i + 1) * 32]);
    }
    for (Distance kind : kScoredDistances) {
      if (n > 1024 && kind != Distance::kSquaredL2) continue;
      VerificationOptions options;
      options.distance = kind;
      const RocCurve curve = set.Score(options).Curve();
      EXPECT_EQ(curve.AtThreshold(0).tar, 1) << static_cast<int>(kind);
      EXPECT_EQ(curve.AtThreshold(0).far, 0) << static_cast<int>(kind);
    }
  }
}

TEST(VerificationTest, SameBitsForAnyThreads) {
  const int threads = Caffe::threads();
  for (int n : {200, 1030}) {
    for (int64_t exact_pairs : {int64_t{0}, int64_t{1} << 24}) {
      if (n > 1024 && exact_pairs > 0) continue;
      const ScoredSet set = DrawScored(n, 5, 40, 3, n == 200 ? 3 : 0, 13);
      VerificationOptions options;
      options.groups = 3;
      options.exact_pairs = exact_pairs;
      options.sampled_pairs = 700;
      Caffe::set_threads(1);
      const VerificationScores one = set.Score(options);
      for (int t : {2, 3}) {
        Caffe::set_threads(t);
        ExpectSameScores(set.Score(options), one);
      }
    }
  }
  Caffe::set_threads(threads);
}

// Each point of the binned curve is one of the exact curve; its threshold lies
// above those of its distances by less than 2^-19 of them.
TEST(VerificationTest, BinsAgreeWithDistances) {
  const ScoredSet set = DrawScored(400, 3, 30, 2, 0, 21);
  VerificationOptions options;
  options.groups = 2;
  const VerificationScores exact = set.Score(options);
  options.exact_pairs = 0;
  const VerificationScores binned = set.Score(options);
  const auto mixed = [](int a, int b) { return a != b; };
  for (bool some : {false, true}) {
    const RocCurve want = some ? exact.Curve(mixed) : exact.Curve();
    const RocCurve got = some ? binned.Curve(mixed) : binned.Curve();
    EXPECT_EQ(got.genuine(), want.genuine());
    EXPECT_EQ(got.impostor(), want.impostor());
    EXPECT_LT(got.points().size(), want.points().size());
    EXPECT_GT(got.points().size(), want.points().size() / 2);
    double last = -1;
    size_t right = 0;
    for (const metric::RocPoint& point : got.points()) {
      const OperatingPoint at = want.AtThreshold(point.threshold);
      const OperatingPoint below =
          want.AtThreshold(point.threshold * (1 - 0x1p-19));
      right += point.threshold > last &&
               at.tar == point.genuine / got.genuine() &&
               at.far == point.impostor / got.impostor() &&
               below.tar + below.far < at.tar + at.far;
      last = point.threshold;
    }
    EXPECT_EQ(right, got.points().size());
    EXPECT_NEAR(got.Auc(), want.Auc(), 1e-6);
    EXPECT_NEAR(got.EqualErrorRate().rate, want.EqualErrorRate().rate, 1e-5);
    for (double far : {1e-1, 1e-2, 1e-3, 1e-4}) {
      const OperatingPoint point = got.AtFar(far);
      // No more impostors are accepted at the threshold than was said.
      EXPECT_EQ(want.AtThreshold(point.threshold).far, point.far);
      EXPECT_LE(point.tar, want.AtFar(far).tar);
      EXPECT_NEAR(point.tar, want.AtFar(far).tar, 1e-3);
    }
  }
}

TEST(VerificationTest, FewRows) {
  for (int n = 0; n <= 2; ++n) {
    for (Distance kind : kScoredDistances) {
      const ScoredSet set = DrawScored(n, 3, 1, 1, 0, n);
      VerificationOptions options;
      options.distance = kind;
      const VerificationScores scores = set.Score(options);
      EXPECT_EQ(scores.Curve().genuine(), n == 2);
      EXPECT_EQ(scores.Curve().impostor(), 0);
      EXPECT_EQ(scores.genuine_sample.size(), n == 2 ? 1u : 0u);
      EXPECT_TRUE(scores.impostor_sample.empty());
      EXPECT_TRUE(scores.worst_impostor.empty());
      EXPECT_THROW(scores.Curve().Auc(), Error);
    }
  }
}

TEST(VerificationTest, OnePersonOrAllDifferent) {
  for (int n : {90, 1100}) {
    ScoredSet set = DrawScored(n, 2, 1, 1, 5, 4);
    const double pairs = n * (n - 1) / 2;
    VerificationOptions options;
    options.sampled_pairs = 500;
    const VerificationScores one = set.Score(options);
    EXPECT_EQ(one.Curve().genuine(), pairs);
    EXPECT_EQ(one.Curve().impostor(), 0);
    EXPECT_TRUE(one.impostor_sample.empty());
    for (int i = 0; i < n; ++i) set.person[i] = n - i;
    const VerificationScores all = set.Score(options);
    EXPECT_EQ(all.Curve().genuine(), 0);
    EXPECT_EQ(all.Curve().impostor(), pairs);
    EXPECT_TRUE(all.genuine_sample.empty());
    EXPECT_TRUE(all.worst_genuine.empty());
  }
}

std::string ScoreFailure(const ScoredSet& set,
                         const VerificationOptions& options) {
  try {
    set.Score(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(VerificationTest, BadRowsAreNamed) {
  for (int n : {50, 1100}) {
    for (Distance kind : kScoredDistances) {
      VerificationOptions options;
      options.distance = kind;
      ScoredSet set = DrawScored(n, 4, n / 2, 1, 0, 2);
      set.x[37 * 4 + 2] = 1e30f;
      EXPECT_EQ(ScoreFailure(set, options).substr(0, 6), "row 37");
      set.x[37 * 4 + 2] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(ScoreFailure(set, options).substr(0, 6), "row 37");
      vector<ListedPair> list = {{0, 1, true, 0}};
      EXPECT_THROW(
          metric::ScoreListedPairs(options, set.x.data(), list, n, 4), Error);
    }
  }
}

TEST(VerificationTest, RefusesWhatCallersMayNotDo) {
  ScoredSet set = DrawScored(20, 4, 5, 2, 0, 2);
  VerificationOptions options;
  EXPECT_THROW(set.Score(options), Error);  // group 1 of one group
  options.groups = 2;
  options.sampled_pairs = 0;
  EXPECT_THROW(set.Score(options), Error);
  options.sampled_pairs = 10;
  for (const ListedPair& pair :
       {ListedPair{0, 20, true, 0}, ListedPair{-1, 2, true, 0},
        ListedPair{20, 2, true, 0}, ListedPair{0, -1, true, 0},
        ListedPair{0, 1, true, 2}, ListedPair{0, 1, true, -1}}) {
    EXPECT_THROW(
        metric::ScoreListedPairs(options, set.x.data(), {pair}, 20, 4), Error);
  }
}

TEST(VerificationTest, ListedPairs) {
  for (Distance kind : kScoredDistances) {
    const ScoredSet set = DrawScored(40, 6, 8, 1, 0, 17);
    Rng rng(3);
    vector<ListedPair> list;
    vector<PlainPair> plain;
    for (PlainPair pair : set.Pairs(kind)) {
      if (rng.Below(4) == 0) continue;
      pair.a = pair.b = static_cast<int>(rng.Below(3));
      plain.push_back(pair);
      list.push_back({pair.i, pair.j, pair.genuine, pair.a});
      if (rng.Below(2)) std::swap(list.back().i, list.back().j);
    }
    for (int judged : {-1, 1}) {
      VerificationOptions options;
      options.distance = kind;
      options.groups = 3;
      options.judged = judged;
      options.sampled_pairs = judged < 0 ? 1000 : 30;
      const VerificationScores scores =
          metric::ScoreListedPairs(options, set.x.data(), list, 40, 6);
      ExpectCurve(scores.Curve(), plain);
      ExpectCurve(scores.Curve([](int a, int) { return a == 2; }),
                  Within(plain, 2));
      const vector<PlainPair> mine = Within(plain, judged);
      const vector<PlainPair> impostor = SortedPlain(mine, false, false);
      ExpectFirst(scores.worst_genuine, SortedPlain(mine, true, true), 24,
                  false);
      ExpectFirst(scores.worst_impostor, impostor, 24, false);
      ExpectSample(scores.genuine_sample, SortedPlain(mine, true, false), set,
                   options, options.sampled_pairs);
      ExpectSample(scores.impostor_sample, impostor, set, options,
                   2 * options.sampled_pairs);
    }
  }
  const vector<float> x = {1};
  const VerificationScores none =
      metric::ScoreListedPairs(VerificationOptions(), x.data(), {}, 1, 1);
  EXPECT_TRUE(none.Curve().points().empty());
}

}  // namespace
}  // namespace caffe
