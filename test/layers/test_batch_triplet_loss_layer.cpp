// BatchTripletLoss: a batch worked out by hand, the gradients of each mining,
// statistics, batches without triplets, and what is refused. The mining itself
// is tested in test_mining.cpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/batch_triplet_loss_layer.hpp"
#include "caffe/net.hpp"
#include "caffe/test/fixture.hpp"
#include "net/prototxt.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

string BatchTripletText(const string& options,
                        const string& normalization = "NONE",
                        const string& more = "") {
  return "name: 'loss' type: 'BatchTripletLoss' batch_triplet_loss_param { " +
         options + " } loss_param { normalization: " + normalization + " } " +
         more;
}

template <typename TypeParam>
class BatchTripletLossLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;

  // Points on a line: 0 and 1 of one person, 2 and 4 of another.
  //   anchor  p  n  h (margin 1)
  //   0       1  2  1 - 4 + 1 < 0
  //   1       0  2  1 - 1 + 1 = 1
  //   2       4  1  4 - 1 + 1 = 4
  //   4       2  1  4 - 9 + 1 < 0
  static void SetLine(Runner* run) {
    run->SetBottom(0, {0, 1, 2, 4});
    run->SetBottom(1, {7, 7, -3.5, -3.5});
  }
  static vector<Dtype> Gradient(Runner* run) {
    Blob<Dtype>* const x = run->bottom();
    caffe_set(x->count(), std::numeric_limits<Dtype>::quiet_NaN(),
              x->mutable_cpu_diff());
    run->layer()->Backward(run->tops(), {true, false}, run->bottoms());
    return run->Diff(*x);
  }
  static void SetPeople(Runner* run, int people) {
    const int B = run->bottom(1)->count();
    vector<Dtype> labels(B);
    for (int i = 0; i < B; ++i) labels[i] = static_cast<Dtype>(i % people);
    run->SetBottom(1, labels);
  }
};

TYPED_TEST_SUITE(BatchTripletLossLayerTest, TestDtypesAndDevices);

TYPED_TEST(BatchTripletLossLayerTest, BatchHardByHand) {
  typedef typename TypeParam::Dtype Dtype;
  const struct {
    const char* normalization;
    double factor;
  } cases[] = {
      {"NONE", 1}, {"VALID", 0.5}, {"BATCH_SIZE", 0.25}, {"FULL", 0.25}};
  for (const auto& one : cases) {
    LayerRunner<Dtype> run(
        BatchTripletText("mining: BATCH_HARD", one.normalization),
        {{4, 1}, {4}}, 3);
    this->SetLine(&run);
    run.SetUpAndForward();
    EXPECT_NEAR(run.Top(0)[0], 5 * one.factor, 1e-6);
    EXPECT_EQ(run.Top(1)[0], 0.5);
    EXPECT_EQ(run.Top(2)[0], 4);
    const vector<Dtype> dx = this->Gradient(&run);
    const double want[] = {-2, 6, -8, 4};
    for (int i = 0; i < 4; ++i) {
      EXPECT_NEAR(dx[i], want[i] * one.factor, 1e-5) << i;
    }
  }
}

// The triplets (1, 0, 2) and (2, 4, 1) of batch-hard and, of all others, only
// (2, 4, 0) with h = 4 - 4 + 1 = 1.
TYPED_TEST(BatchTripletLossLayerTest, BatchAllByHand) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(BatchTripletText("mining: BATCH_ALL"), {{4, 1}, {4}},
                         3);
  this->SetLine(&run);
  run.SetUpAndForward();
  EXPECT_NEAR(run.Top(0)[0], 6, 1e-6);
  EXPECT_NEAR(run.Top(1)[0], 3 / 8., 1e-7);
  EXPECT_EQ(run.Top(2)[0], 8);
}

// Anchor 1 takes 4 in place of 2, which is not farther than 0; anchor 2 takes
// none but the farthest, 0; so h = 1 - 9 + 1, and 4 - 4 + 1 = 1.
TYPED_TEST(BatchTripletLossLayerTest, SemiHardByHand) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(BatchTripletText("mining: SEMI_HARD"), {{4, 1}, {4}},
                         3);
  this->SetLine(&run);
  run.SetUpAndForward();
  EXPECT_NEAR(run.Top(0)[0], 1, 1e-6);
  EXPECT_EQ(run.Top(1)[0], 0.25);
  EXPECT_EQ(run.Top(2)[0], 4);
}

