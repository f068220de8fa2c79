// Retrieval and identification figures against lists that are sorted plainly,
// against all orders of tied rows, and against cases worked out by hand.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/evaluation/retrieval.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"
#include "test/evaluation/ranking_reference.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::Identification;
using metric::IdentificationFigures;
using metric::PeopleRows;
using metric::PersonSums;
using metric::Retrieval;
using metric::RetrievalFigures;

constexpr Distance kRankedDistances[] = {
    Distance::kSquaredL2, Distance::kL2, Distance::kCosine, Distance::kL1};

struct RankedSet {
  int D = 1;
  vector<float> x;
  vector<int> labels;
  vector<int> cameras;

  int size() const { return static_cast<int>(labels.size()); }
  PeopleRows rows(bool with_cameras) const {
    return PeopleRows{x.data(), labels.data(),
                        with_cameras ? cameras.data() : nullptr, size()};
  }
  Retrieval Retrieve(Distance kind, const vector<int64_t>& ranks) const {
    return metric::Retrieve(kind, x.data(), labels.data(), size(), D, ranks);
  }
};

// Values 0 to `most` - 1, so that many rows are tied, or Gaussian where most is
// 0.
RankedSet DrawSet(int n, int D, int people, int most, Rng* rng) {
  RankedSet set;
  set.D = D;
  for (int i = 0; i < n * D; ++i) {
    set.x.push_back(most == 0 ? static_cast<float>(rng->Gaussian())
                              : static_cast<float>(rng->Below(most)));
  }
  for (int i = 0; i < n; ++i) {
    set.labels.push_back(static_cast<int>(rng->Below(people)) - 2);
    set.cameras.push_back(static_cast<int>(rng->Below(3)));
  }
  return set;
}

vector<double> AsColumns(const RetrievalFigures& figures) {
  vector<double> columns = figures.recall;
  columns.push_back(figures.precision_at_1);
  columns.push_back(figures.r_precision);
  columns.push_back(figures.map_at_r);
  return columns;
}

vector<double> AsColumns(const IdentificationFigures& figures) {
  vector<double> columns = figures.cmc;
  columns.push_back(figures.map);
  columns.push_back(figures.map_interpolated);
  return columns;
}

void ExpectColumns(const vector<double>& want, const vector<double>& got,
                   double tolerance, int seed) {
  ASSERT_EQ(want.size(), got.size()) << "seed " << seed;
  for (size_t f = 0; f < want.size(); ++f) {
    EXPECT_NEAR(want[f], got[f], tolerance) << "seed " << seed << " column "
                                            << f;
  }
}

// Adds the figures of lists up, by person.
class PlainSums {
 public:
  void Add(int label, const vector<double>& figures) {
    if (figures.empty()) {
      ++skipped_;
      return;
    }
    ++queries_[label];
    sums_[label].resize(figures.size(), 0);
    for (size_t f = 0; f < figures.size(); ++f) sums_[label][f] += figures[f];
  }
  bool empty() const { return queries_.empty(); }
  int skipped() const { return skipped_; }

  vector<double> Mean() const {
    vector<double> mean(sums_.begin()->second.size(), 0);
    int count = 0;
    for (const auto& person : queries_) {
      count += person.second;
      for (size_t f = 0; f < mean.size(); ++f) {
        mean[f] += sums_.at(person.first)[f];
      }
    }
    for (double& value : mean) value /= count;
    return mean;
  }

  void ExpectPeople(const PersonSums& got, int seed) const {
    ASSERT_EQ(queries_.size(), got.labels.size()) << seed;
    size_t p = 0;
    for (const auto& person : queries_) {
      EXPECT_EQ(person.first, got.labels[p]) << seed;
      EXPECT_EQ(person.second, got.queries[p]) << seed;
      const vector<double>& sums = sums_.at(person.first);
      for (size_t f = 0; f < sums.size(); ++f) {
        EXPECT_NEAR(sums[f], got.sums[p * sums.size() + f], 1e-12) << seed;
      }
      ++p;
    }
  }

