// Distances of rows and their gradients, against plain formulas in double.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "caffe/loss/triplet.hpp"
#include "caffe/test/fixture.hpp"
#include "test/loss/triplet_fixture.hpp"

namespace caffe {
namespace {

template <typename T>
vector<T> RandomRows(int count, int seed) {
  Rng rng(seed);
  vector<T> rows(count);
  for (T& value : rows) value = static_cast<T>(rng.Gaussian());
  return rows;
}

template <typename T>
class DistancesTest : public ::testing::Test {};
TYPED_TEST_SUITE(DistancesTest, TestDtypes);

// Lengths about the 16 lanes of the sums, and none at all.
TYPED_TEST(DistancesTest, MatchTheFormulaForEveryLength) {
  const double tolerance = sizeof(TypeParam) == 8 ? 1e-13 : 1e-5;
  for (int D : {1, 2, 15, 16, 17, 31, 33, 100}) {
    const int N = 3;
    const auto x = RandomRows<TypeParam>(N * D, D);
    const auto y = RandomRows<TypeParam>(N * D, D + 1000);
    for (const char* kind : kDistances) {
      vector<TypeParam> got(N);
      metric::RowDistances(DistanceOf(kind), x.data(), y.data(), N, D,
                           got.data());
      for (int i = 0; i < N; ++i) {
        const vector<double> a(x.begin() + i * D, x.begin() + (i + 1) * D);
        const vector<double> b(y.begin() + i * D, y.begin() + (i + 1) * D);
        const double want = ReferenceDistance(kind, a, b);
        EXPECT_NEAR(got[i], want, tolerance * (1 + want)) << kind << " " << D;
        EXPECT_EQ(got[i], metric::RowDistance(DistanceOf(kind),
                                              x.data() + i * D,
                                              y.data() + i * D, D));
      }
    }
  }
}

TEST(DistanceGradientsTest, MatchCentralDifferences) {
  const int N = 2, D = 19;
  const double h = 1e-5;
  const auto x = RandomRows<double>(N * D, 1);
  const auto y = RandomRows<double>(N * D, 2);
  const vector<double> scale = {1.5, -0.5};
  for (const char* name : kDistances) {
    const metric::Distance kind = DistanceOf(name);
    vector<double> distance(N), dx(N * D, NAN), dy(N * D, NAN), only(N * D);
    metric::RowDistances(kind, x.data(), y.data(), N, D, distance.data());
    metric::RowDistanceGradients(kind, x.data(), y.data(), distance.data(),
                                 scale.data(), N, D, dx.data(), dy.data());
    metric::RowDistanceGradients<double>(kind, x.data(), y.data(),
                                         distance.data(), scale.data(), N, D,
                                         nullptr, only.data());
    EXPECT_EQ(dy, only);
    for (int k = 0; k < N * D; ++k) {
      for (bool of_x : {true, false}) {
        vector<double> row[2] = {x, y};
        double ends[2];
        for (int side = 0; side < 2; ++side) {
          row[of_x ? 0 : 1][k] = (of_x ? x : y)[k] + (side == 0 ? h : -h);
          ends[side] =
              metric::RowDistance(kind, row[0].data() + k / D * D,
                                  row[1].data() + k / D * D, D);
        }
        const double want = scale[k / D] * (ends[0] - ends[1]) / (2 * h);
        EXPECT_NEAR((of_x ? dx : dy)[k], want, 1e-8) << name;
      }
    }
  }
}

TYPED_TEST(DistancesTest, AreDefinedAtZero) {
  const vector<TypeParam> zero(5, 0), x = {1, 2, 3, 4, 5};
  const TypeParam one = 1;
  for (const char* name : kDistances) {
    const metric::Distance kind = DistanceOf(name);
    EXPECT_EQ(metric::RowDistance(kind, zero.data(), zero.data(), 5),
              string(name) == "COSINE" ? 1 : 0);
    for (const auto& a : {zero, x}) {
      const TypeParam d = metric::RowDistance(kind, a.data(), a.data(), 5);
      vector<TypeParam> dx(5, 7), dy(5, 7);
      metric::RowDistanceGradients(kind, a.data(), a.data(), &d, &one, 1, 5,
                                   dx.data(), dy.data());
      EXPECT_EQ(dx, zero) << name;
      EXPECT_EQ(dy, zero) << name;
    }
  }
  EXPECT_EQ(metric::RowDistance(metric::Distance::kCosine, zero.data(),
                                x.data(), 5),
            1);
}

TYPED_TEST(DistancesTest, CosineIgnoresTheLengths) {
  const vector<TypeParam> x = {3, 4, 0}, same = {30, 40, 0};
  const vector<TypeParam> across = {-4, 3, 0}, against = {-3, -4, 0};
  const auto cosine = [&](const vector<TypeParam>& y) {
    return metric::RowDistance(metric::Distance::kCosine, x.data(), y.data(),
                               3);
  };
  EXPECT_NEAR(cosine(same), 0, 1e-12);
  EXPECT_NEAR(cosine(across), 1, 1e-6);
  EXPECT_NEAR(cosine(against), 2, 1e-6);
}

TYPED_TEST(DistancesTest, HingesAreWhatTheyAreAtTheEnds) {
  typedef TypeParam T;
  using metric::Hinge;
  EXPECT_EQ(metric::HingeValue(Hinge::kHard, T(-2)), 0);
  EXPECT_EQ(metric::HingeValue(Hinge::kHard, T(2)), 2);
  EXPECT_EQ(metric::HingeSlope(Hinge::kHard, T(0)), 0);
  EXPECT_EQ(metric::HingeSlope(Hinge::kHard, T(1e-30)), 1);
  EXPECT_NEAR(metric::HingeValue(Hinge::kSoft, T(0)), std::log(2.), 1e-7);
  EXPECT_EQ(metric::HingeSlope(Hinge::kSoft, T(0)), T(0.5));
  for (double h : {1e3, 1e30}) {
    EXPECT_EQ(metric::HingeValue(Hinge::kSoft, T(h)), T(h));
    EXPECT_EQ(metric::HingeSlope(Hinge::kSoft, T(h)), 1);
    EXPECT_EQ(metric::HingeValue(Hinge::kSoft, T(-h)), 0);
    EXPECT_EQ(metric::HingeSlope(Hinge::kSoft, T(-h)), 0);
  }
}

}  // namespace
}  // namespace caffe
