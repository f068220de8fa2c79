// What all metric losses share: statistics as tops and for the solver, a margin
// that grows, and the options of batch losses that change on the way: a
// schedule of minings, a memory bank.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/layers/batch_triplet_loss_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "test/mining/mining_reference.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class MetricLossLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;

  static MetricLossLayer<Dtype>* LayerOf(Runner* run) {
    return static_cast<MetricLossLayer<Dtype>*>(run->layer());
  }
  static metric::BatchHealth HealthOf(Runner* run) {
    return LayerOf(run)->Health(run->bottoms());
  }
  static vector<double> Doubles(const vector<Dtype>& values) {
    return vector<double>(values.begin(), values.end());
  }
  static void FillLabels(int people, Runner* run) {
    const int B = run->bottom(1)->count();
    vector<Dtype> labels(B);
    for (int i = 0; i < B; ++i) labels[i] = static_cast<Dtype>(i % people);
    run->SetBottom(1, labels);
  }
};
TYPED_TEST_SUITE(MetricLossLayerTest, TestDtypesAndDevices);

// Rows (anchor, positive, negative) on a line:
//   0 1 3: 1 - 9 + 2 < 0     0 2 1: 4 - 1 + 2 = 5     0 0 0: 0 - 0 + 2 = 2
TYPED_TEST(MetricLossLayerTest, TripletLossTellsOfItsRows) {
  typedef typename TypeParam::Dtype Dtype;
  for (const bool weighted : {false, true}) {
    LayerRunner<Dtype> run(
        "type: 'TripletLoss' triplet_loss_param { margin: 2 }",
        weighted ? vector<vector<int>>{{3, 1}, {3, 1}, {3, 1}, {3}}
                 : vector<vector<int>>{{3, 1}, {3, 1}, {3, 1}},
        4);
    run.SetBottom(0, {0, 0, 0});
    run.SetBottom(1, {1, 2, 0});
    run.SetBottom(2, {3, 1, 0});
    if (weighted) run.SetBottom(3, {1, 0.5, 0});
    run.SetUpAndForward();
    EXPECT_NEAR(run.Top(0)[0], weighted ? 2.5 : 7, 1e-6);
    EXPECT_NEAR(run.Top(1)[0], weighted ? 0.5 : 2 / 3., 1e-6);
    EXPECT_EQ(run.Top(2)[0], weighted ? 2 : 3);
    const vector<Dtype> told = run.Top(3);
    ASSERT_EQ(told.size(), static_cast<size_t>(metric::kStatisticsValues));
    EXPECT_NEAR(told[2], 5 / 3., 1e-6);  // mean of d(a,p)
    EXPECT_EQ(told[7], 4);               // the greatest
    EXPECT_EQ(told[9], 0);               // the least d(a,n)
    EXPECT_NEAR(told[14], 7 / 9., 1e-6);
    EXPECT_EQ(told[16], 1);              // row 1 has the farthest positive
    EXPECT_EQ(told[18], 2);
    const metric::BatchHealth health = this->HealthOf(&run);
    EXPECT_EQ(health.count.tuples, weighted ? 2 : 3);
    EXPECT_EQ(health.count.active, weighted ? 1 : 2);
    EXPECT_TRUE(health.hinged);
    EXPECT_NEAR(health.loss, weighted ? 2.5 / 1.5 : 7 / 3., 1e-6);
    EXPECT_EQ(health.collapsed_loss, 2);
    // 0 0 0 1 2 0 3 1 0: mean 7/9, mean square 15/9.
    EXPECT_NEAR(health.rows.spread, std::sqrt(15 / 9. - 49 / 81.), 1e-6);
  }
}

TYPED_TEST(MetricLossLayerTest, AHardHingeWithoutAMarginIsWarnedOf) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* options : {"margin: 0", "margin: 0 hinge: SOFT",
                              "margin: 0.1", "margin: 0 mining: SEMI_HARD"}) {
    LayerRunner<Dtype> run(string("name: 'm' type: 'BatchTripletLoss' "
                                  "batch_triplet_loss_param { ") +
                               options + " }",
                           {{4, 1}, {4}}, 1);
    testing::internal::CaptureStderr();
    run.SetUpAndForward();
    const string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(log.find("layer 'm' (BatchTripletLoss): margin is 0 with a hard "
                       "hinge") != string::npos,
              string(options) == "margin: 0" ||
                  string(options).find("SEMI") != string::npos)
        << options << "\n" << log;
  }
}

// A soft hinge has a loss on each row; active are those with h > 0 all the
// same.
TYPED_TEST(MetricLossLayerTest, ActiveIsTheHingesSide) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      "type: 'TripletLoss' triplet_loss_param { margin: 0 hinge: SOFT "
      "intra_weight: 1 }",
      {{3, 1}, {3, 1}, {3, 1}}, 2);
  run.SetBottom(0, {0, 0, 0});
  run.SetBottom(1, {1, 2, 1});
  run.SetBottom(2, {3, 1, 2});
  run.SetUpAndForward();
  EXPECT_NEAR(run.Top(1)[0], 1 / 3., 1e-6);
  EXPECT_NEAR(this->HealthOf(&run).collapsed_loss, std::log(2.), 1e-12);
}