 private:
  int skipped_ = 0;
  std::map<int, int> queries_;
  std::map<int, vector<double>> sums_;
};

void CheckRetrieval(Distance kind, const RankedSet& set, int seed) {
  const vector<int> ranks = {1, 2, 3, 5, 1000};
  PlainSums plain;
  for (int i = 0; i < set.size(); ++i) {
    plain.Add(set.labels[i],
              ExpectedFigures(
                  RetrievalList(kind, set.x, set.labels, set.D, i), ranks,
                  false));
  }
  const vector<int64_t> asked(ranks.begin(), ranks.end());
  if (plain.empty()) {
    EXPECT_THROW(set.Retrieve(kind, asked), Error);
    return;
  }
  const Retrieval got = set.Retrieve(kind, asked);
  EXPECT_EQ(plain.skipped(), got.skipped) << seed;
  EXPECT_EQ(set.size() - plain.skipped(), got.queries) << seed;
  ExpectColumns(plain.Mean(), AsColumns(got.figures), 1e-12, seed);
  plain.ExpectPeople(got.people, seed);
}

void CheckIdentification(Distance kind, const RankedSet& gallery,
                         const RankedSet& probes, bool cameras, int seed) {
  vector<int> ranks(7);
  std::iota(ranks.begin(), ranks.end(), 1);
  PlainSums plain;
  for (int i = 0; i < probes.size(); ++i) {
    plain.Add(probes.labels[i],
              ExpectedFigures(
                  IdentificationList(kind, gallery.rows(cameras),
                                     probes.rows(cameras), probes.D, i),
                  ranks, true));
  }
  const auto identify = [&] {
    return metric::Identify(kind, gallery.rows(cameras), probes.rows(cameras),
                            probes.D, 7);
  };
  if (plain.empty()) {
    EXPECT_THROW(identify(), Error);
    return;
  }
  const Identification got = identify();
  EXPECT_EQ(plain.skipped(), got.without_mate) << seed;
  EXPECT_EQ(probes.size() - plain.skipped(), got.probes) << seed;
  ExpectColumns(plain.Mean(), AsColumns(got.figures), 1e-12, seed);
  plain.ExpectPeople(got.people, seed);
}

TEST(RetrievalTest, SmallSetsWithTiesAgreeWithSortedLists) {
  for (int seed = 0; seed < 2000; ++seed) {
    Rng rng(seed);
    const int n = 1 + static_cast<int>(rng.Below(8));
    const int D = 1 + static_cast<int>(rng.Below(3));
    const int people = 1 + static_cast<int>(rng.Below(4));
    CheckRetrieval(kRankedDistances[seed % 4],
                   DrawSet(n, D, people, 1 + seed % 3, &rng), seed);
  }
}

TEST(IdentificationTest, SmallSetsWithTiesAgreeWithSortedLists) {
  for (int seed = 0; seed < 2000; ++seed) {
    Rng rng(seed);
    const int people = 1 + static_cast<int>(rng.Below(4));
    const int D = 1 + static_cast<int>(rng.Below(3));
    const auto draw = [&](int most_rows) {
      return DrawSet(1 + static_cast<int>(rng.Below(most_rows)), D, people,
                     1 + seed % 3, &rng);
    };
    const RankedSet gallery = draw(9), probes = draw(6);
    CheckIdentification(kRankedDistances[seed % 4], gallery, probes,
                        rng.Bernoulli(0.5), seed);
  }
}

// Two of them are of different people and at one place, some of one person.
RankedSet SetWithDuplicates(int n, int D, Rng* rng) {
  RankedSet set = DrawSet(n, D, n / 6 + 1, 0, rng);
  for (int copy = 0; copy < 2; ++copy) {
    const int from = static_cast<int>(rng->Below(n));
    const int to = static_cast<int>(rng->Below(n));
    std::copy_n(&set.x[from * D], D, &set.x[to * D]);
    set.labels[to] = set.labels[from] + copy;
  }
  return set;
}

