// Multibatch, lifted structure and N-pair against the plain references on
// thousands of random batches, and their odd ends one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "caffe/test/fixture.hpp"
#include "test/loss/pair_loss_reference.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::NPairOptions;
using metric::PairLoss;
using metric::PairLossOptions;

template <typename Dtype>
class BatchPairLossTest : public ::testing::Test {
 protected:
  static constexpr bool kDouble = sizeof(Dtype) == sizeof(double);

  struct Found {
    double loss = 0, plain = 0, slope = 0, pairs = 0, active = 0;
    double collapsed = 0;
    vector<Dtype> dx;
  };
  static vector<Dtype> Cast(const vector<double>& values) {
    return vector<Dtype>(values.begin(), values.end());
  }
  static vector<Dtype> Poisoned(const LabelledRows& rows) {
    return vector<Dtype>((rows.B() - rows.bank) * rows.D,
                         std::numeric_limits<Dtype>::quiet_NaN());
  }

  static Found Run(const PairLossOptions& options, double threshold,
                   const LabelledRows& rows,
                   metric::PairLossBatch<Dtype>* memory) {
    const vector<Dtype> x = Cast(rows.x), labels = Cast(rows.labels);
    const Dtype at = static_cast<Dtype>(threshold);
    const metric::PairSums sums =
        PairLossForward(options, &at, x.data(), labels.data(), rows.bank,
                        rows.B(), rows.D, memory);
    Found found;
    found.loss = sums.loss;
    found.plain = sums.plain;
    found.slope = sums.slope;
    found.pairs = sums.pairs;
    found.active = sums.active;
    found.collapsed = sums.collapsed;
    found.dx = Poisoned(rows);
    PairLossBackward(options, x.data(), Dtype(1), memory, found.dx.data());
    return found;
  }
  static Found Run(const NPairOptions& options, const LabelledRows& rows,
                   metric::NPairBatch<Dtype>* memory) {
    const vector<Dtype> x = Cast(rows.x), labels = Cast(rows.labels);
    const metric::NPairSums sums =
        NPairForward(options, x.data(), labels.data(), rows.bank, rows.B(),
                     rows.D, memory);
    Found found;
    found.loss = NPairLoss(options, sums, rows.B() - rows.bank);
    found.plain = sums.loss;
    found.pairs = sums.pairs;
    found.active = sums.active;
    found.collapsed = sums.collapsed;
    found.dx = Poisoned(rows);
    NPairBackward(options, sums, x.data(), Dtype(1), rows.bank, rows.B(),
                  rows.D, memory, found.dx.data());
    return found;
  }

  static void ExpectAsByHand(const PairReference& hand, const Found& found) {
    const double tolerance = kDouble ? 1e-9 : 4e-4;
    EXPECT_EQ(hand.pairs, found.pairs);
    EXPECT_NEAR(hand.loss, found.loss, tolerance * (1 + hand.loss));
    EXPECT_NEAR(hand.plain, found.plain, tolerance * (1 + hand.plain));
    if (hand.ambiguous) return;
    if (!hand.ambiguous_active) {
      EXPECT_EQ(hand.active, found.active);
    }
    EXPECT_NEAR(hand.slope, found.slope,
                tolerance * (1 + std::fabs(hand.slope)));
    double scale = hand.scale;
    for (const double value : hand.gradient) {
      scale = std::max(scale, std::fabs(value));
    }
    ASSERT_EQ(hand.gradient.size(), found.dx.size());
    for (size_t k = 0; k < found.dx.size(); ++k) {
      ASSERT_NEAR(hand.gradient[k], found.dx[k], 4 * tolerance * scale) << k;
    }
  }

  static PairLossOptions RandomOptions(PairLoss loss, Rng* rng) {
    const double margins[] = {0, 0.25, 1, 3};
    PairLossOptions options;
    options.loss = loss;
    options.distance = static_cast<Distance>(rng->Below(3));
    options.margin = margins[rng->Below(4)];
    options.balance = rng->Bernoulli(0.5);
    options.mean = rng->Bernoulli(0.7);
    return options;
  }
  static LabelledRows Clusters(int B, int people, int D, int seed) {
    Rng rng(seed, 1);
    LabelledRows rows;
    rows.D = D;
    for (int i = 0; i < B; ++i) {
      rows.labels.push_back(i * 7 % people);
      for (int k = 0; k < D; ++k) {
        rows.x.push_back(static_cast<float>(0.4 * rng.Gaussian()));
      }
    }
    return rows;
  }
  static string MessageOf(const LabelledRows& rows) {
    string messages;
    for (int which = 0; which < 3; ++which) {
      try {
        metric::PairLossBatch<Dtype> pairs;
        metric::NPairBatch<Dtype> products;
        PairLossOptions options;
        options.loss = which == 0 ? PairLoss::kMultibatch : PairLoss::kLifted;
        if (which < 2) Run(options, 1, rows, &pairs);
        if (which == 2) Run(NPairOptions(), rows, &products);
      } catch (const Error& error) {
        EXPECT_EQ(Error::kInput, error.kind());
        if (which == 0) messages = error.what();
        EXPECT_EQ(messages, error.what());
        continue;
      }
      ADD_FAILURE() << "no error from " << which;
    }
    return messages;
  }
};