// Distances 5 (similar), 2 and 0.5 (not), margin 1: losses 25, 0 and 0.25.
TYPED_TEST(MetricLossLayerTest, ContrastiveLossTellsOfItsPairs) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      "type: 'ContrastiveLoss' contrastive_loss_param { margin: 1 }",
      {{3, 1}, {3, 1}, {3}}, 4);
  run.SetBottom(0, {0, 0, 0});
  run.SetBottom(1, {5, 2, 0.5});
  run.SetBottom(2, {1, 0, 0});
  run.SetUpAndForward();
  EXPECT_NEAR(run.Top(0)[0], 25.25 / 6, 1e-5);
  EXPECT_NEAR(run.Top(1)[0], 2 / 3., 1e-6);
  EXPECT_EQ(run.Top(2)[0], 3);
  EXPECT_EQ(run.Top(3)[2], 5);
  EXPECT_EQ(run.Top(3)[9], Dtype(0.5));
  const metric::BatchHealth health = this->HealthOf(&run);
  EXPECT_FALSE(health.hinged);
  EXPECT_NEAR(health.loss, 25.25 / 3, 1e-5);
  EXPECT_NEAR(health.collapsed_loss, 2 / 3., 1e-6);
}

TYPED_TEST(MetricLossLayerTest, BatchTripletLossTellsOfItsBatch) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* normalization : {"NONE", "VALID", "BATCH_SIZE"}) {
    LayerRunner<Dtype> run(
        string("type: 'BatchTripletLoss' batch_triplet_loss_param { margin: 1 "
               "} loss_param { normalization: ") + normalization + " }",
        {{4, 1}, {4}}, 4);
    // As in BatchHardByHand: h = 1 and 4 of four triplets.
    run.SetBottom(0, {0, 1, 2, 4});
    run.SetBottom(1, {7, 7, -3.5, -3.5});
    run.SetUpAndForward();
    const metric::BatchHealth health = this->HealthOf(&run);
    EXPECT_EQ(health.count.tuples, 4);
    EXPECT_EQ(health.count.active, 2);
    EXPECT_NEAR(health.loss, 5 / 4., 1e-6);
    EXPECT_EQ(health.collapsed_loss, 1);
    EXPECT_NEAR(health.rows.norm, 7 / 4., 1e-6);
    // Squared: 1 and 4 of one person, 4 16 1 9 of two.
    EXPECT_EQ(run.Top(3)[2], Dtype(2.5));
    EXPECT_EQ(run.Top(3)[8], Dtype(7.5));
    EXPECT_EQ(run.Top(3)[16], 2);
    EXPECT_EQ(run.Top(3)[17], 3);
    EXPECT_EQ(run.Top(3)[18], 1);
    EXPECT_EQ(run.Top(3)[19], 2);
  }
}

TYPED_TEST(MetricLossLayerTest, TheMarginGrowsToItsValue) {
  typedef typename TypeParam::Dtype Dtype;
  const string warmup =
      "margin: 3 margin_warmup_iter: 10 margin_warmup_start: 1";
  // All rows equal, so that the loss is the margin.
  LayerRunner<Dtype> triplets(
      "type: 'TripletLoss' triplet_loss_param { " + warmup + " }",
      {{1, 2}, {1, 2}, {1, 2}});
  LayerRunner<Dtype> batch(
      "type: 'BatchTripletLoss' batch_triplet_loss_param { " + warmup + " }",
      {{4, 2}, {4}});
  this->FillLabels(2, &batch);
  for (auto* run : {&triplets, &batch}) {
    for (int i = 0; i < 3 && i < static_cast<int>(run->bottoms().size());
         ++i) {
      if (run == &batch && i == 1) continue;
      caffe_set(run->bottom(i)->count(), Dtype(0.5),
                run->bottom(i)->mutable_cpu_data());
    }
    run->SetUp();
    const int iterations[] = {0, 5, 9, 10, 1000};
    const double margins[] = {1, 2, 2.8, 3, 3};
    for (int k = 0; k < 5; ++k) {
      run->layer()->set_iteration(iterations[k]);
      run->Forward();
      EXPECT_NEAR(run->Top(0)[0], margins[k], 1e-6) << iterations[k];
      EXPECT_NEAR(this->HealthOf(run).collapsed_loss, margins[k], 1e-6);
    }
  }
}