TEST(RetrievalTest, LargerSetsAgreeWithSortedLists) {
  for (int seed = 0; seed < 12; ++seed) {
    Rng rng(seed + 5000);
    const RankedSet set = SetWithDuplicates(60 + 7 * seed, 1 + 3 * seed, &rng);
    CheckRetrieval(kRankedDistances[seed % 4], set, seed);
    const RankedSet probes = DrawSet(20, set.D, 9, 0, &rng);
    CheckIdentification(kRankedDistances[seed % 4], set, probes, seed % 3 == 0,
                        seed);
  }
}

// The mean over all orders of all rows, each order sorted stably.
TEST(RetrievalTest, TiesAreTheMeanOverAllOrdersOfTheRows) {
  const vector<int> ranks = {1, 2, 3, 4};
  for (int seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    RankedSet gallery = DrawSet(5, 1, 2, 2, &rng);
    RankedSet probe = DrawSet(1, 1, 1, 2, &rng);
    gallery.labels[0] = probe.labels[0];
    const vector<RankedRow> rows =
        IdentificationList(Distance::kL1, gallery.rows(false),
                           probe.rows(false), 1, 0);
    vector<int> order = {0, 1, 2, 3, 4};
    vector<double> retrieval(7, 0), identification(6, 0);
    int orders = 0;
    do {
      vector<RankedRow> list;
      for (const int j : order) list.push_back(rows[j]);
      std::stable_sort(list.begin(), list.end(),
                       [](const RankedRow& a, const RankedRow& b) {
                         return a.distance < b.distance;
                       });
      vector<bool> right;
      for (const RankedRow& row : list) right.push_back(row.right);
      for (vector<double>* sums : {&retrieval, &identification}) {
        const vector<double> figures =
            FiguresOfList(right, ranks, sums == &identification);
        for (size_t f = 0; f < figures.size(); ++f) (*sums)[f] += figures[f];
      }
      ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    ASSERT_EQ(120, orders);
    for (double& sum : retrieval) sum /= orders;
    for (double& sum : identification) sum /= orders;
    ExpectColumns(retrieval, ExpectedFigures(rows, ranks, false), 1e-12, seed);
    ExpectColumns(identification,
                  AsColumns(metric::Identify(Distance::kL1,
                                             gallery.rows(false),
                                             probe.rows(false), 1, 4)
                                .figures),
                  1e-12, seed);
  }
}

TEST(RetrievalTest, ByHand) {
  // On a line. Person 1 at 0, 1, 5; person 2 at 2, 8; person 3 at 4, alone.
  RankedSet set;
  set.x = {0, 1, 5, 2, 8, 4};
  set.labels = {1, 1, 1, 2, 2, 3};
  const Retrieval got = set.Retrieve(Distance::kL2, {1, 2, 4});
  EXPECT_EQ(5, got.queries);
  EXPECT_EQ(1, got.skipped);
  // Lists, right +, wrong -; [] tied:
  //   0: 1+ 2- 4- 5+ 8-          1: [0+ 2-] 4- 5+ 8-
  //   5: 4- [2- 8-] 1+ 0+        2: 1- [0- 4-] 5- 8+
  //   8: 5- 4- 2+ 1- 0-
  EXPECT_NEAR((1 + 0.5) / 5, got.figures.recall[0], 1e-15);
  EXPECT_NEAR((1 + 1) / 5., got.figures.recall[1], 1e-15);
  EXPECT_NEAR((1 + 1 + 1 + 1) / 5., got.figures.recall[2], 1e-15);
  EXPECT_NEAR((1 + 0.5) / 5, got.figures.precision_at_1, 1e-15);
  EXPECT_NEAR((0.5 + 0.5) / 5, got.figures.r_precision, 1e-15);
  // 0: (1 + 0) / 2; 1: half of the times 1/2, half of the times (1/2) / 2.
  EXPECT_NEAR((0.5 + 0.375) / 5, got.figures.map_at_r, 1e-15);
  EXPECT_EQ((vector<int>{1, 2}), got.people.labels);
  EXPECT_EQ((vector<int64_t>{3, 2}), got.people.queries);
  // Person 2 once, person 1 not at all, and person 1 twice, person 2 thrice.
  EXPECT_EQ(0.5, got.Weighted({0, 1}).recall[2]);
  EXPECT_NEAR(2 * 1.5 / (2 * 3 + 3 * 2), got.Weighted({2, 3}).precision_at_1,
              1e-15);
}

TEST(IdentificationTest, ByHand) {
  // The probe at 0 is person 1 of camera 1; his rows lie at ranks 2 and 4.
  const float x[] = {1, 2, 3, 4, 0.5f};
  const int labels[] = {9, 1, 9, 1, 1}, cameras[] = {1, 2, 3, 2, 1};
  const float probes[] = {0, 0};
  const int who[] = {1, 5}, by[] = {1, 1};
  const PeopleRows gallery{x, labels, cameras, 5};
  const Identification got = metric::Identify(
      Distance::kSquaredL2, gallery, PeopleRows{probes, who, by, 2}, 1);
  EXPECT_EQ(1, got.probes);
  EXPECT_EQ(1, got.without_mate);
  ASSERT_EQ(20u, got.figures.cmc.size());
  EXPECT_EQ(0, got.figures.cmc[0]);
  EXPECT_EQ(1, got.figures.cmc[1]);
  EXPECT_EQ(1, got.figures.cmc[19]);
  EXPECT_NEAR((1 / 2. + 2 / 4.) / 2, got.figures.map, 1e-15);
  // The trapezoids (0 + 1/2) / 2 and (1/3 + 2/4) / 2.
  EXPECT_NEAR((1 / 4. + 5 / 12.) / 2, got.figures.map_interpolated, 1e-15);

  // Without cameras the nearest row is his: ranks 1, 3 and 5 are.
  const Identification all = metric::Identify(
      Distance::kSquaredL2, PeopleRows{x, labels, nullptr, 5},
      PeopleRows{probes, who, nullptr, 2}, 1);
  EXPECT_EQ(1, all.figures.cmc[0]);
  EXPECT_NEAR((1 + 2 / 3. + 3 / 5.) / 3, all.figures.map, 1e-15);
  EXPECT_NEAR((1 + (1 / 2. + 2 / 3.) / 2 + (2 / 4. + 3 / 5.) / 2) / 3,
              all.figures.map_interpolated, 1e-15);
}

TEST(RetrievalTest, ACollapsedSetIsChance) {
  const int n = 300;
  RankedSet set;
  set.D = 5;
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < 5; ++k) set.x.push_back(0.3f * (k + 1));
    set.labels.push_back(i / 3);
  }
  for (const Distance kind : kRankedDistances) {
    const Retrieval got = set.Retrieve(kind, {1, 10, 298, 299});
    EXPECT_NEAR(2 / 299., got.figures.precision_at_1, 1e-12);
    EXPECT_NEAR(2 / 299., got.figures.r_precision, 1e-12);
    // Both mates lie behind the first ten.
    EXPECT_NEAR(1 - 289. * 288 / (299 * 298), got.figures.recall[1], 1e-12);
    EXPECT_EQ(1, got.figures.recall[2]);
    EXPECT_EQ(1, got.figures.recall[3]);
  }
}