TYPED_TEST_SUITE(BatchPairLossTest, TestDtypes);

TYPED_TEST(BatchPairLossTest, AgreesWithAllPairsByHandOnThousandsOfBatches) {
  constexpr int kBatches = 1500;
  for (const PairLoss loss : {PairLoss::kMultibatch, PairLoss::kLifted}) {
    metric::PairLossBatch<TypeParam> memory;  // is reused, up and down in size
    int complete = 0;
    for (int seed = 0; seed < kBatches; ++seed) {
      Rng rng(seed, static_cast<uint64_t>(loss));
      const LabelledRows rows = RandomRows(&rng);
      const PairLossOptions options = this->RandomOptions(loss, &rng);
      const double threshold = std::ldexp(rng.Below(24), -3) - 0.5;
      const PairReference hand = PairLossByHand(options, threshold, rows);
      this->ExpectAsByHand(hand,
                           this->Run(options, threshold, rows, &memory));
      complete += !hand.ambiguous;
      ASSERT_FALSE(this->HasFailure())
          << "loss " << static_cast<int>(loss) << " seed " << seed << ": "
          << rows.Text() << " distance "
          << static_cast<int>(options.distance) << " margin "
          << options.margin;
    }
    EXPECT_GT(complete, kBatches * 2 / 3);
  }
}

TYPED_TEST(BatchPairLossTest, NPairAgreesByHandOnThousandsOfBatches) {
  metric::NPairBatch<TypeParam> memory;
  for (int seed = 0; seed < 3000; ++seed) {
    Rng rng(seed, 9);
    LabelledRows rows = RandomRows(&rng);
    NPairOptions options;
    options.disjoint = rng.Bernoulli(0.5);
    options.mean = rng.Bernoulli(0.7);
    options.l2 = rng.Bernoulli(0.3) ? 0.25 : 0;
    this->ExpectAsByHand(NPairByHand(options, rows),
                         this->Run(options, rows, &memory));
    ASSERT_FALSE(this->HasFailure())
        << "seed " << seed << ": " << rows.Text() << " disjoint "
        << options.disjoint;
  }
}

// Rows are taken in blocks of up to 128.
TYPED_TEST(BatchPairLossTest, AgreesAcrossBlocks) {
  for (const int bank : {0, 60}) {
    LabelledRows rows = this->Clusters(150, 9, 3, bank);
    rows.bank = bank;
    for (const PairLoss loss : {PairLoss::kMultibatch, PairLoss::kLifted}) {
      PairLossOptions options;
      options.loss = loss;
      options.distance = Distance::kL2;
      metric::PairLossBatch<TypeParam> memory;
      this->ExpectAsByHand(PairLossByHand(options, 1.5, rows),
                           this->Run(options, 1.5, rows, &memory));
    }
    metric::NPairBatch<TypeParam> products;
    this->ExpectAsByHand(NPairByHand(NPairOptions(), rows),
                         this->Run(NPairOptions(), rows, &products));
  }
}

// Terms that no exponential holds.
TYPED_TEST(BatchPairLossTest, NothingOverflows) {
  LabelledRows rows;
  rows.labels = {0, 0, 1, 1};
  rows.x = {0, 3000, 5000, 9000};
  PairLossOptions options;
  options.loss = PairLoss::kLifted;
  options.distance = Distance::kL2;
  metric::PairLossBatch<TypeParam> pairs;
  auto found = this->Run(options, 0, rows, &pairs);
  // Of (0, 1) and of (2, 3) the nearest negative is 2000 away; so J = 1 - 2000
  // + 3000 and 1 - 2000 + 4000.
  EXPECT_NEAR((1001. * 1001 + 2001. * 2001) / 4, found.loss,
              1e-6 * found.loss);
  for (const TypeParam value : found.dx) EXPECT_TRUE(std::isfinite(value));
  // Products up to 4.5e7.
  metric::NPairBatch<TypeParam> products;
  found = this->Run(NPairOptions(), rows, &products);
  // 0 . 9000 - 0 . 3000 = 0; 5000 . 3000 - 5000 . 9000 = -3e7.
  EXPECT_NEAR(std::log(2.) / 2, found.loss, 1e-6);
  for (const TypeParam value : found.dx) EXPECT_TRUE(std::isfinite(value));
  rows.x = {-3000, 3000, 5000, -9000};
  found = this->Run(NPairOptions(), rows, &products);
  // 2.7e7 + 0.9e7, and 1.5e7 + 4.5e7.
  EXPECT_NEAR((3.6e7 + 6e7) / 2, found.loss, 10);
  for (const TypeParam value : found.dx) EXPECT_TRUE(std::isfinite(value));
}

