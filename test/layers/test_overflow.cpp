// Values that overflow: no layer turns a row that is too long, or holds NaN or
// infinity, into zeros, and no loss counts such a distance as satisfied. On the
// CPU the row is named at once, on the GPU the output is NaN, where a solver
// finds it. And rows of TripletLoss that the weight 0 leaves out.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class OverflowTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;

  // A length whose square is no number any more, but the length is one.
  static Dtype Long() {
    return std::sqrt(std::numeric_limits<Dtype>::max()) * 2;
  }
  static vector<Dtype> BadValues() {
    return {Long(), -Long(), std::numeric_limits<Dtype>::infinity(),
            std::numeric_limits<Dtype>::quiet_NaN()};
  }
  // The Error that a Forward ends with; on the GPU, where there is none, "NaN"
  // for a first output that is not a number.
  static string Outcome(Runner* run, int at = 0) {
    try {
      run->Forward();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    return std::isnan(run->Top()[at]) ? "NaN" : "a number";
  }
  static void ExpectNamed(const string& outcome, const string& row) {
    const bool named = outcome.find(row) != string::npos;
    EXPECT_TRUE(named || (TypeParam::device == Caffe::GPU && outcome == "NaN"))
        << "\"" << outcome << "\" does not name " << row;
  }
};
TYPED_TEST_SUITE(OverflowTest, TestDtypesAndDevices);

TYPED_TEST(OverflowTest, NormalizeMakesNoZerosOfARowThatIsTooLong) {
  typedef typename TypeParam::Dtype Dtype;
  for (const Dtype bad : this->BadValues()) {
    for (const int D : {2, 16, 20}) {
      LayerRunner<Dtype> run("type: 'Normalize'", {{3, D}});
      run.SetUp();
      run.bottom()->mutable_cpu_data()[D] = bad;
      this->ExpectNamed(this->Outcome(&run, D), "row 1 of the bottom");
    }
  }
}

TYPED_TEST(OverflowTest, NormalizeInPlaceNamesWhatItWasGiven) {
  typedef typename TypeParam::Dtype Dtype;
  for (const Dtype bad : this->BadValues()) {
    LayerRunner<Dtype> run("type: 'Normalize'", {{3, 2}});
    run.SetUp();
    run.bottom()->mutable_cpu_data()[2] = bad;
    const string wanted = std::isfinite(bad) ? "row 1 of the bottom has length"
                          : std::isnan(bad)
                              ? "row 1 of the bottom holds nan"
                              : "row 1 of the bottom holds inf";
    string outcome = "none";
    try {
      run.layer()->Forward({run.bottom()}, {run.bottom()});
      outcome = std::isnan(run.bottom()->cpu_data()[2]) ? "NaN" : "a number";
    } catch (const Error& error) {
      outcome = error.what();
    }
    this->ExpectNamed(outcome, wanted);
  }
}

TYPED_TEST(OverflowTest, LossesOfCentresAndTargetsNameTheRow) {
  typedef typename TypeParam::Dtype Dtype;
  struct Case {
    const char* text;
    vector<vector<int>> bottoms;
    const char* row;
  };
  for (const Case& loss :
       {Case{"type: 'CenterLoss' center_loss_param { num_output: 3 }",
             {{4, 2}, {4}}, "row 2 of bottom 0 (features)"},
        Case{"type: 'EuclideanLoss'", {{4, 2}, {4, 2}},
             "row 2 of bottom 0"}}) {
    const bool labels = loss.bottoms[1].size() == 1;
    for (const Dtype bad : this->BadValues()) {
      // Of what came in so, the solver names the maker.
      if (!labels && !std::isfinite(bad)) continue;
      LayerRunner<Dtype> run(loss.text, loss.bottoms);
      if (labels) run.SetBottom(1, {0, 1, 0, 1});
      run.SetUp();
      run.bottom()->mutable_cpu_data()[4] = bad;
      const string outcome = this->Outcome(&run);
      if (TypeParam::device == Caffe::GPU) {
        EXPECT_FALSE(std::isfinite(run.Top()[0])) << loss.text;
      } else {
        EXPECT_NE(outcome.find(loss.row), string::npos)
            << loss.text << ": " << outcome;
      }
    }
  }
}