// Each row of the gallery has a copy of another person in another tile, where
// estimates round otherwise; so each probe finds his mate first or second.
// Those at the tiles' edges, too.
TEST(IdentificationTest, CopiesAreTiedWhereverTheyStand) {
  const int people = 1301, D = 19, count = 150, tile = 2048;
  vector<int> asked = {people - 1, tile - 1 - people, tile - people};
  for (int i = 3; i < count; ++i) asked.push_back(7 * i);
  for (const Distance kind : kRankedDistances) {
    Rng rng(6);
    RankedSet gallery = DrawSet(people, D, 1, 0, &rng), probes;
    for (float& value : gallery.x) value += 3;
    std::iota(gallery.labels.begin(), gallery.labels.end(), 0);
    for (const int who : asked) {
      probes.labels.push_back(who);
      for (int k = 0; k < D; ++k) {
        probes.x.push_back(gallery.x[who * D + k] +
                           0.01f * static_cast<float>(rng.Gaussian()));
      }
    }
    const vector<float> once = gallery.x;
    gallery.x.insert(gallery.x.end(), once.begin(), once.end());
    for (int i = 0; i < people; ++i) gallery.labels.push_back(-1 - i);
    const Identification got = metric::Identify(
        kind, gallery.rows(false), probes.rows(false), D, 3);
    EXPECT_EQ(count, got.probes);
    EXPECT_EQ((vector<double>{0.5, 1, 1}), got.figures.cmc);
    EXPECT_EQ(0.75, got.figures.map);
  }
}