TYPED_TEST(BatchTripletLossLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* mining : {"BATCH_ALL", "BATCH_HARD", "SEMI_HARD",
                             "DISTANCE_WEIGHTED", "RANDOM"}) {
    for (const char* distance : {"SQUARED_L2", "L2", "COSINE"}) {
      for (const char* hinge : {"HARD", "SOFT"}) {
        // An emulated GPU is slow, and compared with the CPU above all.
        if (TypeParam::device == Caffe::GPU && hinge == string("SOFT") &&
            distance != string("L2")) {
          continue;
        }
        const string options = string("margin: 0.7 mining: ") + mining +
                               " distance: " + distance + " hinge: " + hinge;
        SCOPED_TRACE(options);
        LayerRunner<Dtype> run(
            BatchTripletText(options, "BATCH_SIZE", "loss_weight: 3.7"),
            {{7, 3}, {7}});
        this->SetPeople(&run, 3);
        GradientChecker<Dtype> checker(1e-4, 1e-6);
        checker.CheckGradientExhaustive(run.layer(), run.bottoms(), run.tops(),
                                        0);
      }
    }
  }
}

// The same triplets and the same gradients in another mode; some rows are
// duplicates, or nearly, people lie mixed, and sizes are not those of blocks of
// threads.
TYPED_TEST(BatchTripletLossLayerTest, EachDeviceMinesTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  if (TypeParam::device == Caffe::CPU) return;
  const double tolerance = sizeof(Dtype) == sizeof(double) ? 1e-9 : 2e-2;
  const Dtype kNear = 1. / (1 << 20);
  for (const char* mining : {"BATCH_ALL", "BATCH_HARD", "SEMI_HARD",
                             "DISTANCE_WEIGHTED", "RANDOM"}) {
    for (const char* more :
         {"distance: SQUARED_L2", "distance: L2", "distance: COSINE",
          "hinge: SOFT", "distance: L2 hinge: SOFT"}) {
      for (int B : {1, 2, 37, 130}) {
        const string text = BatchTripletText(
            string("margin: 0.5 mining: ") + mining + " " + more);
        SCOPED_TRACE(text + " B " + std::to_string(B));
        LayerRunner<Dtype> on_cpu(text, {{B, 7}, {B}}, 3);
        LayerRunner<Dtype> on_gpu(text, {{B, 7}, {B}}, 3);
        vector<Dtype> dx[2];
        int r = 0;
        for (auto* run : {&on_cpu, &on_gpu}) {
          Caffe::set_mode(r == 0 ? Caffe::CPU : Caffe::GPU);
          this->SetPeople(run, 1 + B / 4);
          for (int i = 1; i < B; i += 9) {
            std::copy_n(run->bottom()->cpu_data(), 7,
                        run->bottom()->mutable_cpu_data() + 7 * i);
            // Whoever picks one of a few would pick by rounding.
            if (i % 2 == 0 && mining == string("BATCH_ALL")) {
              run->bottom()->mutable_cpu_data()[7 * i] += kNear;
            }
          }
          run->SetUp();
          Caffe::set_random_seed(3);
          run->Forward();
          dx[r++] = this->Gradient(run);
        }
        EXPECT_EQ(on_cpu.Top(2)[0], on_gpu.Top(2)[0]);
        EXPECT_EQ(on_cpu.Top(1)[0], on_gpu.Top(1)[0]);
        EXPECT_NEAR(on_cpu.Top(0)[0], on_gpu.Top(0)[0],
                    tolerance * (1e-2 + std::fabs(on_cpu.Top(0)[0])));
        for (int k = 0; k < 7 * B; ++k) {
          ASSERT_NEAR(dx[0][k], dx[1][k], tolerance) << k;
        }
      }
    }
  }
}

TYPED_TEST(BatchTripletLossLayerTest, LossWeightScalesTheGradientAlone) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> one(BatchTripletText(""), {{4, 1}, {4}}, 3);
  LayerRunner<Dtype> more(BatchTripletText("", "NONE", "loss_weight: 3"),
                          {{4, 1}, {4}}, 3);
  vector<Dtype> dx[2];
  int r = 0;
  for (auto* run : {&one, &more}) {
    this->SetLine(run);
    run->SetUpAndForward();
    EXPECT_NEAR(run->Top(0)[0], 5, 1e-6);
    dx[r++] = this->Gradient(run);
  }
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(3 * dx[0][i], dx[1][i], 1e-5);
}

