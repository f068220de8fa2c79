// Snapshots: a resumed run is the uninterrupted one bit for bit, and a state
// that is damaged, mismatched or half written is refused or passed over.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "solver/snapshot.hpp"
#include "solver/signal_handler.hpp"
#include "net/weights.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

std::string Options(const std::string& more, const std::string& prefix) {
  return "lr_policy: 'step' gamma: 0.5 stepsize: 7 max_iter: 20 "
         "average_loss: 4 "
         "snapshot_after_train: false snapshot_prefix: '" + prefix + "' " +
         more;
}

// The losses of each iteration and the weights at the end.
struct Record {
  std::vector<float> losses, weights;
};

void StepBy(Solver<float>* solver, int iters, Record* run) {
  for (int i = 0; i < iters; ++i) {
    solver->Step(1);
    run->losses.push_back(solver->smoothed_loss());
  }
  run->weights = Weights(solver);
}

void ExpectSameBits(const Record& expected, const Record& found) {
  ASSERT_EQ(found.losses.size(), expected.losses.size());
  ASSERT_EQ(found.weights.size(), expected.weights.size());
  for (size_t i = 0; i < found.losses.size(); ++i) {
    ASSERT_EQ(found.losses[i], expected.losses[i]) << "loss " << i;
  }
  EXPECT_EQ(std::memcmp(found.weights.data(), expected.weights.data(),
                        found.weights.size() * sizeof(float)), 0);
}

class SnapshotTest : public ::testing::Test {
 protected:
  ~SnapshotTest() override { Caffe::set_threads(threads_); }

  SolverParameter Param(const std::string& more) const {
    SolverParameter param =
        ParseSolver(Options(more, folder_ / "net"), net_);
    param.set_base_lr(base_lr_);
    param.set_random_seed(seed_);
    return param;
  }
  std::unique_ptr<Solver<float>> Make(const std::string& more = "") const {
    return MakeSolver<float>(Param(more));
  }

  // 20 iterations at once against 10, a snapshot, another process's seed, and
  // 10 more with `threads` threads, of `resumed_net_` if there is one.
  void CheckResume(const std::string& more, int threads) {
    Caffe::set_threads(threads_);
    Record straight, resumed;
    StepBy(Make(more).get(), 20, &straight);
    {
      auto first = Make(more);
      StepBy(first.get(), 10, &resumed);
      first->Snapshot();
    }
    Caffe::set_threads(threads);
    seed_ = 99;
    const std::string net = net_;
    if (!resumed_net_.empty()) net_ = resumed_net_;
    auto second = Make(more);
    net_ = net;
    seed_ = 11;
    second->Restore((folder_ / "net_iter_10.solverstate").c_str());
    EXPECT_EQ(second->iter(), 10);
    StepBy(second.get(), 10, &resumed);
    ExpectSameBits(straight, resumed);
  }