// The distances are 1e-7 of the rows' squares, less than products can tell.
TEST(RetrievalTest, NearDuplicatesFarFromTheOthersKeepTheirOrder) {
  for (const Distance kind : {Distance::kSquaredL2, Distance::kL1}) {
    Rng rng(8);
    RankedSet set = DrawSet(120, 4, 20, 0, &rng);
    for (int i = 0; i < set.size(); ++i) {
      for (int k = 0; k < 4; ++k) {
        float* const value = &set.x[i * 4 + k];
        *value = (i % 2 == 0 ? 100.f : -100.f) + *value / 100;
      }
    }
    CheckRetrieval(kind, set, 8);
  }
}

TEST(RetrievalTest, RowsOfZerosAreAtDistanceOne) {
  // From (1, 0): a mate at 0 and one of zeros, between a wrong row at 1 - 0.6
  // and one at 1 + 1. The zeros find all at the same distance.
  RankedSet set;
  set.D = 2;
  set.x = {1, 0, 3, 0, 0, 0, 3, 4, -1, 0};
  set.labels = {1, 1, 1, 2, 2};
  const Retrieval got = set.Retrieve(Distance::kCosine, {1});
  // Each of (1, 0) and (3, 0): ranks 1 and 3; zeros: 1/2; the last two: 0.
  EXPECT_NEAR(2.5 / 5, got.figures.precision_at_1, 1e-15);
  EXPECT_NEAR((0.5 + 0.5 + 0.5) / 5, got.figures.r_precision, 1e-15);
}

TEST(RetrievalTest, RowsOfOneDirectionAreTiedHoweverLong) {
  Rng rng(4);
  RankedSet set;
  set.D = 9;
  const RankedSet direction = DrawSet(1, set.D, 1, 0, &rng);
  for (int i = 0; i < 40; ++i) {
    // Whole numbers of few digits, so that the products are exact.
    for (const float value : direction.x) {
      set.x.push_back((1 + i) * std::round(1000 * value));
    }
    set.labels.push_back(i % 20);
  }
  EXPECT_NEAR(1 / 39.,
              set.Retrieve(Distance::kCosine, {1}).figures.precision_at_1,
              1e-12);
}

TEST(RetrievalTest, NeitherThreadsNorTheOrderOfRowsMatter) {
  const int n = 700, D = 24;
  const int threads = Caffe::threads();
  for (const Distance kind : kRankedDistances) {
    Rng rng(12);
    const RankedSet set = SetWithDuplicates(n, D, &rng);
    Caffe::set_threads(1);
    const Retrieval one = set.Retrieve(kind, {1, 4});
    Caffe::set_threads(3);
    const Retrieval three = set.Retrieve(kind, {1, 4});
    Caffe::set_threads(threads);
    EXPECT_TRUE(SameBits(one.people.sums, three.people.sums));
    EXPECT_TRUE(SameBits(AsColumns(one.figures), AsColumns(three.figures)));

    vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    rng.Shuffle(&order);
    RankedSet shuffled;
    shuffled.D = D;
    for (const int i : order) {
      shuffled.labels.push_back(set.labels[i]);
      shuffled.x.insert(shuffled.x.end(), &set.x[i * D], &set.x[i * D] + D);
    }
    ExpectColumns(AsColumns(one.figures),
                  AsColumns(shuffled.Retrieve(kind, {1, 4}).figures), 1e-14,
                  0);
  }
}

