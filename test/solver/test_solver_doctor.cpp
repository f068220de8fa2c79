// A solver and its doctor on small nets that fail in each way: what the log
// says, what STOP and RECOVER do, and that snapshots hold all of it.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"
#include "solver/snapshot.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

// Rows of people in fresh positions: tops rows (B x 8) and labels (B). Label i
// is i mod `num_output` of inner_product_param, and each person's rows lie
// about a point of his own, as far apart as axis says.
template <typename Dtype>
class DoctorPeopleLayer : public Layer<Dtype> {
 public:
  explicit DoctorPeopleLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {
    top[0]->Reshape({kRows, kWidth});
    top[1]->Reshape({kRows});
  }
  const char* type() const override { return "DoctorPeople"; }

 protected:
  static constexpr int kRows = 24, kWidth = 8;
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {
    const auto& param = this->layer_param_.inner_product_param();
    const int people = static_cast<int>(param.num_output());
    for (int i = 0; i < kRows; ++i) {
      top[1]->mutable_cpu_data()[i] = static_cast<Dtype>(i % people);
      for (int k = 0; k < kWidth; ++k) {
        Rng own(77, i % people * kWidth + k);
        top[0]->mutable_cpu_data()[i * kWidth + k] = static_cast<Dtype>(
            param.axis() * own.Gaussian() + Caffe::rng().Gaussian());
      }
    }
  }
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
};
REGISTER_LAYER_CLASS(DoctorPeople);

// A net of one product, Normalize where wanted, and the loss.
struct DoctorNet {
  int people = 6, apart = 1;
  bool unit = true;
  string filler = "type: 'xavier'";
  string loss = "margin: 0.5";
  string more;

  string Text() const {
    string net =
        "layer { name: 'people' type: 'DoctorPeople' top: 'x' top: 'label' "
        "inner_product_param { num_output: " + std::to_string(people) +
        " axis: " + std::to_string(apart) + " } }\n"
        "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc' "
        "inner_product_param { num_output: 4 weight_filler { " + filler +
        " } bias_filler { type: 'constant' value: 0.3 } } }\n";
    if (unit) {
      net += "layer { name: 'unit' type: 'Normalize' bottom: 'fc' "
             "top: 'unit' }\n";
    }
    return net + "layer { name: 'loss' type: 'BatchTripletLoss' bottom: '" +
           (unit ? "unit" : "fc") + "' bottom: 'label' top: 'loss' " + more +
           " batch_triplet_loss_param { " + loss +
           " } loss_param { normalization: BATCH_SIZE } }\n";
  }
};

// What is logged as a warning while it lives.
class WarningLog : public google::LogSink {
 public:
  WarningLog() { google::AddLogSink(this); }
  ~WarningLog() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity severity, const char*, const char*, int,
            const struct ::tm*, const char* message, size_t length) override {
    (severity == google::GLOG_WARNING ? warnings : infos)
        .emplace_back(message, length);
  }
  vector<string> warnings, infos;
};

