// MultibatchLoss, LiftedStructureLoss and NPairLoss: batches worked out by
// hand, gradients, the learned threshold, the GPU beside the CPU, a memory
// bank, what they tell the solver, and what is refused. The losses themselves
// are tested in test_pair_loss.cpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/multibatch_loss_layer.hpp"
#include "caffe/layers/n_pair_loss_layer.hpp"
#include "solver/doctor.hpp"
#include "caffe/test/fixture.hpp"
#include "test/loss/pair_loss_reference.hpp"
#include "test/layers/layer_runner.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

string MultibatchText(const string& options, const string& more = "") {
  return "type: 'MultibatchLoss' multibatch_loss_param { " + options + " } " +
         more;
}
string LiftedText(const string& options, const string& more = "") {
  return "type: 'LiftedStructureLoss' lifted_structure_loss_param { " +
         options + " } " + more;
}
string NPairText(const string& options, const string& more = "") {
  return "type: 'NPairLoss' n_pair_loss_param { " + options + " } " + more;
}

template <typename TypeParam>
class BatchPairLossLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;

  // Points on a line: 0 and 1 of one person, 2 and 5 of another.
  //   same:      1 3   different:  2 5 1 4
  static void SetLine(Runner* run) {
    run->SetBottom(0, {0, 1, 2, 5});
    run->SetBottom(1, {0.5, 0.5, -3, -3});
  }
  static void SetPeople(Runner* run, int people) {
    const int B = run->bottom(1)->count();
    vector<Dtype> labels(B);
    for (int i = 0; i < B; ++i) {
      labels[i] = static_cast<Dtype>(i * 5 % people);
    }
    run->SetBottom(1, labels);
  }
  static vector<Dtype> Gradient(Runner* run, Dtype top_diff = 1) {
    Blob<Dtype>* const x = run->bottom();
    caffe_set(x->count(), std::numeric_limits<Dtype>::quiet_NaN(),
              x->mutable_cpu_diff());
    run->top()->mutable_cpu_diff()[0] = top_diff;
    run->layer()->Backward(run->tops(), {true, false}, run->bottoms());
    return run->Diff(*x);
  }
  static metric::BatchHealth HealthOf(Runner* run) {
    return static_cast<MetricLossLayer<Dtype>*>(run->layer())
        ->Health(run->bottoms());
  }
};

TYPED_TEST_SUITE(BatchPairLossLayerTest, TestDtypesAndDevices);

// Each pair in both of its orders. Of one person d - 3 + 1.5: 0, 1.5; of two
// 3 - d + 1.5: 2.5, -0.5, 3.5, 0.5.
TYPED_TEST(BatchPairLossLayerTest, MultibatchByHand) {
  typedef typename TypeParam::Dtype Dtype;
  const struct {
    const char* more;
    double same, different;  // weights
  } cases[] = {{"", 1 / 12., 1 / 12.},
               {"balance: true", 1 / 4., 1 / 8.},
               {"} loss_param { normalization: NONE", 1, 1}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.more);
    LayerRunner<Dtype> run(
        MultibatchText(string("distance: L2 threshold: 3 margin: 1.5 ") +
                       one.more),
        {{4, 1}, {4}}, 3);
    this->SetLine(&run);
    run.SetUpAndForward();
    EXPECT_NEAR(2 * (1.5 * one.same + 6.5 * one.different), run.Top(0)[0],
                1e-5);
    EXPECT_NEAR(4 / 6., run.Top(1)[0], 1e-6);
    EXPECT_EQ(12, run.Top(2)[0]);
    run.layer()->blobs()[0]->mutable_cpu_diff()[0] = 10;
    const vector<Dtype> dx = this->Gradient(&run, 2);
    // Of the pairs (2, 5) and (0, 2), (1, 2), (1, 5).
    const double s = 4 * one.same, n = 4 * one.different;
    const vector<double> want = {n, 2 * n, -2 * n - s, s - n};
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(want[i], dx[i], 1e-5) << i;
    EXPECT_NEAR(10 + 3 * n - s,
                run.layer()->blobs()[0]->cpu_diff()[0], 1e-5);
    const metric::BatchHealth health = this->HealthOf(&run);
    EXPECT_NEAR(16 / 12., health.loss, 1e-6);
    // At distance 0: of two people 4.5 each.
    EXPECT_NEAR(8 * 4.5 / 12, health.collapsed_loss, 1e-6);
  }
}

