// CenterLoss: a batch worked out by hand, the loss and its gradient against the
// definition, the centres' update, a run of the solver, and what is refused.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/center_loss_layer.hpp"
#include "caffe/util/rng.hpp"
#include "test/layers/layer_case.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {

template <typename TypeParam>
class CenterLossLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerCase<Dtype> Case;

  static string Text(int classes, const string& more = "") {
    return "type: 'CenterLoss' center_loss_param { num_output: " +
           std::to_string(classes) +
           " center_filler { type: 'uniform' min: -1 max: 1 } } " + more;
  }
  // Backward with this top diff onto NaN; the centres' diffs begin at `start`.
  static void Backward(Case* run, double top_diff, double start) {
    run->top()->mutable_cpu_diff()[0] = static_cast<Dtype>(top_diff);
    caffe_set(run->bottom()->count(), std::numeric_limits<Dtype>::quiet_NaN(),
              run->bottom()->mutable_cpu_diff());
    caffe_set(run->param(0)->count(), static_cast<Dtype>(start),
              run->param(0)->mutable_cpu_diff());
    run->layer()->Backward(run->tops(), {true, false}, run->bottoms());
  }
  static vector<double> CenterDiff(Case* run) {
    const Dtype* diff = run->param(0)->cpu_diff();
    return vector<double>(diff, diff + run->param(0)->count());
  }
};

TYPED_TEST_SUITE(CenterLossLayerTest, TestDtypesAndDevices);

// One row lies at its centre, one of class 1 is ignored.
TYPED_TEST(CenterLossLayerTest, TellsOfItsBatch) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> run(this->Text(3, "loss_param { ignore_label: 1 }"),
                       {{4, 2}, {4}}, 4);
  run.SetUp();
  run.Set(run.param(0), {1, 2, 7, 7, 0, 1});
  run.SetBottom(0, {1, 2, 0, 5, 3, 4, 9, 9});
  run.SetBottom(1, {0, 2, 0, 1});
  run.Forward();
  ExpectNear<Dtype>({24 / 6.}, run.TopData());
  EXPECT_NEAR(run.top(1)->cpu_data()[0], 2 / 3., 1e-6);
  EXPECT_EQ(run.top(2)->cpu_data()[0], 3);
  // Of class 0 (1, 2) and (3, 4).
  EXPECT_EQ(run.top(3)->cpu_data()[2], 8);
  auto* layer = static_cast<MetricLossLayer<Dtype>*>(run.layer());
  const metric::BatchHealth health = layer->Health(run.bottoms());
  EXPECT_EQ(health.count.tuples, 3);
  EXPECT_NEAR(health.loss, 4, 1e-6);
  EXPECT_NEAR(health.rows.norm,
              (std::sqrt(5.) + 5 + 5 + std::sqrt(162.)) / 4, 1e-5);
}

// Class 0 with the rows (1, 0) and (3, 4), centre (1, 2); class 2 with (0, 5),
// centre (0, 1); class 1, centre (7, 7), is not in the batch.
TYPED_TEST(CenterLossLayerTest, ByHand) {
  typedef typename TypeParam::Dtype Dtype;
  const struct {
    const char* normalization;
    double z;
  } cases[] = {{"", 3},
               {"normalization: VALID", 3},
               {"normalization: FULL", 3},
               {"normalization: BATCH_SIZE", 3},
               {"normalize: false", 3},
               {"normalization: NONE", 1}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.normalization);
    LayerCase<Dtype> run(
        this->Text(3, string("loss_param { ") + one.normalization + " }"),
        {{3, 2}, {3}});
    run.SetUp();
    run.Set(run.param(0), {1, 2, 7, 7, 0, 1});
    run.SetBottom(0, {1, 0, 0, 5, 3, 4});
    run.SetBottom(1, {0, 2, 0});
    run.Forward();
    // |(0,-2)|^2 + |(0,4)|^2 + |(2,2)|^2 = 4 + 16 + 8
    ExpectNear<Dtype>({28 / (2 * one.z)}, run.TopData());
    this->Backward(&run, 3, 10);
    vector<double> dx = {0, -2, 0, 4, 2, 2};
    for (double& value : dx) value *= 3 / one.z;
    ExpectNear<Dtype>(dx, run.BottomDiff());
    // Class 0: ((0,2) + (-2,-2)) / 3; class 2: (0,-4) / 2; added to 10.
    ExpectNear<Dtype>({10 - 2 / 3., 10, 10, 10, 10, 8},
                      this->CenterDiff(&run));
  }
}

