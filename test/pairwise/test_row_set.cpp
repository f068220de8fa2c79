// Prepared rows and their distances: with a common offset, near-duplicates and
// zero vectors, against distances summed from differences in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/check.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "pairwise/row_blocks.hpp"
#include "pairwise/row_measure.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::MeasureSlot;
using metric::RowMeasure;
using metric::RowSet;

// Far from 0; every fifth row is nearly the one before, row 3 is 0.
template <typename T>
vector<T> OffsetRows(int64_t B, int64_t D) {
  Rng rng(5);
  vector<T> x(B * D);
  for (T& value : x) value = static_cast<T>(20 + rng.Gaussian());
  for (int64_t i = 5; i < B; i += 5) {
    for (int64_t k = 0; k < D; ++k) {
      x[i * D + k] = x[(i - 1) * D + k] * static_cast<T>(1 + 1e-5 * (k % 3));
    }
  }
  for (int64_t k = 0; k < D && B > 3; ++k) x[3 * D + k] = 0;
  return x;
}

// All distances of the set's rows, in the order of x; squared for kL2.
template <typename T>
vector<T> AllDistances(const RowSet<T>& set) {
  const int64_t B = set.B;
  const RowMeasure<T> measure(set);
  vector<T> all(B * B);
  vector<MeasureSlot<T>> slots(metric::RowSlots(B));
  metric::ForEachRowBlock(
      B, B * set.D, slots.size(), [&](int64_t s, int64_t begin, int64_t end) {
        measure.Multiply(begin, end, 0, B, &slots[s]);
        for (int64_t i = begin; i < end; ++i) {
          T* const d = slots[s].block.data() + (i - begin) * B;
          measure.Finish(i, 0, B, d);
          for (int64_t j = 0; j < B; ++j) {
            all[set.order[i] * B + set.order[j]] = d[j];
          }
        }
      });
  return all;
}

template <typename T>
class RowSetTest : public ::testing::Test {};
TYPED_TEST_SUITE(RowSetTest, TestDtypes);

TYPED_TEST(RowSetTest, MeasuresAsDifferencesDo) {
  for (const int64_t B : {1, 2, 63, 64, 300}) {
    const int64_t D = 19;
    const vector<TypeParam> x = OffsetRows<TypeParam>(B, D);
    const vector<double> exact(x.begin(), x.end());
    for (const Distance kind :
         {Distance::kSquaredL2, Distance::kL2, Distance::kCosine}) {
      RowSet<TypeParam> set;
      metric::PrepareRows(kind, x.data(), B, D, &set);
      const vector<TypeParam> got = AllDistances(set);
      for (int64_t i = 0; i < B; ++i) {
        for (int64_t j = 0; j < B; ++j) {
          double want = i == j ? 0
                               : metric::RowDistance(kind, &exact[i * D],
                                                     &exact[j * D], D);
          if (kind == Distance::kL2) want *= want;
          ASSERT_NEAR(want, got[i * B + j], 2e-3 * want)
              << "rows " << i << " and " << j << " of " << B << ", distance "
              << static_cast<int>(kind);
        }
      }
    }
  }
}

// What labels change is the order, and no row's anchors.
TYPED_TEST(RowSetTest, WithoutLabelsIsAsWithOneLabelEach) {
  const int64_t B = 130, D = 7;
  const vector<TypeParam> x = OffsetRows<TypeParam>(B, D);
  vector<TypeParam> labels(B);
  for (int64_t i = 0; i < B; ++i) labels[i] = static_cast<TypeParam>(B - i);
  RowSet<TypeParam> plain, labelled;
  metric::PrepareRows(Distance::kCosine, x.data(), B, D, &plain);
  metric::PrepareLabelledRows(Distance::kCosine, x.data(), labels.data(), 0, B,
                              D, &labelled);
  EXPECT_EQ(labelled.order, plain.order);
  EXPECT_EQ(labelled.anchors, plain.anchors);
  EXPECT_EQ(labelled.rows, plain.rows);
  EXPECT_EQ(labelled.squares, plain.squares);
  EXPECT_TRUE(plain.group.empty());
  EXPECT_EQ(AllDistances(labelled), AllDistances(plain));
}

TYPED_TEST(RowSetTest, NamesTheRowThatIsNotFinite) {
  const int64_t B = 70, D = 3;
  const TypeParam most = std::numeric_limits<TypeParam>::max();
  for (const TypeParam bad :
       {std::numeric_limits<TypeParam>::quiet_NaN(), most}) {
    vector<TypeParam> x = OffsetRows<TypeParam>(B, D);
    x[41 * D + 2] = bad;
    RowSet<TypeParam> set;
    try {
      metric::PrepareRows(Distance::kL2, x.data(), B, D, &set);
      ADD_FAILURE() << bad << " was taken";
    } catch (const Error& error) {
      EXPECT_NE(string::npos,
                string(error.what()).find("row 41 of the embeddings"))
          << error.what();
    }
  }
}

}  // namespace
}  // namespace caffe