TYPED_TEST(BatchPairLossLayerTest, LiftedStructureByHand) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(LiftedText("margin: 1"), {{4, 1}, {4}}, 3);
  this->SetLine(&run);
  run.SetUpAndForward();
  const double sum = std::exp(-1.) + std::exp(-4.) + 1 + std::exp(-3.);
  const double one = std::log(sum) + 1, two = std::log(sum) + 3;
  EXPECT_NEAR((one * one + two * two) / 4, run.Top(0)[0], 1e-5);
  EXPECT_EQ(1, run.Top(1)[0]);
  EXPECT_EQ(4, run.Top(2)[0]);
  // Row 0: the pair with 1, and its negatives 2 and 5 in both sums.
  const vector<Dtype> dx = this->Gradient(&run);
  const double share = (std::exp(-1.) + std::exp(-4.)) / sum;
  EXPECT_NEAR((-one + (one + two) * share) / 2, dx[0], 1e-5);
  const metric::BatchHealth health = this->HealthOf(&run);
  EXPECT_NEAR((one * one + two * two) / 4, health.loss, 1e-5);
  EXPECT_NEAR(std::pow(1 + std::log(4.), 2) / 2, health.collapsed_loss, 1e-5);
}

// Rows (1, 0), (2, 1), (0, 1), (1, 1): the pairs (0, 1) and (2, 3), with the
// negatives 3 and 1.
TYPED_TEST(BatchPairLossLayerTest, NPairByHand) {
  typedef typename TypeParam::Dtype Dtype;
  for (const double l2 : {0., 0.5}) {
    LayerRunner<Dtype> run(NPairText("l2_weight: " + std::to_string(l2)),
                           {{4, 2}, {4}}, 3);
    run.SetBottom(0, {1, 0, 2, 1, 0, 1, 1, 1});
    run.SetBottom(1, {0, 0, 1, 1});
    run.SetUpAndForward();
    // Products 2 and 1; 1 and 1.
    const double loss = (std::log1p(std::exp(-1.)) + std::log(2.)) / 2;
    EXPECT_NEAR(loss + l2 * 9 / 4, run.Top(0)[0], 1e-6);
    EXPECT_EQ(2, run.Top(2)[0]);
    const vector<Dtype> dx = this->Gradient(&run);
    // Row 0: q (x_3 - x_1), q = 1 / (1 + e).
    EXPECT_NEAR(-1 / (1 + std::exp(1.)) / 2 + l2 / 2, dx[0], 1e-6);
    EXPECT_NEAR(0, dx[1], 1e-6);
    const metric::BatchHealth health = this->HealthOf(&run);
    EXPECT_NEAR(loss, health.loss, 1e-6);
    EXPECT_NEAR(std::log(2.), health.collapsed_loss, 1e-6);
  }
  LayerRunner<Dtype> all(NPairText("pairs: ALL"), {{4, 2}, {4}}, 3);
  all.SetBottom(0, {1, 0, 2, 1, 0, 1, 1, 1});
  all.SetBottom(1, {0, 0, 1, 1});
  all.SetUpAndForward();
  // (0, 1): 2 against 0, 1; (1, 0): 2 against 1, 3; (2, 3): 1 against 0, 1;
  // (3, 2): 1 against 1, 3.
  const double e = std::exp(1.);
  EXPECT_NEAR((std::log(1 + 1 / e / e + 1 / e) + std::log(1 + 1 / e + e) +
               std::log(1 + 1 / e + 1) + std::log(1 + 1 + e * e)) / 4,
              all.Top(0)[0], 1e-6);
  EXPECT_NEAR(3 / 4., all.Top(1)[0], 1e-6);
}

TYPED_TEST(BatchPairLossLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  vector<string> texts;
  for (const char* distance : {"SQUARED_L2", "L2", "COSINE"}) {
    const string options = string("margin: 0.8 distance: ") + distance;
    texts.push_back(MultibatchText(options + " threshold: 1.3"));
    texts.push_back(LiftedText(options));
  }
  texts.push_back(MultibatchText("balance: true", "loss_weight: 3.7"));
  texts.push_back(LiftedText("", "loss_param { normalization: NONE }"));
  texts.push_back(NPairText("l2_weight: 0.3", "loss_weight: 3.7"));
  texts.push_back(NPairText("pairs: ALL"));
  for (size_t t = 0; t < texts.size(); ++t) {
    const string& text = texts[t];
    // An emulated GPU is slow, and compared with the CPU above all.
    if (TypeParam::device == Caffe::GPU && t % 3 != 0) continue;
    SCOPED_TRACE(text);
    LayerRunner<Dtype> run(text, {{8, 3}, {8}});
    this->SetPeople(&run, 3);
    GradientChecker<Dtype> checker(1e-4, 1e-6);
    checker.CheckGradientExhaustive(run.layer(), run.bottoms(), run.tops(),
                                    0);
  }
}