TEST(RetrievalTest, WeightsOfPeopleStandForTheirQueries) {
  Rng rng(3);
  const RankedSet set = DrawSet(40, 2, 8, 0, &rng);
  const Retrieval all = set.Retrieve(Distance::kL2, {1, 2});
  const PersonSums& people = all.people;
  EXPECT_TRUE(SameBits(
      AsColumns(all.figures),
      AsColumns(all.Weighted(vector<double>(people.labels.size(), 1)))));
  vector<double> weights, want(5, 0);
  double queries = 0;
  for (size_t p = 0; p < people.labels.size(); ++p) {
    weights.push_back(static_cast<double>(rng.Below(3)));
    queries += weights[p] * people.queries[p];
    for (int f = 0; f < 5; ++f) {
      want[f] += weights[p] * people.sums[p * 5 + f];
    }
  }
  for (double& value : want) value /= queries;
  ExpectColumns(want, AsColumns(all.Weighted(weights)), 1e-15, 3);
  EXPECT_THROW(all.Weighted({1}), Error);
}

TEST(RetrievalTest, RefusesWhatHasNoFigure) {
  RankedSet set;
  set.x = {1, 2, 3};
  set.labels = {0, 1, 2};
  const auto retrieve = [&] { set.Retrieve(Distance::kL2, {1}); };
  ExpectHas(InputError(retrieve), "no person has two images");
  set.labels[2] = 0;
  ExpectHas(InputError([&] { set.Retrieve(Distance::kL2, {1, 0}); }),
            "Recall@0");
  set.x[1] = std::numeric_limits<float>::quiet_NaN();
  ExpectHas(InputError(retrieve),
            "row 1 of the embeddings holds nan (coordinate 0)");
  set.x[1] = 3e18f;
  ExpectHas(InputError(retrieve), "row 1 of the embeddings has length 3e+18");
  set.Retrieve(Distance::kCosine, {1});
  set.x[1] = 1e18f;
  EXPECT_EQ(1, set.Retrieve(Distance::kL2, {1}).figures.recall[0]);
  set.x.clear();
  set.labels.clear();
  ExpectHas(InputError(retrieve), "no person has two images");
  set.D = 0;
  ExpectHas(InputError(retrieve), "0 numbers");
}

TEST(IdentificationTest, RefusesWhatHasNoFigure) {
  RankedSet gallery, probes;
  gallery.x = {1, 2};
  gallery.labels = {4, 5};
  gallery.cameras = {1, 2};
  probes.x = {3};
  probes.labels = {5};
  probes.cameras = {2};
  const auto identify = [&](bool of_gallery, bool of_probes, int64_t rank) {
    return InputError([&] {
      metric::Identify(Distance::kL2, gallery.rows(of_gallery),
                       probes.rows(of_probes), 1, rank);
    });
  };
  ExpectHas(identify(true, true, 1), "by another camera");
  ExpectHas(identify(true, false, 1), "only the gallery's rows have cameras");
  ExpectHas(identify(false, true, 1), "only the probes have cameras");
  ExpectHas(identify(false, false, 0), "at rank 0");
  probes.labels[0] = 6;
  ExpectHas(identify(false, false, 1), "no probe has a mate in the gallery");
  probes.x[0] = std::numeric_limits<float>::infinity();
  ExpectHas(identify(false, false, 1), "row 0 of the probes holds inf");
  gallery.x[1] = -probes.x[0];
  ExpectHas(identify(false, false, 1), "row 1 of the gallery holds -inf");
  gallery.x.clear();
  gallery.labels.clear();
  probes.x[0] = 1;
  ExpectHas(identify(false, false, 1), "no probe has a mate in the gallery");
}

}  // namespace
}  // namespace caffe