TYPED_TEST(BatchTripletLossLayerTest, BatchesWithoutATripletAreCounted) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* mining : {"BATCH_ALL", "SEMI_HARD", "RANDOM"}) {
    LayerRunner<Dtype> run(
        BatchTripletText(string("mining: ") + mining, "VALID"), {{6, 4}, {6}},
        3);
    run.SetUp();
    auto* layer = static_cast<BatchTripletLossLayer<Dtype>*>(run.layer());
    this->SetPeople(&run, 6);
    for (int pass = 1; pass < 4; ++pass) {
      run.Forward();
      EXPECT_EQ(layer->batches_without_triplet(), pass);
      for (int top = 0; top < 3; ++top) EXPECT_EQ(run.Top(top)[0], 0);
      for (Dtype value : this->Gradient(&run)) EXPECT_EQ(value, 0);
    }
    this->SetPeople(&run, 2);
    run.Forward();
    EXPECT_EQ(layer->batches_without_triplet(), 0);
    EXPECT_GT(run.Top(2)[0], 0);
  }
}

TYPED_TEST(BatchTripletLossLayerTest, AnotherBatchSizeAfterSetUp) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* mining : {"BATCH_ALL", "BATCH_HARD", "SEMI_HARD"}) {
    const string text = BatchTripletText(string("mining: ") + mining);
    LayerRunner<Dtype> kept(text, {{8, 4}, {8}});
    kept.SetUp();
    for (int B : {8, 90, 1, 3, 30}) {
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

// A run that is resumed draws on as one that was not stopped: what is drawn
// follows from the place in Caffe::rng() alone, which snapshots hold.
TYPED_TEST(BatchTripletLossLayerTest, DrawsGoOnWhereTheGeneratorStands) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* mining : {"DISTANCE_WEIGHTED", "RANDOM"}) {
    const string text = BatchTripletText(
        string("margin: 9 mining: ") + mining);
    LayerRunner<Dtype> run(text, {{24, 6}, {24}});
    this->SetPeople(&run, 6);
    run.SetUp();
    Caffe::set_random_seed(5);
    run.Forward();
    const uint64_t position = Caffe::rng().position();
    run.Forward();
    const Dtype second = run.Top(0)[0];
    run.Forward();
    EXPECT_NE(run.Top(0)[0], second);
    LayerRunner<Dtype> resumed(text, {{24, 6}, {24}});
    this->SetPeople(&resumed, 6);
    resumed.SetUp();
    Caffe::set_random_seed(5);
    Caffe::rng().Seek(position);
    resumed.Forward();
    EXPECT_EQ(resumed.Top(0)[0], second);
  }
}

TYPED_TEST(BatchTripletLossLayerTest, ARowThatIsNotFiniteIsNamed) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(BatchTripletText(""), {{6, 4}, {6}});
  this->SetPeople(&run, 2);
  run.SetUp();
  run.bottom()->mutable_cpu_data()[3 * 4 + 1] =
      std::numeric_limits<Dtype>::quiet_NaN();
  try {
    run.Forward();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::kInput);
    EXPECT_NE(string(error.what()).find("row 3"), string::npos)
        << error.what();
  }
}

TEST(BatchTripletLossTest, WhatIsRefused) {
  const vector<vector<int>> shapes = {{6, 4}, {6}};
  const struct {
    const char* options;
    vector<string> parts;
  } cases[] = {
      {"margin: -1", {"margin is -1", "not negative"}},
      {"margin: nan", {"margin is", "finite"}},
      {"margin: inf", {"margin is inf", "finite"}},
      {"cutoff: 0", {"cutoff is 0"}},
      {"cutoff: 1 limit: 0.5", {"limit is 0.5", "not below cutoff"}},
      {"margin_warmup_start: -1", {"margin_warmup_start is -1"}},
      {"mining_schedule { mining: BATCH_HARD }", {"without from_iter"}},
      {"mining_schedule { from_iter: 9 }", {"without mining"}},
      {"mining_schedule { from_iter: 0 mining: BATCH_HARD }",
       {"from_iter 0 after 0", "rising"}},
      {"mining_schedule { from_iter: 9 mining: BATCH_HARD } "
       "mining_schedule { from_iter: 9 mining: BATCH_ALL }",
       {"from_iter 9 after 9", "rising"}},
      {"memory_bank { start_iter: 3 }", {"memory_bank has size 0"}},
  };
  for (const auto& one : cases) {
    ExpectRefused(BatchTripletText(one.options), shapes, 1, one.parts);
  }
  ExpectRefused(BatchTripletText(""), {{6, 4}, {5}}, 1,
                {"labels", "shape 5 (5)", "6 rows"});
  ExpectRefused(BatchTripletText("", "NONE", "loss_weight: 1 loss_weight: 2"),
                shapes, 2, {"loss_weight 1 is 2"});
  ExpectRefused(BatchTripletText(""), shapes, 5, {"at most 4 top"});
}

}  // namespace
}  // namespace caffe