// Some rows are duplicates, or nearly; people lie mixed, and sizes are not
// those of blocks of threads; a bank fills up on the way.
TYPED_TEST(BatchPairLossLayerTest, EachDeviceComputesTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  if (TypeParam::device == Caffe::CPU) return;
  const double tolerance = sizeof(Dtype) == sizeof(double) ? 1e-9 : 4e-3;
  const string bank = " memory_bank { size: 50 }";
  for (const string& text :
       {MultibatchText("threshold: 3"), MultibatchText("distance: L2" + bank),
        MultibatchText("distance: COSINE balance: true"), LiftedText(""),
        LiftedText("distance: SQUARED_L2" + bank), LiftedText(bank),
        LiftedText("distance: COSINE" + bank), NPairText("l2_weight: 0.1"),
        NPairText(bank), NPairText("pairs: ALL" + bank)}) {
    for (const int B : {1, 2, 37, 90}) {
      SCOPED_TRACE(text + " B " + std::to_string(B));
      vector<Dtype> tops[2], dx[2], slope[2];
      for (int r = 0; r < 2; ++r) {
        Caffe::set_mode(r == 0 ? Caffe::CPU : Caffe::GPU);
        LayerRunner<Dtype> run(text, {{B, 5}, {B}}, 3);
        this->SetPeople(&run, 1 + B / 4);
        run.SetUp();
        for (int pass = 0; pass < 3; ++pass) {
          run.Fill(run.bottom(), pass);
          for (int i = 1; i < B; i += 6) {
            std::copy_n(run.bottom()->cpu_data(), 5,
                        run.bottom()->mutable_cpu_data() + 5 * i);
            if (i % 2 == 0) {
              run.bottom()->mutable_cpu_data()[5 * i] += Dtype(1) / (1 << 18);
            }
          }
          run.Forward();
          for (int t = 0; t < 3; ++t) tops[r].push_back(run.Top(t)[0]);
          const vector<Dtype> diff = this->Gradient(&run, 3);
          dx[r].insert(dx[r].end(), diff.begin(), diff.end());
        }
        for (const auto& blob : run.layer()->blobs()) {
          slope[r] = run.Diff(*blob);
        }
      }
      for (size_t k = 0; k < tops[0].size(); ++k) {
        EXPECT_NEAR(tops[0][k], tops[1][k],
                    tolerance * (1 + std::fabs(tops[0][k])));
      }
      for (size_t k = 0; k < dx[0].size(); ++k) {
        ASSERT_NEAR(dx[0][k], dx[1][k], tolerance) << k;
      }
      for (size_t k = 0; k < slope[0].size(); ++k) {
        EXPECT_NEAR(slope[0][k], slope[1][k], tolerance);
      }
    }
  }
}