TYPED_TEST(CenterLossLayerTest, MatchesTheDefinition) {
  typedef typename TypeParam::Dtype Dtype;
  Rng random(7, 0);
  for (int N : {1, 2, 37, 130}) {
    for (int D : {1, 7, 33}) {
      const int C = 1 + N / 3;
      LayerCase<Dtype> run(this->Text(C, "loss_param { ignore_label: -1 }"),
                           {{N, D}, {N}});
      vector<double> labels(N);
      for (double& label : labels) {
        label = static_cast<int>(random.Uniform(-1, C));
      }
      // Some rows do not count; a fraction never does.
      for (int i = 0; i < N; i += 5) labels[i] = i % 10 == 0 ? -1 : labels[i];
      for (int i = 1; i < N; i += 7) labels[i] += labels[i] < 0 ? 0 : 0.5;
      run.SetBottom(1, labels);
      run.SetUpAndForward();
      const vector<double> x = run.BottomData(), c = run.ParamData(0);
      this->Backward(&run, 1, 0);
      double sum = 0, rows = 0;
      vector<double> dx(N * D, 0.), updates(C * D, 0.), members(C, 0.);
      for (int i = 0; i < N; ++i) {
        if (labels[i] < 0) continue;
        const int j = static_cast<int>(labels[i]);
        ++rows;
        ++members[j];
        for (int k = 0; k < D; ++k) {
          const double gap = x[i * D + k] - c[j * D + k];
          sum += gap * gap;
          dx[i * D + k] = gap;
          updates[j * D + k] -= gap;
        }
      }
      rows = std::max(1., rows);
      for (double& value : dx) value /= rows;
      for (int j = 0; j < C; ++j) {
        for (int k = 0; k < D; ++k) updates[j * D + k] /= 1 + members[j];
      }
      SCOPED_TRACE("N " + std::to_string(N) + " D " + std::to_string(D));
      ExpectNear<Dtype>({sum / rows / 2}, run.TopData());
      ExpectNear<Dtype>(dx, run.BottomDiff());
      ExpectNear<Dtype>(updates, this->CenterDiff(&run));
    }
  }
}

TYPED_TEST(CenterLossLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* more :
       {"", "loss_weight: 3.7", "loss_param { normalization: NONE }",
        "loss_param { ignore_label: 2 }"}) {
    SCOPED_TRACE(more);
    LayerCase<Dtype> run(this->Text(4, more), {{6, 5}, {6}});
    run.SetBottom(1, {3, 0, 2, 3, 3, 1});
    run.CheckGradient();
  }
  LayerCase<Dtype> later(
      "type: 'CenterLoss' center_loss_param { num_output: 2 axis: -1 }",
      {{3, 2, 4}, {3, 2}});
  later.SetBottom(1, {1, 0, 0, 1, 1, 1});
  later.CheckGradient();
}

// The centres' update is the paper's, whatever the loss's weight is.
TYPED_TEST(CenterLossLayerTest, TheCentresDoNotFollowTheLossWeight) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> run(this->Text(3), {{5, 4}, {5}});
  run.SetBottom(1, {2, 0, 2, 2, 1});
  run.SetUpAndForward();
  this->Backward(&run, 1, 0);
  const vector<double> once = this->CenterDiff(&run);
  this->Backward(&run, 0.001, 0);
  EXPECT_EQ(once, this->CenterDiff(&run));
}

TYPED_TEST(CenterLossLayerTest, NothingThatCountsGivesZero) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> run(this->Text(3, "loss_param { ignore_label: 255 }"),
                       {{2, 4}, {2}});
  run.SetBottom(1, {255, 255});
  EXPECT_EQ(0, run.Run());
  this->Backward(&run, 1, 0);
  EXPECT_EQ(vector<double>(8, 0.), run.BottomDiff());
  EXPECT_EQ(vector<double>(12, 0.), this->CenterDiff(&run));
}