  // The message that restoring `name` fails with.
  std::string RestoreError(Solver<float>* solver, const std::string& name) {
    try {
      solver->Restore((folder_ / name).c_str());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    ADD_FAILURE() << name << " was not refused";
    return "";
  }

  void SnapshotAt(int iter) {
    auto solver = Make();
    solver->Step(iter);
    solver->Snapshot();
  }

  const int threads_ = Caffe::threads();
  ImageFolder folder_;
  float base_lr_ = 0.01f;
  int64_t seed_ = 11;
  std::string net_ = TeacherNet(4, 3, 5, 2, true);
  std::string resumed_net_;
};

TEST_F(SnapshotTest, TenAndTenAreTwentyForEachType) {
  for (const char* type :
       {"SGD' momentum: 0.9 weight_decay: 0.1", "Nesterov' momentum: 0.9",
        "AdaGrad'", "RMSProp'", "AdaDelta' momentum: 0.9 delta: 1e-4",
        "Adam' momentum: 0.9 iter_size: 2"}) {
    SCOPED_TRACE(type);
    CheckResume("type: '" + std::string(type), 1);
  }
}

// Large enough that two threads share the work.
TEST_F(SnapshotTest, TenAndTenAreTwentyWithOtherThreads) {
  net_ = TeacherNet(64, 32, 256, 96, true);
  base_lr_ = 1e-4f;
  for (int threads : {1, 2}) {
    SCOPED_TRACE(threads);
    CheckResume("momentum: 0.9", threads);
  }
}

// A test net draws random numbers too.
TEST_F(SnapshotTest, TenAndTenAreTwentyWithTests) {
  CheckResume("momentum: 0.9 test_iter: 2 test_interval: 5", 2);
}

// Where a data layer stands belongs to the state, with the train net's and the
// test net's layer of one name told apart.
TEST_F(SnapshotTest, TenAndTenAreTwentyWithIdentityData) {
  for (int person = 0; person < 5; ++person) {
    for (int image = 0; image < 4; ++image) {
      folder_.WriteFlat("faces/p" + std::to_string(person) + "/" +
                            std::to_string(image) + ".pgm",
                        4, 4, 1, 10 + 45 * person + 5 * image);
    }
  }
  const auto data = [&](const std::string& phase, int identities) {
    return "layer { name: 'data' type: 'IdentityData' top: 'data'"
           " top: 'label' include { phase: " + phase + " }"
           " transform_param { scale: 0.01 mirror: true crop_size: 3 }"
           " identity_data_param { source: '" + folder_.path() + "/faces'"
           " images_per_identity: 2 identities_per_batch: " +
           std::to_string(identities) + " } }\n";
  };
  net_ = data("TRAIN", 3) + data("TEST", 2) +
         "layer { name: 'hidden' type: 'InnerProduct' bottom: 'data'"
         " top: 'hidden' inner_product_param { num_output: 1"
         " weight_filler { type: 'xavier' } } }\n"
         "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'hidden'"
         " bottom: 'label' top: 'loss' }\n";
  CheckResume("momentum: 0.9", 2);
  CheckResume("momentum: 0.9 test_iter: 3 test_interval: 4", 1);
}

// Which batches there are hangs on the net that is learnt: with snapshots in
// the middle of a period and between two, one and two batches an iteration, and
// decoding done otherwise after it.
TEST_F(SnapshotTest, TenAndTenAreTwentyWithHardIdentities) {
  for (int person = 0; person < 9; ++person) {
    for (int image = 0; image < 3; ++image) {
      Image picture(4, 4, 1);
      for (int i = 0; i < 16; ++i) {
        picture.pixels[i] = static_cast<uint8_t>(
            (37 * (i + 1) * (person + 2) + 20 * image * (i % 3)) % 256);
      }
      WriteImage(folder_ / ("faces/p" + std::to_string(person) + "/" +
                            std::to_string(image) + ".pgm"),
                 picture);
    }
  }
  const auto net = [&](int refresh, const std::string& threads) {
    return "layer { name: 'data' type: 'IdentityData' top: 'data'"
           " top: 'label' transform_param { scale: 0.01 mirror: true"
           " max_contrast: 0.2 crop_size: 3 }"
           " identity_data_param { source: '" + folder_.path() + "/faces'"
           " images_per_identity: 2 identities_per_batch: 4 " + threads +
           " hard_identities { embedding: 'unit' neighbours: 3 refresh: " +
           std::to_string(refresh) + " } } }\n"
           "layer { name: 'fc' type: 'InnerProduct' bottom: 'data'"
           " top: 'fc' inner_product_param { num_output: 3"
           " weight_filler { type: 'xavier' } } }\n"
           "layer { name: 'unit' type: 'Normalize' bottom: 'fc'"
           " top: 'unit' }\n"
           "layer { name: 'loss' type: 'BatchTripletLoss' bottom: 'unit'"
           " bottom: 'label' top: 'loss'"
           " batch_triplet_loss_param { mining: BATCH_ALL margin: 0.2 } }\n";
  };
  Record hard, plain;
  net_ = net(5, "");
  StepBy(Make("momentum: 0.9").get(), 20, &hard);
  net_ = net(1000, "");
  StepBy(Make("momentum: 0.9").get(), 20, &plain);
  EXPECT_NE(hard.losses, plain.losses);
  for (const int refresh : {3, 5, 1}) {
    SCOPED_TRACE(refresh);
    net_ = net(refresh, "threads: 1 prefetch: 2");
    resumed_net_ = net(refresh, "threads: 4 prefetch: 16");
    CheckResume("momentum: 0.9", 2);
    CheckResume("momentum: 0.9 iter_size: 2", 1);
  }
  // What a layer refuses names the state's file and the layer.
  const size_t people = net_.find("identities_per_batch: 4");
  net_.replace(people, 23, "identities_per_batch: 5");
  const std::string error =
      RestoreError(Make("momentum: 0.9").get(), "net_iter_10.solverstate");
  EXPECT_EQ(error.find((folder_ / "net_iter_10.solverstate") + ": "), 0u)
      << error;
  EXPECT_NE(error.find("layer 'data' (IdentityData): "), std::string::npos)
      << error;
}

TEST_F(SnapshotTest, StateNamesItsIterationAndWeights) {
  SnapshotAt(8);
  SolverState state;
  ReadState(folder_ / "net_iter_8.solverstate", &state);
  EXPECT_EQ(state.iter(), 8);
  EXPECT_EQ(state.current_step(), 1);
  EXPECT_EQ(state.learned_net(), folder_ / "net_iter_8.caffemodel");
  EXPECT_EQ(state.solver_type(), "SGD");
  EXPECT_EQ(state.recent_loss_size(), 4);
}

// The folder of a run may be moved as a whole.
TEST_F(SnapshotTest, WeightsAreFoundBesideTheState) {
  SnapshotAt(3);
  ImageFolder other;
  for (const char* name : {"net_iter_3.caffemodel", "net_iter_3.solverstate"}) {
    WriteText(other / name, ReadText(folder_ / name));
    unlink((folder_ / name).c_str());
  }
  auto solver = Make();
  solver->Restore((other / "net_iter_3.solverstate").c_str());
  EXPECT_EQ(solver->iter(), 3);
}

TEST_F(SnapshotTest, DamagedStatesAreRefused) {
  SnapshotAt(5);
  const std::string good = ReadText(folder_ / "net_iter_5.solverstate");
  auto solver = Make();
  for (size_t keep = 0; keep < good.size(); keep += good.size() / 23 + 1) {
    WriteText(folder_ / "bad.solverstate", good.substr(0, keep));
    EXPECT_NE(RestoreError(solver.get(), "bad.solverstate"), "") << keep;
  }
  for (size_t at = 0; at < good.size(); at += good.size() / 61 + 1) {
    std::string bad = good;
    bad[at] ^= 0x10;
    WriteText(folder_ / "bad.solverstate", bad);
    EXPECT_NE(RestoreError(solver.get(), "bad.solverstate"), "") << at;
  }
  EXPECT_EQ(solver->iter(), 0);
}

TEST_F(SnapshotTest, WeightsOfAnotherRunAreRefused) {
  SnapshotAt(5);
  SnapshotAt(6);
  const std::string other = ReadText(folder_ / "net_iter_6.caffemodel");
  WriteText(folder_ / "net_iter_5.caffemodel", other);
  auto solver = Make();
  const std::vector<float> before = Weights(solver.get());
  EXPECT_NE(RestoreError(solver.get(), "net_iter_5.solverstate")
                .find("not those that it was written with"),
            std::string::npos);
  EXPECT_EQ(Weights(solver.get()), before);
  unlink((folder_ / "net_iter_5.caffemodel").c_str());
  EXPECT_NE(RestoreError(solver.get(), "net_iter_5.solverstate")
                .find("missing"),
            std::string::npos);
}

TEST_F(SnapshotTest, StatesOfOtherSolversAndNetsAreRefused) {
  SnapshotAt(5);
  EXPECT_NE(RestoreError(Make("type: 'AdaGrad'").get(),
                         "net_iter_5.solverstate").find("type SGD"),
            std::string::npos);
  net_ = TeacherNet(4, 3, 6, 2, true);
  EXPECT_NE(RestoreError(Make().get(), "net_iter_5.solverstate")
                .find("history"),
            std::string::npos);
  EXPECT_NE(RestoreError(Make().get(), "net_iter_5.caffemodel"), "");
}

TEST_F(SnapshotTest, NewestThatCanBeReadIsTaken) {
  auto solver = Make();
  EXPECT_EQ(solver->RestoreNewest(), "");
  for (int iter : {2, 9, 10}) SnapshotAt(iter);
  EXPECT_EQ(Make()->RestoreNewest(), folder_ / "net_iter_10.solverstate");
  WriteText(folder_ / "net_iter_10.solverstate", "torn");
  EXPECT_EQ(Make()->RestoreNewest(), folder_ / "net_iter_9.solverstate");
  unlink((folder_ / "net_iter_9.caffemodel").c_str());
  solver = Make();
  EXPECT_EQ(solver->RestoreNewest(), folder_ / "net_iter_2.solverstate");
  EXPECT_EQ(solver->iter(), 2);
  WriteText(folder_ / "net_iter_2.solverstate", "torn");
  EXPECT_THROW(Make()->RestoreNewest(), Error);
}

// A full disk: the files under the final names stay whole, and the temporary
// one goes.
TEST_F(SnapshotTest, FullDiskLeavesTheOldSnapshotWhole) {
  SnapshotAt(5);
  const std::string model = ReadText(folder_ / "net_iter_5.caffemodel");
  const std::string state = ReadText(folder_ / "net_iter_5.solverstate");
  auto solver = Make();
  solver->Step(5);
  struct rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight = before;
  tight.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_THROW(solver->Snapshot(), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(ReadText(folder_ / "net_iter_5.caffemodel"), model);
  EXPECT_EQ(ReadText(folder_ / "net_iter_5.solverstate"), state);
  const std::string count =
      "test $(ls -A -I '*.lock' '" + folder_.path() + "' | wc -l) = 2";
  EXPECT_EQ(std::system(count.c_str()), 0);
}

TEST_F(SnapshotTest, LeftoversOfKilledProcessesGo) {
  WriteText(folder_ / "net_iter_5.caffemodel.tmp4194303", "half");
  WriteText(folder_ / ("net_iter_5.caffemodel.tmp" +
                       std::to_string(getpid())), "being written");
  WriteText(folder_ / "other_iter_5.caffemodel.tmp4194303", "not ours");
  RemoveLeftovers(folder_ / "net");
  EXPECT_EQ(ReadText(folder_ / "net_iter_5.caffemodel.tmp4194303"), "");
  EXPECT_NE(ReadText(folder_ / ("net_iter_5.caffemodel.tmp" +
                                std::to_string(getpid()))), "");
  EXPECT_NE(ReadText(folder_ / "other_iter_5.caffemodel.tmp4194303"), "");
}

TEST_F(SnapshotTest, StopWritesASnapshotAndEnds) {
  auto solver = Make();
  SignalHandler signals(SolverAction::STOP, SolverAction::SNAPSHOT);
  solver->SetActionFunction(signals.GetActionFunction());
  std::raise(SIGTERM);
  solver->Solve();
  EXPECT_EQ(solver->iter(), 1);
  SolverState state;
  ReadState(folder_ / "net_iter_1.solverstate", &state);
  EXPECT_EQ(state.iter(), 1);
}

// A stop in the middle of a test: the resumed run tests again, and goes on as
// if nothing had been.
TEST_F(SnapshotTest, StopInsideATestKeepsTheRun) {
  const std::string more = "test_iter: 3 test_interval: 5 momentum: 0.9";
  Record straight, resumed;
  StepBy(Make(more).get(), 20, &straight);
  auto first = Make(more);
  StepBy(first.get(), 5, &resumed);
  int asked = 0;
  first->SetActionFunction([&asked] {
    return ++asked == 2 ? SolverAction::STOP : SolverAction::NONE;
  });
  first->Solve();
  EXPECT_EQ(first->iter(), 5);
  auto second = Make(more);
  EXPECT_EQ(second->RestoreNewest(), folder_ / "net_iter_5.solverstate");
  StepBy(second.get(), 15, &resumed);
  ExpectSameBits(straight, resumed);
}

// Weights that are not finite never reach a snapshot, and the message names
// the first of them.
TEST_F(SnapshotTest, NonFiniteLossStopsAndKeepsTheLastSnapshot) {
  base_lr_ = 1e30f;
  auto solver = Make("snapshot: 2");
  try {
    solver->Solve();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::kInput);
    const std::string message = error.what();
    EXPECT_NE(message.find("iteration "), std::string::npos) << message;
    EXPECT_NE(message.find("layer 'student'"), std::string::npos) << message;
  }
  for (const std::string& file : FindStates(folder_ / "net")) {
    NetParameter weights;
    SolverState state;
    ReadState(file, &state);
    ReadWeightsOfState(file, state, &weights);
    for (const LayerParameter& layer : weights.layer()) {
      for (const BlobProto& blob : layer.blobs()) {
        for (float value : blob.data()) ASSERT_TRUE(std::isfinite(value));
      }
    }
  }
}

}  // namespace
}  // namespace caffe