TYPED_TEST(BatchPairLossLayerTest, ABankJoinsTheBatch) {
  typedef typename TypeParam::Dtype Dtype;
  const string bank = " memory_bank { size: 9 start_iter: 1 }";
  for (int which = 0; which < 3; ++which) {
    LayerRunner<Dtype> run(which == 0   ? MultibatchText(bank)
                           : which == 1 ? LiftedText(bank)
                                        : NPairText("pairs: ALL" + bank),
                           {{6, 2}, {6}}, 3);
    run.SetUp();
    LabelledRows rows;
    rows.D = 2;
    for (int pass = 0; pass < 5; ++pass) {
      SCOPED_TRACE(std::to_string(which) + " pass " + std::to_string(pass));
      run.Fill(run.bottom(), 7 * pass);
      this->SetPeople(&run, 2 + pass % 3);
      run.layer()->set_iteration(pass);
      run.Forward();
      rows.bank = rows.B();
      for (const Dtype value : run.Bottom(0)) rows.x.push_back(value);
      for (const Dtype value : run.Bottom(1)) rows.labels.push_back(value);
      metric::PairLossOptions options;
      metric::NPairOptions all;
      all.disjoint = false;
      if (which == 1) {
        options.loss = metric::PairLoss::kLifted;
        options.distance = metric::Distance::kL2;
      }
      const PairReference hand = which < 2 ? PairLossByHand(options, 2, rows)
                                           : NPairByHand(all, rows);
      EXPECT_NEAR(hand.loss, run.Top(0)[0], 1e-4 * (1 + hand.loss));
      EXPECT_EQ(hand.pairs, run.Top(2)[0]);
      const vector<Dtype> dx = this->Gradient(&run);
      for (int k = 0; k < 12; ++k) {
        EXPECT_NEAR(hand.gradient[k], dx[k], 1e-3) << k;
      }
      const int keep = pass == 0 ? 0 : 9;
      const int over = std::max(0, rows.B() - keep);
      rows.x.erase(rows.x.begin(), rows.x.begin() + 2 * over);
      rows.labels.erase(rows.labels.begin(), rows.labels.begin() + over);
    }
  }
}

TYPED_TEST(BatchPairLossLayerTest, AnotherBatchSizeAfterSetUp) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string& text :
       {MultibatchText(""), LiftedText(""), NPairText("")}) {
    LayerRunner<Dtype> kept(text, {{8, 4}, {8}});
    kept.SetUp();
    for (const int B : {8, 50, 1, 3, 30}) {
      LayerRunner<Dtype> fresh(text, {{B, 4}, {B}});
      kept.bottom(0)->Reshape({B, 4});
      kept.bottom(1)->Reshape({B});
      for (auto* run : {&kept, &fresh}) {
        run->Fill(run->bottom(0), B);
        this->SetPeople(run, 1 + B / 4);
      }
      fresh.SetUp();
      fresh.Forward();
      kept.Forward();
      EXPECT_EQ(fresh.Top(0)[0], kept.Top(0)[0]);
      EXPECT_EQ(this->Gradient(&fresh), this->Gradient(&kept));
    }
  }
}

TYPED_TEST(BatchPairLossLayerTest, TheMarginGrowsToItsValue) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      LiftedText("margin: 3 margin_warmup_iter: 10 margin_warmup_start: 1"),
      {{4, 2}, {4}});
  this->SetPeople(&run, 2);
  caffe_set(8, Dtype(0.5), run.bottom()->mutable_cpu_data());
  run.SetUp();
  const int iterations[] = {0, 5, 10, 99};
  const double margins[] = {1, 2, 3, 3};
  for (int k = 0; k < 4; ++k) {
    run.layer()->set_iteration(iterations[k]);
    run.Forward();
    const double J = margins[k] + std::log(4.);
    EXPECT_NEAR(J * J / 2, run.Top(0)[0], 1e-5);
    EXPECT_NEAR(J * J / 2, this->HealthOf(&run).collapsed_loss, 1e-5);
  }
}

TYPED_TEST(BatchPairLossLayerTest, ARowThatIsNotFiniteIsNamed) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string& text :
       {MultibatchText(""), LiftedText(""), NPairText("")}) {
    LayerRunner<Dtype> run(text, {{6, 4}, {6}});
    this->SetPeople(&run, 2);
    run.SetUp();
    run.bottom()->mutable_cpu_data()[3 * 4 + 1] =
        std::numeric_limits<Dtype>::quiet_NaN();
    try {
      run.Forward();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind());
      EXPECT_NE(string::npos, string(error.what()).find("row 3"))
          << error.what();
    }
  }
}

// What is one point and stays so is called that.
TYPED_TEST(BatchPairLossLayerTest, TheDoctorKnowsOnePoint) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string& text :
       {MultibatchText(""), MultibatchText("margin: 3"), LiftedText(""),
        LiftedText("distance: COSINE"), NPairText(""),
        NPairText("pairs: ALL")}) {
    SCOPED_TRACE(text);
    LayerRunner<Dtype> run(text, {{12, 3}, {12}});
    this->SetPeople(&run, 4);
    run.SetUp();
    LossDoctor doctor("pairs");
    vector<Diagnosis> news;
    for (int i = 0; i < 60; ++i) {
      for (int k = 0; k < 36; ++k) {
        run.bottom()->mutable_cpu_data()[k] =
            static_cast<Dtype>(0.6 + 1e-3 * std::sin(k * (i + 1)));
      }
      run.Forward();
      doctor.Add(this->HealthOf(&run));
      for (const Diagnosis& one : doctor.Look(i)) news.push_back(one);
    }
    ASSERT_EQ(1u, news.size());
    EXPECT_EQ(Failure::kPoint, news[0].failure);
    EXPECT_EQ(0, news[0].since);
  }
}

