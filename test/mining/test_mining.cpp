// Mining in the batch against the plain reference over all triplets, on
// thousands of random batches, with each set of inner loops in turn, and its
// odd ends one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "caffe/mining/mining.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/rng.hpp"
#include "core/cpu.hpp"
#include "mining/mining_state.hpp"
#include "test/mining/mining_reference.hpp"

namespace caffe {
namespace {

using metric::Distance;
using metric::Hinge;
using metric::Mining;
using metric::MiningBatch;
using metric::MiningOptions;
using metric::MiningResult;
using metric::Normalization;

constexpr Mining kMinings[] = {Mining::kBatchAll, Mining::kBatchHard,
                               Mining::kSemiHard, Mining::kDistanceWeighted,
                               Mining::kRandom};

template <typename Dtype>
struct Mined {
  MiningResult result;
  vector<Dtype> dx;
  vector<MinedTriplet> triplets;  // where one was chosen for each pair
};

template <typename Dtype>
class MiningTest : public ::testing::Test {
 protected:
  // What a batch is made of; `exact`: all distances are small whole numbers,
  // so that equal ones are equal to the bit.
  struct Batch {
    int D;
    int bank = 0;  // rows that are no anchors
    bool exact = false;
    vector<Dtype> x;
    vector<Dtype> labels;
    int B() const { return static_cast<int>(labels.size()); }
  };

  static constexpr bool kDouble = sizeof(Dtype) == sizeof(double);

  static Mined<Dtype> Mine(const MiningOptions& options, const Batch& batch,
                           uint64_t draw = 7) {
    MiningBatch<Dtype> memory;
    return Mine(options, batch, draw, &memory);
  }
  static Mined<Dtype> Mine(const MiningOptions& options, const Batch& batch,
                           uint64_t draw, MiningBatch<Dtype>* memory) {
    Mined<Dtype> mined;
    memory->set_record(true);
    mined.result =
        MiningForward(options, batch.x.data(), batch.labels.data(), batch.bank,
                      batch.B(), batch.D, draw, memory);
    mined.dx.assign((batch.B() - batch.bank) * batch.D,
                    std::numeric_limits<Dtype>::quiet_NaN());
    MiningBackward(options, batch.x.data(),
                   static_cast<Dtype>(mined.result.factor), memory,
                   mined.dx.data());
    if (options.mining == Mining::kBatchAll) return mined;
    const metric::RowSet<Dtype>& rows = memory->state()->rows;
    for (int64_t a = 0; a < rows.anchor_count(); ++a) {
      const vector<int>& made = memory->choices()[a];
      for (size_t c = 0; c < made.size(); c += 5) {
        mined.triplets.push_back({rows.order[rows.anchors[a]],
                                  rows.order[made[c]],
                                  rows.order[made[c + 1]]});
      }
    }
    return mined;
  }

  // True where the comparison was complete.
  static bool ExpectAsByHand(const MiningOptions& options, const Batch& batch,
                             const Mined<Dtype>& mined) {
    const vector<double> x(batch.x.begin(), batch.x.end());
    const vector<double> labels(batch.labels.begin(), batch.labels.end());
    double scale = options.margin + 1e-30;
    for (double value : x) scale = std::max(scale, value * value * batch.D);
    if (options.distance == Distance::kCosine) scale = 2;
    const double step = (kDouble ? 1e-13 : 2e-6) * scale;
    const bool exact = batch.exact && options.distance != Distance::kCosine;
    const MiningReference hand = MineByHand(
        options, x, labels, batch.bank, batch.D, exact ? 0 : step,
        mined.triplets);
    EXPECT_EQ(static_cast<int64_t>(hand.triplets.size()),
              mined.result.triplets);
    const bool counts = options.normalization == Normalization::kValid;
    if (hand.ambiguous && (counts || options.mining == Mining::kSemiHard)) {
      return false;  // a count, or a choice, changes the loss
    }
    const double times =
        options.normalization == Normalization::kNone
            ? std::max<double>(1, static_cast<double>(hand.triplets.size()))
            : 1;
    EXPECT_NEAR(hand.loss, mined.result.loss, 4 * step * times);
    if (hand.ambiguous) return false;
    if (!hand.ambiguous_active) {
      EXPECT_EQ(hand.active, mined.result.active);
    }
    EXPECT_NEAR(hand.factor, mined.result.factor, 1e-12);
    EXPECT_EQ(hand.gradient.size(), mined.dx.size());
    for (size_t k = 0; k < mined.dx.size(); ++k) {
      const double tolerance =
          (kDouble ? 1e-11 : 4e-4) * std::max(1., std::sqrt(scale)) * times;
      EXPECT_NEAR(hand.gradient[k], mined.dx[k], tolerance)
          << "row " << k / batch.D << " coordinate " << k % batch.D;
      if (::testing::Test::HasFailure()) return true;
    }
    return true;
  }