TYPED_TEST(BatchPairLossTest, BatchesWithoutPairsGiveNothing) {
  for (const int people : {1, 6}) {
    const LabelledRows rows = this->Clusters(6, people, 4, 1);
    PairLossOptions options;
    options.loss = PairLoss::kLifted;
    metric::PairLossBatch<TypeParam> pairs;
    metric::NPairBatch<TypeParam> products;
    NPairOptions all;
    all.disjoint = false;
    for (const auto& found : {this->Run(options, 0, rows, &pairs),
                              this->Run(NPairOptions(), rows, &products),
                              this->Run(all, rows, &products)}) {
      EXPECT_EQ(0, found.loss);
      EXPECT_EQ(0, found.pairs);
      for (const TypeParam value : found.dx) EXPECT_EQ(0, value);
    }
  }
  LabelledRows empty;
  metric::PairLossBatch<TypeParam> pairs;
  metric::NPairBatch<TypeParam> products;
  EXPECT_EQ(0, this->Run(PairLossOptions(), 1, empty, &pairs).loss);
  EXPECT_EQ(0, this->Run(NPairOptions(), empty, &products).loss);
}

// What is told of a collapse is what a collapse has.
TYPED_TEST(BatchPairLossTest, CollapsedIsTheLossWhereAllRowsAreEqual) {
  for (const int bank : {0, 5}) {
    LabelledRows rows = this->Clusters(14, 4, 3, 2);
    rows.bank = bank;
    LabelledRows point = rows;
    for (size_t k = 3; k < point.x.size(); ++k) point.x[k] = point.x[k - 3];
    for (const PairLoss loss : {PairLoss::kMultibatch, PairLoss::kLifted}) {
      for (const double threshold : {0.25, 2.}) {
        PairLossOptions options;
        options.loss = loss;
        metric::PairLossBatch<TypeParam> memory;
        const double told =
            this->Run(options, threshold, rows, &memory).collapsed;
        EXPECT_NEAR(this->Run(options, threshold, point, &memory).plain, told,
                    1e-4 * told);
      }
    }
    for (const bool disjoint : {false, true}) {
      NPairOptions options;
      options.disjoint = disjoint;
      metric::NPairBatch<TypeParam> memory;
      const double told = this->Run(options, rows, &memory).collapsed;
      EXPECT_NEAR(this->Run(options, point, &memory).plain, told,
                  1e-4 * told);
    }
  }
}

TYPED_TEST(BatchPairLossTest, RowsAndLabelsThatAreNotFiniteAreNamed) {
  LabelledRows rows = this->Clusters(8, 3, 2, 1);
  rows.x[2 * 5 + 1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ("row 5 of the embeddings holds nan (coordinate 1), but must be "
            "finite",
            this->MessageOf(rows));
  rows.bank = 3;
  EXPECT_EQ("row 2 of the embeddings holds nan (coordinate 1), but must be "
            "finite",
            this->MessageOf(rows));
  rows = this->Clusters(8, 3, 2, 1);
  rows.labels[6] = std::numeric_limits<double>::infinity();
  EXPECT_EQ("the label of row 6 is inf, but must be finite",
            this->MessageOf(rows));
  rows = this->Clusters(8, 3, 2, 1);
  rows.x[2 * 4] = TypeParam(0.9) * std::numeric_limits<TypeParam>::max();
  EXPECT_NE(string::npos, this->MessageOf(rows).find("row 4"));
}

TYPED_TEST(BatchPairLossTest, SameForAnyThreads) {
  const LabelledRows rows = this->Clusters(700, 90, 40, 5);
  const int before = Caffe::threads();
  for (const PairLoss loss : {PairLoss::kMultibatch, PairLoss::kLifted}) {
    typename TestFixture::Found found[2], products[2];
    for (int run = 0; run < 2; ++run) {
      Caffe::set_threads(run == 0 ? 1 : 3);
      PairLossOptions options;
      options.loss = loss;
      metric::PairLossBatch<TypeParam> memory;
      found[run] = this->Run(options, 1, rows, &memory);
      metric::NPairBatch<TypeParam> other;
      products[run] = this->Run(NPairOptions(), rows, &other);
    }
    EXPECT_EQ(found[0].loss, found[1].loss);
    EXPECT_TRUE(SameBits(found[0].dx, found[1].dx));
    EXPECT_EQ(products[0].loss, products[1].loss);
    EXPECT_TRUE(SameBits(products[0].dx, products[1].dx));
  }
  Caffe::set_threads(before);
}

}  // namespace
}  // namespace caffe