// Points about three corners, told apart by a line's worth of embedding.
TEST(BatchPairLossTrainingTest, EachLossLearnsAndTheThresholdMoves) {
  for (const string& loss :
       {MultibatchText("threshold: 0.5 margin: 0.25"), LiftedText(""),
        NPairText("l2_weight: 0.002")}) {
    SCOPED_TRACE(loss);
    auto solver = MakeSolver<double>(ParseSolver(
        "base_lr: 0.02 lr_policy: 'fixed' momentum: 0.9 solver_mode: CPU"
        " random_seed: 4 max_iter: 100 snapshot_after_train: false",
        "layer { name: 'in' type: 'Input' top: 'x' top: 'y' input_param {"
        " shape { dim: 24 dim: 5 } shape { dim: 24 } } }"
        "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'e'"
        " inner_product_param { num_output: 4 weight_filler {"
        " type: 'xavier' } } }"
        "layer { name: 'loss' bottom: 'e' bottom: 'y' top: 'loss' " + loss +
            " }"));
    Rng random(3, 0);
    for (int i = 0; i < 24; ++i) {
      solver->net()->blob_by_name("y")->mutable_cpu_data()[i] = i % 3;
      for (int k = 0; k < 5; ++k) {
        solver->net()->blob_by_name("x")->mutable_cpu_data()[5 * i + k] =
            (k == i % 3) + random.Uniform(-0.7, 0.7);
      }
    }
    double before, after;
    solver->net()->Forward(&before);
    const auto layer = solver->net()->layer_by_name("loss");
    const vector<Blob<double>*> bottoms = {
        solver->net()->blob_by_name("e").get(),
        solver->net()->blob_by_name("y").get()};
    LossDoctor doctor("pairs");
    for (int i = 0; i < 300; ++i) {
      solver->Step(1);
      doctor.Add(static_cast<MetricLossLayer<double>*>(layer.get())
                     ->Health(bottoms));
      EXPECT_TRUE(doctor.Look(i).empty());
    }
    solver->net()->Forward(&after);
    EXPECT_LT(after, 0.75 * before);
    if (!layer->blobs().empty()) {
      EXPECT_GT(std::fabs(layer->blobs()[0]->cpu_data()[0] - 0.5), 0.01);
    }
  }
}

TEST(BatchPairLossLayersTest, WhatIsRefused) {
  const vector<vector<int>> shapes = {{6, 4}, {6}};
  const struct {
    string text;
    vector<string> parts;
  } cases[] = {
      {MultibatchText("margin: -1"),
       {"multibatch_loss_param: margin is -1", "not negative"}},
      {MultibatchText("threshold: nan"),
       {"multibatch_loss_param: threshold is nan", "must be finite"}},
      {MultibatchText("memory_bank { }"), {"memory_bank has size 0"}},
      {MultibatchText("", "blobs { shape { dim: 2 } data: [1, 1] }"),
       {"stored thresholds have shape 2 (2); wanted 1 (1)"}},
      {LiftedText("margin: inf"),
       {"lifted_structure_loss_param: margin is inf", "finite"}},
      {LiftedText("", "loss_param { ignore_label: 1 }"), {"ignore_label"}},
      {NPairText("l2_weight: -0.5"),
       {"n_pair_loss_param: l2_weight is -0.5", "not negative"}},
      {NPairText("", "loss_param { ignore_label: 1 }"), {"ignore_label"}},
  };
  for (const auto& one : cases) ExpectRefused(one.text, shapes, 1, one.parts);
  for (const string& text :
       {MultibatchText(""), LiftedText(""), NPairText("")}) {
    ExpectRefused(text, {{6, 4}, {5}}, 1,
                  {"labels", "shape 5 (5)", "6 rows"});
    ExpectRefused(text + " loss_weight: 1 loss_weight: 2", shapes, 2,
                  {"loss_weight 1 is 2"});
  }
}

}  // namespace
}  // namespace caffe
