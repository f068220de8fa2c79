// ClassMeans: moving means worked out by hand, and neighbours against a plain
// search in double.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/common.hpp"
#include "caffe/sampling/class_means.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

using metric::ClassMeans;

template <typename Dtype>
class ClassMeansTest : public ::testing::Test {};

TYPED_TEST_SUITE(ClassMeansTest, TestDtypes);

TYPED_TEST(ClassMeansTest, MeansMoveByTheirRate) {
  ClassMeans means(3, 0.25);
  EXPECT_EQ(0, means.size());
  const TypeParam first[] = {1, 2, 10, 20, 3, 6};
  const int who[] = {2, 0, 2};
  means.Add(first, who, 3, 2);
  EXPECT_EQ(2, means.size());
  EXPECT_EQ((std::vector<float>{10, 20, 0, 0, 2, 4}), means.means());
  EXPECT_TRUE(means.IsKnown(0));
  EXPECT_FALSE(means.IsKnown(1));
  const TypeParam second[] = {-2, 8, 6, 0};
  const int two[] = {2, 1};
  means.Add(second, two, 2, 2);
  // 2 + (-2 - 2) / 4 and 4 + (8 - 4) / 4.
  EXPECT_EQ((std::vector<float>{10, 20, 6, 0, 1, 5}), means.means());
}

TYPED_TEST(ClassMeansTest, RowsThatAreNotFiniteChangeNothing) {
  ClassMeans means(2, 0.5);
  const TypeParam good[] = {1, 2};
  const int who[] = {0, 1};
  means.Add(good, who, 1, 2);
  const std::string before = means.Save();
  const TypeParam bad[] = {1, 2, 3, std::numeric_limits<TypeParam>::infinity()};
  ExpectHas(InputError([&] { means.Add(bad, who, 2, 2); }),
            "row 1 of the embeddings holds inf (coordinate 1)");
  EXPECT_EQ(before, means.Save());
}

namespace {

// The j-th nearest others of each known person, by trying all; ambiguous where
// two distances differ by less than the products can tell.
std::vector<int32_t> NearestByHand(const ClassMeans& means, int width,
                                   std::vector<bool>* ambiguous) {
  const int people = static_cast<int>(means.people());
  const int D = static_cast<int>(means.size());
  std::vector<int32_t> all(people * width, -1);
  ambiguous->assign(people, false);
  for (int i = 0; i < people; ++i) {
    if (!means.IsKnown(i)) continue;
    std::vector<std::pair<double, int>> others;
    for (int j = 0; j < people; ++j) {
      if (j == i || !means.IsKnown(j)) continue;
      double sum = 0;
      for (int k = 0; k < D; ++k) {
        const double u = double{means.means()[i * D + k]} -
                         means.means()[j * D + k];
        sum += u * u;
      }
      others.push_back({sum, j});
    }
    std::sort(others.begin(), others.end());
    for (int j = 0; j < width && j < static_cast<int>(others.size()); ++j) {
      all[i * width + j] = others[j].second;
    }
    for (size_t j = 1; j < others.size(); ++j) {
      const double apart = others[j].first - others[j - 1].first;
      if (apart > 0 && apart < 1e-4) (*ambiguous)[i] = true;
    }
  }
  return all;
}

}  // namespace

TEST(ClassMeansNearestTest, AgreeWithAPlainSearch) {
  Rng rng(41);
  int compared = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const int people = 1 + static_cast<int>(rng.Below(trial < 290 ? 20 : 700));
    const int D = 1 + static_cast<int>(rng.Below(9));
    const int width = 1 + static_cast<int>(rng.Below(6));
    const bool whole = rng.Bernoulli(0.4);  // many ties
    ClassMeans means(people, 0.5);
    std::vector<int> who;
    std::vector<double> rows;
    for (int i = 0; i < people; ++i) {
      if (rng.Bernoulli(0.2)) continue;
      who.push_back(i);
      for (int k = 0; k < D; ++k) {
        rows.push_back(whole ? static_cast<double>(rng.Below(3))
                             : rng.Gaussian() + 5);
      }
    }
    means.Add(rows.data(), who.data(), who.size(), D);
    std::vector<bool> ambiguous;
    const std::vector<int32_t> expected =
        NearestByHand(means, width, &ambiguous);
    const std::vector<int32_t> found = means.Nearest(width);
    ASSERT_EQ(expected.size(), found.size());
    for (int i = 0; i < people; ++i) {
      if (ambiguous[i]) continue;
      ++compared;
      for (int j = 0; j < width; ++j) {
        ASSERT_EQ(expected[i * width + j], found[i * width + j])
            << "trial " << trial << " person " << i << " place " << j;
      }
    }
  }
  EXPECT_GT(compared, 2500);
  EXPECT_EQ(std::vector<int32_t>(12, -1), ClassMeans(4, 1).Nearest(3));
}

TEST(ClassMeansNearestTest, ThreadsDoNotChangeThem) {
  const int people = 500, D = 48;
  Rng rng(2);
  std::vector<float> rows(people * D);
  std::vector<int> who(people);
  for (float& value : rows) value = static_cast<float>(rng.Gaussian());
  for (int i = 0; i < people; ++i) who[i] = i;
  ClassMeans means(people, 0.5);
  means.Add(rows.data(), who.data(), people, D);
  const int threads = Caffe::threads();
  Caffe::set_threads(1);
  const std::vector<int32_t> one = means.Nearest(7);
  Caffe::set_threads(3);
  EXPECT_EQ(one, means.Nearest(7));
  Caffe::set_threads(threads);
}

TEST(ClassMeansNearestTest, SavedMeansComeBackWhole) {
  ClassMeans means(3, 0.5), copy(3, 0.5);
  copy.Restore(means.Save());
  EXPECT_EQ(0, copy.size());
  const float rows[] = {0.1f, -2, 1e-30f, 5};
  const int who[] = {2, 0};
  means.Add(rows, who, 2, 2);
  copy.Restore(means.Save());
  EXPECT_EQ(means.means(), copy.means());
  EXPECT_EQ(means.Save(), copy.Save());
  // 8 for D, 3 people, 6 floats.
  EXPECT_EQ(8u + 3 + 24, means.Save().size());
  means.Add(rows, who, 1, 2);
  copy.Add(rows, who, 1, 2);
  EXPECT_EQ(means.Save(), copy.Save());
  const std::string whole = means.Save();
  for (const std::string& bad :
       {std::string(), whole.substr(0, 9), whole.substr(0, 34), whole + "x",
        whole + whole.substr(11), ClassMeans(4, 1).Save(),
        "\x05" + whole.substr(1)}) {
    ExpectHas(InputError([&] { copy.Restore(bad); }), "not of 3 people");
    EXPECT_EQ(whole, copy.Save());
  }
}

}  // namespace caffe