TYPED_TEST(OverflowTest, CenterLossNamesTheCentre) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      "type: 'CenterLoss' center_loss_param { num_output: 3 }",
      {{4, 2}, {4}});
  run.SetBottom(1, {0, 2, 2, 1});
  run.SetUp();
  run.layer()->blobs()[0]->mutable_cpu_data()[5] =
      std::numeric_limits<Dtype>::quiet_NaN();
  this->ExpectNamed(this->Outcome(&run), "row 2 of the centres holds nan");
}

TYPED_TEST(OverflowTest, EachDistanceOfTripletLossTellsAnOverflow) {
  typedef typename TypeParam::Dtype Dtype;
  const Dtype most = std::numeric_limits<Dtype>::max();
  for (const string distance : {"SQUARED_L2", "L2", "COSINE", "L1"}) {
    for (const int role : {0, 1, 2}) {
      for (Dtype bad : this->BadValues()) {
        // The sum of absolute values needs longer rows.
        if (distance == "L1" && std::isfinite(bad)) bad = most;
        LayerRunner<Dtype> run(
            "type: 'TripletLoss' triplet_loss_param { distance: " + distance +
                " }",
            {{4, 3}, {4, 3}, {4, 3}});
        run.SetUp();
        if (distance == "L1") {
          for (int other : {0, 1, 2}) {
            run.bottom(other)->mutable_cpu_data()[6] = -bad;
          }
        }
        run.bottom(role)->mutable_cpu_data()[6] = bad;
        this->ExpectNamed(this->Outcome(&run), "row 2");
      }
    }
  }
}

TYPED_TEST(OverflowTest, ContrastiveLossIsNotSatisfiedByAnOverflow) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string legacy : {"true", "false"}) {
    for (const Dtype similar : {Dtype(0), Dtype(1)}) {
      LayerRunner<Dtype> run(
          "type: 'ContrastiveLoss' contrastive_loss_param { legacy_version: " +
              legacy + " }",
          {{2, 1}, {2, 1}, {2}});
      run.SetBottom(0, {0, this->Long()});
      run.SetBottom(1, {0, 0});
      run.SetBottom(2, {similar, similar});
      run.SetUp();
      const string outcome = this->Outcome(&run);
      if (TypeParam::device == Caffe::GPU) {
        EXPECT_FALSE(std::isfinite(run.Top()[0]));
      } else {
        EXPECT_NE(outcome.find("the distance of row 1"), string::npos)
            << outcome;
      }
    }
  }
}

TYPED_TEST(OverflowTest, MarginInnerProductNamesTheFeatureAndTheClass) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : {"SINGLE", "ANGULAR"}) {
    for (const Dtype bad : this->BadValues()) {
      for (const bool weights : {false, true}) {
        LayerRunner<Dtype> run(
            "type: 'MarginInnerProduct' margin_inner_product_param { "
            "num_output: 3 type: " + type + " }",
            {{2, 2}, {2}});
        run.SetBottom(1, {0, 1});
        run.SetUp();
        Blob<Dtype>* blob =
            weights ? run.layer()->blobs()[0].get() : run.bottom();
        blob->mutable_cpu_data()[2] = bad;
        this->ExpectNamed(this->Outcome(&run, weights ? 1 : 4),
                          weights ? "row 1 of the weights"
                                  : "row 1 of bottom 0 (features)");
      }
    }
  }
}

TYPED_TEST(OverflowTest, LossesOverABatchNameTheRow) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string text :
       {"type: 'BatchTripletLoss'",
        "type: 'BatchTripletLoss' batch_triplet_loss_param { distance: COSINE "
        "mining: BATCH_ALL }",
        "type: 'MultibatchLoss'", "type: 'LiftedStructureLoss'",
        "type: 'NPairLoss'"}) {
    for (const Dtype bad : this->BadValues()) {
      LayerRunner<Dtype> run(text, {{4, 2}, {4}});
      run.SetBottom(1, {0, 0, 1, 1});
      run.SetUp();
      run.bottom()->mutable_cpu_data()[6] = bad;
      const string outcome = this->Outcome(&run);
      EXPECT_NE(outcome.find("row 3 of the embeddings"), string::npos)
          << text << ": " << outcome;
    }
  }
}