class SolverDoctorTest : public ::testing::Test {
 protected:
  SolverParameter Param(const DoctorNet& net, const string& options) const {
    return ParseSolver(
        "lr_policy: 'fixed' random_seed: 3 snapshot_after_train: false "
        "max_iter: 400 snapshot_prefix: '" + (folder_ / "s") + "' " + options,
        net.Text());
  }
  // Runs; the warnings.
  vector<string> WarningsOf(const DoctorNet& net, const string& options,
                            int iterations = 400) const {
    auto solver = MakeSolver<float>(Param(net, options));
    WarningLog log;
    solver->Step(iterations);
    return log.warnings;
  }
  static void ExpectWarning(const vector<string>& warnings,
                            const vector<string>& parts) {
    ASSERT_EQ(warnings.size(), 1u);
    for (const string& part : parts) {
      EXPECT_NE(warnings[0].find(part), string::npos)
          << warnings[0] << "\nlacks: " << part;
    }
    EXPECT_EQ(warnings[0].find('\n'), string::npos);
  }
  static string ErrorOf(Solver<float>* solver, int iterations) {
    try {
      solver->Step(iterations);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    return "";
  }
  // Goes on until the run has gone back once.
  static void StepUntilBack(Solver<float>* solver) {
    bool asked = false;
    solver->SetActionFunction([solver, &asked] {
      const bool ask = !asked && solver->recoveries() > 0;
      asked = asked || ask;
      return ask ? SolverAction::STOP : SolverAction::NONE;
    });
    solver->Step(4000);
    EXPECT_EQ(solver->recoveries(), 1);
  }
  static DoctorNet OnePointNet() {
    DoctorNet net;
    // The same for each input: at distance 0 there is no gradient that could
    // part them.
    net.filler = "type: 'constant' value: 0";
    return net;
  }
  // Climbs up the loss, without a bound.
  static DoctorNet ExplodingNet() {
    DoctorNet net;
    net.unit = false;
    net.more = "loss_weight: -1";
    return net;
  }

  ImageFolder folder_;
};

TEST_F(SolverDoctorTest, SilentWhereALossIsLearned) {
  for (const char* mining : {"BATCH_HARD", "SEMI_HARD", "BATCH_ALL"}) {
    for (const char* hinge : {"HARD", "SOFT"}) {
      DoctorNet net;
      net.apart = 2;
      net.loss = string("margin: 0.5 mining: ") + mining + " hinge: " + hinge;
      EXPECT_EQ(WarningsOf(net, "base_lr: 0.05 momentum: 0.9").size(), 0u)
          << mining << " " << hinge;
    }
  }
}

TEST_F(SolverDoctorTest, OnePointIsNamedWithWhatMendsIt) {
  ExpectWarning(WarningsOf(OnePointNet(), "base_lr: 0.01"),
                {"Iteration ", "layer 'loss' (BatchTripletLoss)",
                 "since iteration ", "nearly one point", "mining: SEMI_HARD",
                 "mining_schedule"});
}

TEST_F(SolverDoctorTest, VanishingNormsAreNamed) {
  DoctorNet net;
  net.unit = false;
  net.loss = "margin: 0.5 mining: BATCH_ALL";
  ExpectWarning(WarningsOf(net, "base_lr: 0.01 weight_decay: 20"),
                {"vanish", "weight_decay"});
}

TEST_F(SolverDoctorTest, ExplodingNormsAreNamed) {
  ExpectWarning(WarningsOf(ExplodingNet(), "base_lr: 0.003", 200),
                {"explode", "clip_gradients"});
}

TEST_F(SolverDoctorTest, NoActiveTripletIsNamed) {
  DoctorNet net;
  net.apart = 60;
  net.loss = "margin: 0.001 mining: SEMI_HARD";
  ExpectWarning(WarningsOf(net, "base_lr: 0.001"),
                {"none of the triplets is active", "mining: BATCH_HARD"});
}

TEST_F(SolverDoctorTest, AllActiveWithoutProgressIsNamed) {
  DoctorNet net;
  net.loss = "margin: 9 mining: BATCH_ALL";
  ExpectWarning(WarningsOf(net, "base_lr: 0"),
                {"100 % of the triplets are active, without progress",
                 "base_lr", "margin"});
}

TEST_F(SolverDoctorTest, BatchesWithoutPositivesAreNamed) {
  DoctorNet net;
  net.people = 24;
  ExpectWarning(WarningsOf(net, "base_lr: 0.01", 90),
                {"100 % of the batches hold no triplets",
                 "images_per_identity"});
}

TEST_F(SolverDoctorTest, ValuesThatAreNotFiniteSayWhatToChange) {
  DoctorNet net = ExplodingNet();
  auto solver = MakeSolver<float>(Param(net, "base_lr: 1e15"));
  const string error = ErrorOf(solver.get(), 100);
  EXPECT_NE(error.find("iteration "), string::npos) << error;
  EXPECT_NE(error.find("lower base_lr"), string::npos) << error;
}

TEST_F(SolverDoctorTest, StopEndsTheRunAndWritesNoSnapshot) {
  auto solver = MakeSolver<float>(
      Param(OnePointNet(), "base_lr: 0.01 collapse_action: STOP"));
  const string error = ErrorOf(solver.get(), 400);
  for (const char* part :
       {"stopped at iteration ", "collapse_action: STOP",
        "layer 'loss' (BatchTripletLoss)", "nearly one point",
        "since iteration 0", "to mend it, begin with mining: SEMI_HARD"}) {
    EXPECT_NE(error.find(part), string::npos) << error;
  }
  EXPECT_LT(solver->iter(), 100);
  EXPECT_TRUE(FindStates(folder_ / "s").empty());
}

// The statistics of each metric loss, on one line at display.
TEST_F(SolverDoctorTest, StatisticsAreDisplayed) {
  auto solver = MakeSolver<float>(
      Param(DoctorNet(), "base_lr: 0.01 display: 10"));
  WarningLog log;
  solver->Step(20);
  int lines = 0;
  for (const string& line : log.infos) {
    if (line.find("Train batch of loss: d(a,p) ") != string::npos &&
        line.find("of 24 triplets active, norm 1, spread ") != string::npos) {
      ++lines;
    }
  }
  EXPECT_EQ(lines, 2);
}

TEST_F(SolverDoctorTest, RecoverWantsAPrefix) {
  SolverParameter param =
      Param(DoctorNet(), "base_lr: 0.01 collapse_action: RECOVER");
  param.clear_snapshot_prefix();
  try {
    MakeSolver<float>(param);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(string(error.what()).find("snapshot_prefix is missing"),
              string::npos);
  }
}

// Goes back to the first snapshot with half the rate, again and again.
TEST_F(SolverDoctorTest, RecoverGoesBackAndGivesUpInTheEnd) {
  auto solver = MakeSolver<float>(
      Param(ExplodingNet(), "base_lr: 0.02 collapse_action: RECOVER"));
  const auto& sgd = dynamic_cast<const SGDSolver<float>&>(*solver);
  WarningLog log;
  const string error = ErrorOf(solver.get(), 4000);
  EXPECT_NE(error.find("went back 5 times already"), string::npos) << error;
  EXPECT_EQ(solver->recoveries(), 5);
  EXPECT_FLOAT_EQ(sgd.GetLearningRate(), 0.02f / 32);
  int back = 0;
  for (const string& line : log.warnings) {
    back += line.find("Going back to iteration 0") == 0;
  }
  EXPECT_EQ(back, 5);
}

// From a snapshot on the way, not from one that was ill already.
TEST_F(SolverDoctorTest, RecoverTakesTheLastHealthySnapshot) {
  DoctorNet net = ExplodingNet();
  const string options =
      "base_lr: 0.003 snapshot: 10 collapse_action: RECOVER";
  auto solver = MakeSolver<float>(Param(net, options));
  WarningLog log;
  StepUntilBack(solver.get());
  ASSERT_FALSE(log.warnings.empty());
  const string& line = log.warnings.back();
  int iteration = -1;
  ASSERT_EQ(std::sscanf(line.c_str(), "Going back to iteration %d,",
                        &iteration), 1) << line;
  EXPECT_GT(iteration, 0);
  EXPECT_EQ(iteration % 10, 0);
  EXPECT_EQ(solver->iter(), iteration);
  // The weights are those of that snapshot.
  auto other = MakeSolver<float>(Param(net, options));
  other->Restore(StateFileName(folder_ / "s", iteration).c_str());
  EXPECT_EQ(Weights(other.get()), Weights(solver.get()));
}

// With values that are not finite, too: of a loss, and of the weights where a
// snapshot is due before the next loss.
TEST_F(SolverDoctorTest, RecoverGoesBackFromValuesThatAreNotFinite) {
  const DoctorNet net = ExplodingNet();
  for (const char* options : {"base_lr: 1e12 ", "base_lr: 1e38 snapshot: 1 "}) {
    auto solver = MakeSolver<float>(
        Param(net, string(options) + "collapse_action: RECOVER"));
    WarningLog log;
    const string error = ErrorOf(solver.get(), 400);
    EXPECT_NE(error.find("went back 5 times already"), string::npos) << error;
    ASSERT_FALSE(log.warnings.empty());
    EXPECT_EQ(log.warnings[0].find("Going back to iteration 0"), 0u);
  }
}

// What a run goes back to is its own, not what lies under the same number
// where it was resumed from.
TEST_F(SolverDoctorTest, RecoverAfterAResumeUnderAnotherPrefix) {
  SolverParameter param =
      Param(ExplodingNet(), "base_lr: 0.003 collapse_action: RECOVER");
  auto first = MakeSolver<float>(param);
  first->Step(10);
  first->Snapshot();
  param.set_snapshot_prefix(folder_ / "other");
  auto second = MakeSolver<float>(param);
  second->Restore(StateFileName(folder_ / "s", 10).c_str());
  StepUntilBack(second.get());
  EXPECT_EQ(second->iter(), 10);
  EXPECT_EQ(Weights(first.get()), Weights(second.get()));
}

TEST_F(SolverDoctorTest, AfterGoingBackTheTripletsAreEasier) {
  DoctorNet net = OnePointNet();
  auto solver = MakeSolver<float>(
      Param(net, "base_lr: 0.01 collapse_action: RECOVER"));
  const auto loss = std::static_pointer_cast<MetricLossLayer<float>>(
      solver->net()->layer_by_name("loss"));
  solver->Step(1);
  EXPECT_EQ(loss->Count().tuples, 24);  // one an anchor
  StepUntilBack(solver.get());
  loss->set_iteration(0);
  solver->net()->Forward();
  EXPECT_EQ(loss->Count().tuples, 24 * 3);  // one a pair
}

// A failure that going back cannot mend is told, and the run goes on.
TEST_F(SolverDoctorTest, RecoverGoesOnWhereGoingBackIsNoHelp) {
  DoctorNet net;
  net.people = 24;
  auto solver = MakeSolver<float>(
      Param(net, "base_lr: 0.01 collapse_action: RECOVER"));
  WarningLog log;
  solver->Step(90);
  EXPECT_EQ(solver->recoveries(), 0);
  EXPECT_EQ(solver->iter(), 90);
  ASSERT_EQ(log.warnings.size(), 1u);
}

// Wherever a run is cut, before, in or after a recovery, it ends with the same
// bits. After one it is cut as by a kill, without a snapshot: the newest is then
// not one from the part that was given up.
TEST_F(SolverDoctorTest, AResumedRunRecoversAsAnUninterruptedOne) {
  constexpr int kIterations = 190;
  SolverParameter param =
      Param(ExplodingNet(),
            "base_lr: 0.003 snapshot: 10 collapse_action: RECOVER");
  int failed = -1;  // how many iterations there were when it first went back
  // Cut after so many iterations, those done twice counted twice.
  const auto weights_after = [&](int cut) {
    param.set_snapshot_prefix(folder_ / ("cut" + std::to_string(cut)));
    auto solver = MakeSolver<float>(param);
    int done = 0;
    solver->SetActionFunction([&, cut] {
      ++done;
      if (failed < 0 && solver->recoveries() > 0) failed = done;
      return done == cut ? SolverAction::STOP : SolverAction::NONE;
    });
    solver->Step(kIterations);
    if (cut > 0) {
      EXPECT_LT(solver->iter(), kIterations);
      const int recoveries = solver->recoveries();
      if (recoveries == 0) solver->Snapshot();
      solver = MakeSolver<float>(param);
      solver->RestoreNewest();
      EXPECT_EQ(solver->recoveries(), recoveries) << cut;
      solver->Step(kIterations - solver->iter());
    }
    EXPECT_EQ(solver->iter(), kIterations);
    EXPECT_GE(solver->recoveries(), 1);
    return Weights(solver.get());
  };
  WarningLog log;
  const vector<float> straight = weights_after(-1);
  int back = -1;
  for (size_t i = 0; i < log.warnings.size() && back < 0; ++i) {
    std::sscanf(log.warnings[i].c_str(), "Going back to iteration %d,", &back);
  }
  ASSERT_GT(back, 0);
  // Shortly behind the snapshot that it goes back to as well: the one of the
  // cut is none to go back to. And right after it went back.
  ASSERT_GT(failed, back);
  for (const int cut : {25, back + 1, back + 3, back + 5, 150, 180, 230, failed,
                        failed + 1, failed + 5}) {
    EXPECT_EQ(weights_after(cut), straight) << cut;
  }
}

}  // namespace
}  // namespace caffe