TYPED_TEST(MetricLossLayerTest, TheScheduleChangesTheMining) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      "type: 'BatchTripletLoss' batch_triplet_loss_param { mining: SEMI_HARD "
      "mining_schedule { from_iter: 5 mining: BATCH_HARD } "
      "mining_schedule { from_iter: 7 mining: BATCH_ALL } }",
      {{12, 3}, {12}}, 3);
  this->FillLabels(3, &run);
  run.SetUp();
  // One a pair; one an anchor; all.
  const struct {
    int iteration, triplets, stage;
  } cases[] = {{0, 36, 0}, {4, 36, 0}, {5, 12, 1}, {6, 12, 1},
               {7, 288, 2}, {900, 288, 2}, {0, 36, 0}};
  for (const auto& one : cases) {
    run.layer()->set_iteration(one.iteration);
    run.Forward();
    EXPECT_EQ(run.Top(2)[0], one.triplets) << one.iteration;
    EXPECT_EQ(this->HealthOf(&run).stage, one.stage);
  }
  // Eased, batch-hard becomes semi-hard, and all becomes batch-all.
  this->LayerOf(&run)->set_ease(1);
  run.layer()->set_iteration(5);
  run.Forward();
  EXPECT_EQ(run.Top(2)[0], 36);
  this->LayerOf(&run)->set_ease(2);
  run.Forward();
  EXPECT_EQ(run.Top(2)[0], 288);
}

// Loss and gradient of each batch against the reference over bank and batch.
TYPED_TEST(MetricLossLayerTest, ABankJoinsTheBatch) {
  typedef typename TypeParam::Dtype Dtype;
  const int D = 3, kSize = 10, kStart = 2;
  for (const char* mining : {"BATCH_ALL", "BATCH_HARD", "SEMI_HARD"}) {
    for (const char* distance : {"SQUARED_L2", "L2", "COSINE"}) {
      LayerRunner<Dtype> run(
          string("type: 'BatchTripletLoss' batch_triplet_loss_param { margin: "
                 "0.6 mining: ") + mining + " distance: " + distance +
              " memory_bank { size: 10 start_iter: 2 } } "
              "loss_param { normalization: BATCH_SIZE }",
          {{6, D}, {6}}, 3);
      run.SetUp();
      metric::MiningOptions options;
      BatchTripletLossParameter::Mining by_name;
      BatchTripletLossParameter::Distance distance_by_name;
      ASSERT_TRUE(BatchTripletLossParameter::Mining_Parse(mining, &by_name));
      ASSERT_TRUE(BatchTripletLossParameter::Distance_Parse(
          distance, &distance_by_name));
      options.mining = static_cast<metric::Mining>(by_name);
      options.distance = static_cast<metric::Distance>(distance_by_name);
      options.margin = 0.6f;
      options.normalization = metric::Normalization::kBatchSize;
      vector<double> bank_x, bank_labels;
      for (int pass = 0; pass < 6; ++pass) {
        SCOPED_TRACE(string(mining) + " " + distance + " pass " +
                     std::to_string(pass));
        run.Fill(run.bottom(0), 10 * pass + 1);
        this->FillLabels(2 + pass % 3, &run);
        run.layer()->set_iteration(pass);
        run.Forward();
        // In the bank's order, which decides between equals alone.
        const vector<double> x = this->Doubles(run.Bottom(0));
        const vector<double> labels = this->Doubles(run.Bottom(1));
        vector<double> all_x = bank_x, all_labels = bank_labels;
        all_x.insert(all_x.end(), x.begin(), x.end());
        all_labels.insert(all_labels.end(), labels.begin(), labels.end());
        const MiningReference hand =
            MineByHand(options, all_x, all_labels,
                       static_cast<int>(bank_labels.size()), D, 0);
        EXPECT_NEAR(run.Top(0)[0], hand.loss, 1e-5 * (1 + hand.loss));
        EXPECT_EQ(run.Top(2)[0], hand.triplets.size());
        caffe_set(6 * D, Dtype(NAN), run.bottom()->mutable_cpu_diff());
        run.layer()->Backward(run.tops(), {true, false}, run.bottoms());
        const vector<Dtype> dx = run.Diff(*run.bottom());
        for (int k = 0; k < 6 * D; ++k) {
          EXPECT_NEAR(dx[k], hand.gradient[k], 2e-4) << k;
        }
        if (this->HasFailure()) return;
        if (pass < kStart) continue;
        bank_x = all_x;
        bank_labels = all_labels;
        const int over = std::max<int>(0, bank_labels.size() - kSize);
        bank_x.erase(bank_x.begin(), bank_x.begin() + over * D);
        bank_labels.erase(bank_labels.begin(), bank_labels.begin() + over);
      }
    }
  }
}

TYPED_TEST(MetricLossLayerTest, ATestNetHasNoBank) {
  typedef typename TypeParam::Dtype Dtype;
  LayerRunner<Dtype> run(
      "type: 'BatchTripletLoss' phase: TEST batch_triplet_loss_param { "
      "mining: BATCH_ALL memory_bank { size: 10 } }",
      {{6, 3}, {6}}, 3);
  this->FillLabels(2, &run);
  run.SetUp();
  for (int pass = 0; pass < 3; ++pass) {
    run.Forward();
    EXPECT_EQ(run.Top(2)[0], 36);
  }
  EXPECT_FALSE(run.layer()->HasState());
}

}  // namespace
}  // namespace caffe