TYPED_TEST(OverflowTest, WeightsOfTripletsMustBeFiniteAndNotNegative) {
  typedef typename TypeParam::Dtype Dtype;
  for (const Dtype bad : {Dtype(-1), std::numeric_limits<Dtype>::infinity(),
                          std::numeric_limits<Dtype>::quiet_NaN()}) {
    LayerRunner<Dtype> run("type: 'TripletLoss'",
                           {{2, 2}, {2, 2}, {2, 2}, {2}});
    run.SetBottom(3, {1, bad});
    run.SetUp();
    const string outcome = this->Outcome(&run);
    if (TypeParam::device == Caffe::GPU) {
      EXPECT_FALSE(std::isfinite(run.Top()[0]));
    } else {
      EXPECT_NE(outcome.find("in row 1, but a weight must be finite and not "
                             "negative"), string::npos) << outcome;
    }
  }
}

// As if the row were not there, in the statistics and the doctor's figures too.
TYPED_TEST(OverflowTest, ARowOfWeightZeroMayHoldAnything) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string distance : {"SQUARED_L2", "L2", "COSINE", "L1"}) {
    for (const string hinge : {"HARD", "SOFT"}) {
      const string text =
          "type: 'TripletLoss' triplet_loss_param { distance: " + distance +
          " hinge: " + hinge + " intra_weight: 1 } loss_param { "
          "normalization: VALID }";
      LayerRunner<Dtype> whole(text, {{2, 3}, {2, 3}, {2, 3}, {2}}, 4);
      LayerRunner<Dtype> first(text, {{1, 3}, {1, 3}, {1, 3}, {1}}, 4);
      for (int b : {0, 1, 2}) {
        vector<Dtype> rows = {1, 2, Dtype(b), 0, 0, 0};
        first.SetBottom(b, {rows.begin(), rows.begin() + 3});
        rows[3] = rows[5] = std::numeric_limits<Dtype>::quiet_NaN();
        rows[4] = std::numeric_limits<Dtype>::infinity();
        whole.SetBottom(b, rows);
      }
      whole.SetBottom(3, {2, 0});
      first.SetBottom(3, {2});
      whole.SetUpAndForward();
      first.SetUpAndForward();
      for (int top = 0; top < 4; ++top) {
        EXPECT_EQ(whole.Top(top), first.Top(top)) << top << " " << distance;
      }
      first.top()->mutable_cpu_diff()[0] = 1;
      whole.top()->mutable_cpu_diff()[0] = 1;
      const vector<bool> down = {true, true, true, false};
      first.layer()->Backward(first.tops(), down, first.bottoms());
      whole.layer()->Backward(whole.tops(), down, whole.bottoms());
      for (int b : {0, 1, 2}) {
        vector<Dtype> wanted = LayerRunner<Dtype>::Diff(*first.bottom(b));
        wanted.resize(6, 0);
        EXPECT_EQ(LayerRunner<Dtype>::Diff(*whole.bottom(b)), wanted);
      }
    }
  }
}

// A batch that is refused leaves no row in the bank.
TYPED_TEST(OverflowTest, ARefusedBatchIsNotKeptInTheBank) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string text : {"type: 'BatchTripletLoss' batch_triplet_loss_param",
                            "type: 'NPairLoss' n_pair_loss_param",
                            "type: 'LiftedStructureLoss' "
                            "lifted_structure_loss_param"}) {
    LayerRunner<Dtype> run(text + " { memory_bank { size: 8 } }",
                           {{4, 2}, {4}});
    run.SetBottom(1, {0, 0, 1, 1});
    run.SetUp();
    run.Forward();
    const Dtype good = run.bottom()->cpu_data()[2];
    run.bottom()->mutable_cpu_data()[2] =
        std::numeric_limits<Dtype>::quiet_NaN();
    EXPECT_THROW(run.Forward(), Error) << text;
    run.bottom()->mutable_cpu_data()[2] = good;
    run.Forward();
    run.Forward();
    EXPECT_TRUE(std::isfinite(run.Top()[0])) << text;
  }
}

}  // namespace
}  // namespace caffe