TYPED_TEST(CenterLossLayerTest, AnotherBatchSizeAfterSetUp) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> kept(this->Text(3), {{4, 6}, {4}});
  kept.SetBottom(1, {0, 1, 2, 0});
  kept.SetUpAndForward();
  for (int N : {70, 1, 9}) {
    LayerCase<Dtype> fresh(this->Text(3), {{N, 6}, {N}});
    kept.bottom(0)->Reshape({N, 6});
    kept.bottom(1)->Reshape({N});
    vector<double> labels(N);
    for (int i = 0; i < N; ++i) labels[i] = i % 3;
    fresh.SetUp();
    fresh.Set(fresh.param(0), kept.ParamData(0));
    for (auto* run : {&fresh, &kept}) {
      run->Fill(run->bottom(), N);
      run->SetBottom(1, labels);
      run->Forward();
      this->Backward(run, 1, 0);
    }
    EXPECT_EQ(fresh.TopData(), kept.TopData());
    EXPECT_EQ(fresh.BottomDiff(), kept.BottomDiff());
    EXPECT_EQ(this->CenterDiff(&fresh), this->CenterDiff(&kept));
  }
}

TYPED_TEST(CenterLossLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  vector<double> labels(900);
  for (int i = 0; i < 900; ++i) labels[i] = i * 7 % 31;
  ExpectSameForAnyThreads<Dtype>(
      "type: 'CenterLoss' center_loss_param { num_output: 31 }",
      {{900, 257}, {900}}, labels);
}

TYPED_TEST(CenterLossLayerTest, LabelsThatAreNoClassAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  const auto message = [&](const vector<double>& labels) {
    LayerCase<Dtype> run(this->Text(4), {{3, 2}, {3}});
    run.SetBottom(1, labels);
    return run.InputError();
  };
  EXPECT_EQ("", message({3, 0, 1}));
  EXPECT_EQ("the label of row 2 is 4; there are 4 classes (0 to 3)",
            message({3, 0, 4}));
  EXPECT_EQ("the label of row 0 is -1; there are 4 classes (0 to 3)",
            message({-1, 0, 0}));
  EXPECT_EQ(
      "the label of row 1 is nan, no number; there are 4 classes (0 to 3)",
      message({1, NAN, 0}));
}

// With a rate of 1 a centre moves towards the mean of its n rows by n/(n + 1)
// of the way.
TEST(CenterLossTest, TheSolverMovesTheCentresByThePapersRule) {
  Caffe::set_random_seed(3);
  const SolverParameter param = ParseSolver(
      "base_lr: 0.5 lr_policy: 'fixed' max_iter: 1 solver_mode: CPU"
      " random_seed: 5 snapshot_after_train: false",
      "layer { name: 'data' type: 'DummyData' top: 'x' top: 'y'"
      " dummy_data_param { shape { dim: 3 dim: 2 } shape { dim: 3 }"
      " data_filler { type: 'constant' value: 4 }"
      " data_filler { type: 'constant' value: 1 } } }"
      "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'f'"
      " param { lr_mult: 0 } param { lr_mult: 0 } inner_product_param {"
      " num_output: 1 weight_filler { type: 'constant' value: 1 } } }"
      "layer { name: 'loss' type: 'CenterLoss' bottom: 'f' bottom: 'y'"
      " top: 'loss' loss_weight: 0.01 param { lr_mult: 2 }"
      " center_loss_param { num_output: 2 } }");
  auto solver = MakeSolver<double>(param);
  solver->Solve();
  const auto centers = solver->net()->layer_by_name("loss")->blobs()[0];
  EXPECT_EQ(0, centers->cpu_data()[0]);
  EXPECT_DOUBLE_EQ(8 * 3 / 4., centers->cpu_data()[1]);
}

TEST(CenterLossTest, WhatIsRefused) {
  const string text = "type: 'CenterLoss' center_loss_param { ";
  ExpectRefused(text + "}", {{6, 4}, {6}}, 1,
                {"center_loss_param: num_output is left out; wanted at least "
                 "1"});
  ExpectRefused(text + "num_output: 0 }", {{6, 4}, {6}}, 1,
                {"num_output is 0"});
  ExpectRefused(text + "num_output: 3 }", {{6, 4}, {5}}, 1,
                {"bottom 1 (labels) has shape 5 (5)", "each of the 6 rows",
                 "(features), shape 6 4 (24)"});
  ExpectRefused(text + "num_output: 3 axis: 2 }", {{6, 4}, {6}}, 1, {"axis"});
  ExpectRefused(
      text + "num_output: 3 } blobs { shape { dim: 1 dim: 2 } data: [1, 1] }",
      {{6, 4}, {6}}, 1, {"stored centres have shape 1 2 (2); wanted 3 4 (12)"});
}

}  // namespace caffe