  static Batch RandomBatch(Rng* rng) {
    Batch batch;
    const int B = 1 + static_cast<int>(rng->Below(24));
    batch.D = 1 + static_cast<int>(rng->Below(20));
    const int people = 1 + static_cast<int>(rng->Below(B));
    const Dtype names[] = {-1.5, 0.25, 1e6, -0., 3, 1e-3};
    const int style = static_cast<int>(rng->Below(4));
    for (int i = 0; i < B; ++i) {
      const int person = static_cast<int>(rng->Below(people));
      batch.labels.push_back(style == 0 ? names[person % 6]
                             : style == 1 ? static_cast<Dtype>(i)
                             : style == 2 ? static_cast<Dtype>(i / 3)
                                          : static_cast<Dtype>(person));
    }
    FillRows(static_cast<int>(rng->Below(6)), B, rng, &batch);
    return batch;
  }
  static void FillRows(int style, int B, Rng* rng, Batch* batch) {
    const int D = batch->D;
    batch->exact = style == 1 || style == 2;
    const double offset = style == 3 ? 10 : 0;
    for (int k = 0; k < B * D; ++k) {
      batch->x.push_back(static_cast<Dtype>(
          batch->exact ? static_cast<double>(rng->Below(style == 1 ? 2 : 4))
                       : offset + 0.5 * rng->Gaussian()));
    }
    // Duplicates of one row, or of some.
    for (int i = 1; (style == 2 || style == 4) && i < B; ++i) {
      const int from = style == 2 && rng->Bernoulli(0.7) ? i : 0;
      std::copy_n(batch->x.begin() + from * D, D, batch->x.begin() + i * D);
    }
  }
  static MiningOptions RandomOptions(Mining mining, Rng* rng) {
    MiningOptions options;
    options.mining = mining;
    options.distance = static_cast<Distance>(rng->Below(3));
    options.hinge = rng->Bernoulli(0.3) ? Hinge::kSoft : Hinge::kHard;
    const double margins[] = {0, 0.25, 0.5, 1, 4};
    options.margin = margins[rng->Below(5)];
    options.normalization = static_cast<Normalization>(rng->Below(4));
    return options;
  }
  static string Describe(const MiningOptions& options, const Batch& batch) {
    return "mining " + std::to_string(static_cast<int>(options.mining)) +
           " distance " + std::to_string(static_cast<int>(options.distance)) +
           " hinge " + std::to_string(static_cast<int>(options.hinge)) +
           " margin " + std::to_string(options.margin) + " normalization " +
           std::to_string(static_cast<int>(options.normalization)) +
           " bank " + std::to_string(batch.bank) + " B " +
           std::to_string(batch.B()) + " D " + std::to_string(batch.D);
  }

  static Batch Gaussians(int B, int people, int D, int seed) {
    Rng rng(seed);
    Batch batch;
    batch.D = D;
    for (int i = 0; i < B; ++i) {
      batch.labels.push_back(static_cast<Dtype>(i * people / B));
      for (int k = 0; k < D; ++k) {
        batch.x.push_back(static_cast<Dtype>(0.3 * rng.Gaussian()));
      }
    }
    return batch;
  }
  static Error::Kind KindOf(const Batch& batch, string* message) {
    try {
      Mine(MiningOptions(), batch);
    } catch (const Error& error) {
      *message = error.what();
      return error.kind();
    }
    *message = "no error";
    return Error::kContract;
  }
};

TYPED_TEST_SUITE(MiningTest, TestDtypes);

TYPED_TEST(MiningTest, AgreesWithAllTripletsByHandOnThousandsOfBatches) {
  constexpr int kBatches = 1500;
  const vector<Isa> isas = RunnableIsas();
  for (Mining mining : kMinings) {
    int complete = 0;
    MiningBatch<TypeParam> memory;  // is reused, up and down in size
    for (int seed = 0; seed < kBatches; ++seed) {
      Rng rng(seed, static_cast<uint64_t>(mining));
      const IsaLimit limit(isas[rng.Below(isas.size())]);
      auto batch = this->RandomBatch(&rng);
      // Every third with a bank, of one row up to all.
      if (seed % 3 == 0) {
        batch.bank = static_cast<int>(rng.Below(batch.B() + 1));
      }
      const MiningOptions options = this->RandomOptions(mining, &rng);
      const auto mined = this->Mine(options, batch, seed, &memory);
      complete += this->ExpectAsByHand(options, batch, mined);
      ASSERT_FALSE(this->HasFailure())
          << "seed " << seed << ": " << this->Describe(options, batch);
    }
    EXPECT_GT(complete, kBatches * 2 / 3) << static_cast<int>(mining);
  }
}

// People with more rows than are held against each negative one by one.
TYPED_TEST(MiningTest, AgreesWithManyPositives) {
  for (Mining mining : kMinings) {
    for (int seed = 0; seed < 6; ++seed) {
      Rng rng(seed);
      auto batch = this->Gaussians(170, 1 + seed % 3, 3, seed);
      if (seed % 2 == 1) batch.bank = 100;
      if (seed > 2) {
        batch.exact = true;
        for (TypeParam& value : batch.x) value = std::round(4 * value);
      }
      MiningOptions options = this->RandomOptions(mining, &rng);
      if (options.distance == Distance::kCosine) {
        options.distance = Distance::kL2;  // zero vectors among these
      }
      options.hinge = Hinge::kHard;
      this->ExpectAsByHand(options, batch, this->Mine(options, batch));
      ASSERT_FALSE(this->HasFailure())
          << "seed " << seed << ": " << this->Describe(options, batch);
    }
  }
}

// Rows are taken in blocks of up to 128, and batch-hard looks at each pair of
// blocks once, for both.
TYPED_TEST(MiningTest, BatchHardAgreesAcrossBlocks) {
  for (int seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const int B = 64 + static_cast<int>(rng.Below(seed < 30 ? 100 : 280));
    auto batch = this->Gaussians(B, 1 + static_cast<int>(rng.Below(B)),
                                 1 + seed % 7, seed);
    if (seed % 3 == 0) rng.Shuffle(&batch.labels);
    if (seed % 2 == 0) {
      batch.exact = true;
      for (TypeParam& value : batch.x) value = std::round(4 * value);
    }
    MiningOptions options = this->RandomOptions(Mining::kBatchHard, &rng);
    if (options.distance == Distance::kCosine) {
      options.distance = Distance::kSquaredL2;
    }
    this->ExpectAsByHand(options, batch, this->Mine(options, batch));
    ASSERT_FALSE(this->HasFailure())
        << "seed " << seed << ": " << this->Describe(options, batch);
  }
}

TYPED_TEST(MiningTest, NoValidTripletGivesNothing) {
  for (Mining mining : kMinings) {
    MiningOptions options;
    options.mining = mining;
    options.normalization = Normalization::kValid;
    for (int people : {1, 6}) {
      const auto mined = this->Mine(options, this->Gaussians(6, people, 4, 1));
      EXPECT_EQ(mined.result.loss, 0);
      EXPECT_EQ(mined.result.triplets, 0);
      EXPECT_EQ(mined.result.active, 0);
      for (TypeParam value : mined.dx) EXPECT_EQ(value, 0);
    }
  }
}

TYPED_TEST(MiningTest, AnEmptyBatchIsNoError) {
  for (Mining mining : kMinings) {
    MiningOptions options;
    options.mining = mining;
    typename TestFixture::Batch batch;
    batch.D = 3;
    EXPECT_EQ(this->Mine(options, batch).result.loss, 0);
  }
}

TYPED_TEST(MiningTest, AllEqualEmbeddingsAreAtTheMargin) {
  for (Mining mining : kMinings) {
    for (Distance distance :
         {Distance::kSquaredL2, Distance::kL2, Distance::kCosine}) {
      MiningOptions options;
      options.mining = mining;
      options.distance = distance;
      options.margin = 0.25;
      options.normalization = Normalization::kValid;
      auto batch = this->Gaussians(40, 8, 16, 3);
      for (size_t k = 16; k < batch.x.size(); ++k) {
        batch.x[k] = batch.x[k - 16];
      }
      const auto mined = this->Mine(options, batch);
      EXPECT_NEAR(mined.result.loss, 0.25, 1e-6);
      EXPECT_EQ(mined.result.active, mined.result.triplets);
      for (TypeParam value : mined.dx) EXPECT_NEAR(value, 0, 1e-5);
    }
  }
}

TYPED_TEST(MiningTest, EachPairIsMinedOnce) {
  for (Mining mining : {Mining::kSemiHard, Mining::kDistanceWeighted,
                        Mining::kRandom}) {
    MiningOptions options;
    options.mining = mining;
    auto batch = this->Gaussians(30, 6, 8, 4);
    Rng(1).Shuffle(&batch.labels);
    const auto mined = this->Mine(options, batch);
    std::set<std::pair<int, int>> pairs;
    for (const MinedTriplet& t : mined.triplets) {
      EXPECT_NE(t.a, t.p);
      EXPECT_EQ(batch.labels[t.a], batch.labels[t.p]);
      EXPECT_NE(batch.labels[t.a], batch.labels[t.n]);
      pairs.insert({t.a, t.p});
    }
    EXPECT_EQ(pairs.size(), mined.triplets.size());
    EXPECT_EQ(pairs.size(), 6u * 5 * 4);
  }
}

TYPED_TEST(MiningTest, DrawsFollowTheirNumberAlone) {
  for (Mining mining : {Mining::kDistanceWeighted, Mining::kRandom}) {
    MiningOptions options;
    options.mining = mining;
    const auto batch = this->Gaussians(40, 8, 8, 5);
    const auto one = this->Mine(options, batch, 1);
    EXPECT_TRUE(SameBits(one.dx, this->Mine(options, batch, 1).dx));
    EXPECT_FALSE(SameBits(one.dx, this->Mine(options, batch, 2).dx));
  }
}

// Two rows of one person and three negatives, at distances 0.2 (counts as
// 0.5), 1 and 1.6 (beyond the limit) from both.
TYPED_TEST(MiningTest, DrawsFollowTheirChances) {
  constexpr int kDraws = 4000;
  const int D = 4;
  typename TestFixture::Batch batch;
  batch.D = D;
  batch.labels = {1, 1, 2, 3, 4};
  batch.x.assign(5 * D, 0);
  const double far[] = {0.2, 1, 1.6};
  for (int n = 0; n < 3; ++n) {
    batch.x[(2 + n) * D + n] = static_cast<TypeParam>(far[n]);
  }
  auto inverse = [](double d) {
    return std::pow(d, 2. - 4) * std::pow(1 - d * d / 4, (3. - 4) / 2);
  };
  const double near = inverse(0.5), middle = inverse(1);
  const vector<vector<double>> chances = {
      {near / (near + middle), middle / (near + middle), 0},
      {1 / 3., 1 / 3., 1 / 3.}};
  for (int m = 0; m < 2; ++m) {
    MiningOptions options;
    options.mining = m == 0 ? Mining::kDistanceWeighted : Mining::kRandom;
    vector<int> drawn(3, 0);
    for (int draw = 0; draw < kDraws; ++draw) {
      for (const auto& t : this->Mine(options, batch, draw).triplets) {
        ++drawn[t.n - 2];
      }
    }
    for (int n = 0; n < 3; ++n) {
      EXPECT_NEAR(drawn[n] / (2. * kDraws), chances[m][n], 0.03) << n;
    }
  }
  // All beyond the limit: evenly.
  for (TypeParam& value : batch.x) value *= 10;
  MiningOptions options;
  options.mining = Mining::kDistanceWeighted;
  vector<int> drawn(3, 0);
  for (int draw = 0; draw < kDraws; ++draw) {
    for (const auto& t : this->Mine(options, batch, draw).triplets) {
      ++drawn[t.n - 2];
    }
  }
  for (int count : drawn) EXPECT_NEAR(count / (2. * kDraws), 1 / 3., 0.03);
}

// Four rows of two people within 1e-4 of each other, far from the others: a
// product of rows has no digit of their distances right in float.
TYPED_TEST(MiningTest, NearDuplicatesKeepTheirDigits) {
  const int D = 64;
  auto batch = this->Gaussians(5, 5, D, 6);
  batch.labels = {0, 0, 1, 1, 2};
  Rng rng(8);
  for (int i = 1; i < 4; ++i) {
    for (int k = 0; k < D; ++k) {
      batch.x[i * D + k] =
          batch.x[k] + static_cast<TypeParam>(1e-4 / 8 * rng.Gaussian());
    }
  }
  const vector<double> x(batch.x.begin(), batch.x.end());
  const vector<double> labels(batch.labels.begin(), batch.labels.end());
  for (Mining mining :
       {Mining::kBatchAll, Mining::kBatchHard, Mining::kSemiHard}) {
    for (Distance distance :
         {Distance::kSquaredL2, Distance::kL2, Distance::kCosine}) {
      MiningOptions options;
      options.mining = mining;
      options.distance = distance;
      options.margin = distance == Distance::kL2       ? 1e-4
                       : distance == Distance::kCosine ? 1e-9
                                                       : 1e-8;
      const auto hand = MineByHand(options, x, labels, 0, D, 0);
      const auto mined = this->Mine(options, batch);
      ASSERT_GT(hand.loss, 0);
      EXPECT_NEAR(mined.result.loss / hand.loss, 1, 1e-3)
          << static_cast<int>(mining) << static_cast<int>(distance);
    }
  }
}

// For L2 the slope of a pair at distance 1e-6 is 1e6 times that of others: in
// one product with them it would leave them no digit.
TYPED_TEST(MiningTest, NearDuplicatesDoNotDrownTheOthers) {
  const int D = 16;
  auto batch = this->Gaussians(12, 3, D, 7);
  for (int k = 0; k < D; ++k) {
    batch.x[D + k] = batch.x[k] + static_cast<TypeParam>(k == 3 ? 2e-7 : 0);
  }
  MiningOptions options;
  options.mining = Mining::kBatchAll;
  options.distance = Distance::kL2;
  options.margin = 4;
  const vector<double> x(batch.x.begin(), batch.x.end());
  const vector<double> labels(batch.labels.begin(), batch.labels.end());
  const auto hand = MineByHand(options, x, labels, 0, D, 0);
  const auto mined = this->Mine(options, batch);
  for (size_t k = 0; k < x.size(); ++k) {
    EXPECT_NEAR(hand.gradient[k], mined.dx[k], 1e-3) << k;
  }
}

TYPED_TEST(MiningTest, TheSameBitsForAnyNumberOfThreads) {
  const auto batch = this->Gaussians(403, 70, 33, 9);
  const int before = Caffe::threads();
  for (Mining mining : kMinings) {
    for (Distance distance : {Distance::kSquaredL2, Distance::kL2}) {
      MiningOptions options;
      options.mining = mining;
      options.distance = distance;
      Caffe::set_threads(1);
      const auto one = this->Mine(options, batch);
      for (int threads : {2, 3, 5}) {
        Caffe::set_threads(threads);
        const auto more = this->Mine(options, batch);
        EXPECT_EQ(one.result.loss, more.result.loss);
        EXPECT_EQ(one.result.active, more.result.active);
        EXPECT_TRUE(SameBits(one.dx, more.dx)) << static_cast<int>(mining);
      }
    }
  }
  Caffe::set_threads(before);
}

TYPED_TEST(MiningTest, TheOrderOfTheRowsDoesNotMatter) {
  const int D = 8;
  const auto batch = this->Gaussians(60, 12, D, 10);
  vector<int> order(60);
  for (int i = 0; i < 60; ++i) order[i] = i;
  Rng(3).Shuffle(&order);
  auto mixed = batch;
  for (int i = 0; i < 60; ++i) {
    mixed.labels[i] = batch.labels[order[i]];
    std::copy_n(batch.x.begin() + order[i] * D, D, mixed.x.begin() + i * D);
  }
  for (Mining mining :
       {Mining::kBatchAll, Mining::kBatchHard, Mining::kSemiHard}) {
    MiningOptions options;
    options.mining = mining;
    const auto a = this->Mine(options, batch), b = this->Mine(options, mixed);
    EXPECT_NEAR(a.result.loss / b.result.loss, 1, 1e-5);
    EXPECT_EQ(a.result.active, b.result.active);
    for (int i = 0; i < 60; ++i) {
      for (int k = 0; k < D; ++k) {
        EXPECT_NEAR(a.dx[order[i] * D + k], b.dx[i * D + k], 1e-2);
      }
    }
  }
}

TYPED_TEST(MiningTest, ARowThatIsNotFiniteIsNamed) {
  for (double bad : {NAN, INFINITY}) {
    auto batch = this->Gaussians(9, 3, 5, 11);
    batch.x[4 * 5 + 2] = static_cast<TypeParam>(bad);
    string message;
    EXPECT_EQ(this->KindOf(batch, &message), Error::kInput);
    EXPECT_NE(message.find("row 4 of the embeddings"), string::npos) << message;
    EXPECT_NE(message.find("coordinate 2"), string::npos) << message;
  }
}

TYPED_TEST(MiningTest, ALabelThatIsNotFiniteIsNamed) {
  auto batch = this->Gaussians(9, 3, 5, 11);
  batch.labels[7] = std::numeric_limits<TypeParam>::quiet_NaN();
  string message;
  EXPECT_EQ(this->KindOf(batch, &message), Error::kInput);
  EXPECT_NE(message.find("label of row 7"), string::npos) << message;
}

TYPED_TEST(MiningTest, ARowTooLongForItsSquareIsNamed) {
  for (Distance distance : {Distance::kSquaredL2, Distance::kCosine}) {
    auto batch = this->Gaussians(9, 3, 5, 11);
    batch.x[5 * 5 + 1] = std::sqrt(std::numeric_limits<TypeParam>::max()) * 2;
    MiningOptions options;
    options.distance = distance;
    try {
      this->Mine(options, batch);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(string(error.what()).find("row 5"), string::npos)
          << error.what();
    }
  }
}

// 1/|x|^2 of such rows is no float any more, but the gradient is: it is that of
// the unit rows, divided by |x|.
TYPED_TEST(MiningTest, TinyRowsKeepTheirCosineGradient) {
  constexpr double kSize = 1e-20;  // its square has few digits left
  const auto batch = this->Gaussians(12, 4, 6, 12);
  auto tiny = batch;
  for (TypeParam& value : tiny.x) value = static_cast<TypeParam>(value * kSize);
  for (Mining mining : kMinings) {
    MiningOptions options;
    options.mining = mining;
    options.distance = Distance::kCosine;
    const auto want = this->Mine(options, batch);
    const auto have = this->Mine(options, tiny);
    for (size_t k = 0; k < want.dx.size(); ++k) {
      EXPECT_NEAR(have.dx[k] * kSize, want.dx[k], 2e-3) << k;
    }
  }
}

TYPED_TEST(MiningTest, ZeroVectorsAreAtCosineDistanceOne) {
  auto batch = this->Gaussians(12, 4, 6, 12);
  for (int i : {0, 5}) {
    std::fill_n(batch.x.begin() + i * 6, 6, TypeParam(0));
  }
  for (Mining mining : kMinings) {
    MiningOptions options;
    options.mining = mining;
    options.distance = Distance::kCosine;
    const auto mined = this->Mine(options, batch);
    this->ExpectAsByHand(options, batch, mined);
    for (int k = 0; k < 6; ++k) EXPECT_EQ(mined.dx[5 * 6 + k], 0);
  }
}

}  // namespace
}  // namespace caffe
