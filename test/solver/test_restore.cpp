// What a resume promises beyond the same bits: history goes by the names of
// layers, a state that was cut off or edited is refused, a refusal changes
// nothing, testing leaves no trace, and an error in the data loses no update.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "core/hasher.hpp"
#include "net/weights.hpp"
#include "solver/snapshot.hpp"
#include "solver/snapshot_size.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

const char kOnes[] =
    "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param {"
    " shape { dim: 1 dim: 1 } data_filler { value: 1 } } }\n";

std::string Product(const std::string& name, const std::string& more) {
  return "layer { name: '" + name +
         "' type: 'InnerProduct' bottom: 'x' top: '" + name +
         "' inner_product_param { num_output: 1 bias_term: false } " +
         more + " }\n";
}

std::string Loss(const std::string& bottom, int weight) {
  return "layer { name: 'l_" + bottom + "' type: 'Reduction' bottom: '" +
         bottom + "' top: 'l_" + bottom +
         "' loss_weight: " + std::to_string(weight) + " }\n";
}

// Two layers of slopes 1 and 10, in either order.
std::string TwoSlopes(const std::string& first, const std::string& second) {
  return kOnes + Product(first, "") + Product(second, "") + Loss("left", 1) +
         Loss("right", 10);
}

// Batch statistics while it is tested, too.
std::string BatchNormNet(const std::string& test,
                         const std::string& phase = "") {
  return "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param {"
         " shape { dim: 4 dim: 3 } data_filler { type: 'gaussian' } } }\n"
         "layer { name: 'bn' type: 'BatchNorm' bottom: 'x' top: 'y'"
         " batch_norm_param { use_global_stats: false } " + phase + " }\n"
         "layer { name: 'fc' type: 'InnerProduct' bottom: 'y' top: 'fc'"
         " inner_product_param { num_output: 1"
         " weight_filler { type: 'xavier' } } }\n" +
         Loss("fc", 1) + test;
}

class RestoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Solver<float>> Make(const std::string& net,
                                      const std::string& more = "") const {
    return MakeSolver<float>(ParseSolver(
        "base_lr: 0.1 lr_policy: 'fixed' momentum: 0.5 max_iter: 20 "
        "random_seed: 3 snapshot_after_train: false snapshot_prefix: '" +
            (folder_ / "net") + "' " + more,
        net));
  }
  std::string State(int iter) const {
    return StateFileName(folder_ / "net", iter);
  }
  void SnapshotAt(const std::string& net, int iter,
                  const std::string& more = "") const {
    auto solver = Make(net, more);
    solver->Step(iter);
    solver->Snapshot();
  }
  std::string Refusal(Solver<float>* solver, const std::string& file) const {
    try {
      solver->Restore(file.c_str());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::kInput);
      return error.what();
    }
    return "";
  }
  static float Weight(Solver<float>* solver, const std::string& layer) {
    return solver->net()->layer_by_name(layer)->blobs()[0]->cpu_data()[0];
  }
  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // Writes a state whose hash is right, whatever else is in it.
  void Rewrite(const std::string& file,
               const std::function<void(SolverState*)>& edit) const {
    SolverState state;
    ReadState(file, &state);
    edit(&state);
    WriteState(file, state);
  }

  ImageFolder folder_;
};

// By hand: rate 0.1, momentum 0.5, two steps from 0.
TEST_F(RestoreTest, SwappedLayersKeepTheirOwnMomentum) {
  SnapshotAt(TwoSlopes("left", "right"), 1);
  auto solver = Make(TwoSlopes("right", "left"));
  solver->Restore(State(1).c_str());
  solver->Step(1);
  EXPECT_FLOAT_EQ(Weight(solver.get(), "left"), -0.25f);
  EXPECT_FLOAT_EQ(Weight(solver.get(), "right"), -2.5f);
}

// Both of Adam's histories.
TEST_F(RestoreTest, SwappedLayersKeepBothHistories) {
  const std::string adam = "type: 'Adam'";
  auto straight = Make(TwoSlopes("left", "right"), adam);
  straight->Step(5);
  SnapshotAt(TwoSlopes("left", "right"), 3, adam);
  auto solver = Make(TwoSlopes("right", "left"), adam);
  solver->Restore(State(3).c_str());
  solver->Step(2);
  for (const char* name : {"left", "right"}) {
    EXPECT_EQ(Weight(solver.get(), name), Weight(straight.get(), name));
  }
}

// Twins whose owner is another after the swap.
TEST_F(RestoreTest, SwappedTwinsKeepTheirMomentum) {
  const auto net = [](const std::string& first, const std::string& second) {
    return kOnes + Product(first, "param { name: 'w' }") +
           Product(second, "param { name: 'w' }") + Product("alone", "") +
           Loss("left", 1) + Loss("right", 10) + Loss("alone", 3);
  };
  auto straight = Make(net("left", "right"));
  straight->Step(2);
  SnapshotAt(net("left", "right"), 1);
  auto solver = Make(net("right", "left"));
  solver->Restore(State(1).c_str());
  solver->Step(1);
  EXPECT_EQ(Weight(solver.get(), "left"), Weight(straight.get(), "left"));
  EXPECT_EQ(Weight(solver.get(), "alone"), Weight(straight.get(), "alone"));
}

// States from before histories had names: the weights tell the order.
TEST_F(RestoreTest, StatesWithoutNamesGoByTheirWeights) {
  SnapshotAt(TwoSlopes("left", "right"), 1);
  Rewrite(State(1), [](SolverState* state) { state->clear_history_of(); });
  auto solver = Make(TwoSlopes("right", "left"));
  solver->Restore(State(1).c_str());
  solver->Step(1);
  EXPECT_FLOAT_EQ(Weight(solver.get(), "right"), -2.5f);
}

TEST_F(RestoreTest, RenamedAndReshapedLayersAreRefusedByName) {
  SnapshotAt(TwoSlopes("left", "right"), 1);
  std::string net = TwoSlopes("left", "right");
  net.replace(net.find("name: 'right'"), 13, "name: 'right_b'");
  std::string message = Refusal(Make(net).get(), State(1));
  for (const char* part : {"layer(s) right,", "layer(s) right_b",
                           "--weights=", "net_iter_1.caffemodel"}) {
    EXPECT_TRUE(Has(message, part)) << message;
  }
  net = TwoSlopes("left", "right");
  net.replace(net.find("num_output: 1"), 13, "num_output: 2");
  message = Refusal(Make(net).get(), State(1));
  EXPECT_TRUE(Has(message, "layer 'left', parameter 0")) << message;
  EXPECT_TRUE(Has(message, "--weights=")) << message;
  // Shared before, and not any more.
  const std::string twin = kOnes + Product("a", "param { name: 'w' }") +
                           Product("b", "param { name: 'w' }") + Loss("a", 1) +
                           Loss("b", 1);
  SnapshotAt(twin, 2);
  const std::string apart =
      kOnes + Product("a", "") + Product("b", "") + Loss("a", 1) + Loss("b", 1);
  message = Refusal(Make(apart).get(), State(2));
  EXPECT_TRUE(Has(message, "shared in only one")) << message;
}

// Whichever byte it ends before; and the same of a state whose hash stands
// behind, as it did once.
TEST_F(RestoreTest, StatesThatAreCutOffAnywhereAreRefused) {
  const std::string net = TwoSlopes("left", "right");
  SnapshotAt(net, 1);
  const std::string good = ReadText(State(1));
  SolverState old;
  ReadState(State(1), &old);
  old.clear_state_hash();
  Hasher hasher;
  const std::string bytes = old.SerializeAsString();
  hasher.Add(bytes.data(), bytes.size());
  old.set_state_hash(hasher.value());
  auto solver = Make(net);
  for (const std::string& whole : {good, old.SerializeAsString()}) {
    WriteText(State(1), whole);
    solver->Restore(State(1).c_str());
    for (size_t keep = 0; keep < whole.size(); ++keep) {
      // Behind its hash an older state has the doctor, then names.
      WriteText(State(1), whole.substr(0, keep));
      EXPECT_NE(Refusal(solver.get(), State(1)), "") << keep;
    }
  }
}

TEST_F(RestoreTest, RecoveriesAndHealthySnapshotsAreBounded) {
  const std::string net = TwoSlopes("left", "right");
  SnapshotAt(net, 4);
  const std::string good = ReadText(State(4));
  auto solver = Make(net);
  const std::vector<std::function<void(DoctorState*)>> edits = {
      [](DoctorState* doctor) { doctor->set_recoveries(31); },
      [](DoctorState* doctor) { doctor->set_recoveries(-1); },
      [](DoctorState* doctor) { doctor->add_healthy_iter(5); },
      [](DoctorState* doctor) { doctor->add_healthy_iter(-3); },
      [](DoctorState* doctor) {
        doctor->add_healthy_iter(4);
        doctor->add_healthy_iter(4);
      }};
  for (const auto& edit : edits) {
    WriteText(State(4), good);
    Rewrite(State(4), [&](SolverState* state) {
      state->mutable_doctor()->clear_healthy_iter();
      edit(state->mutable_doctor());
    });
    const std::string message = Refusal(solver.get(), State(4));
    EXPECT_TRUE(Has(message, "is damaged")) << message;
  }
  EXPECT_EQ(solver->iter(), 0);
}

// A bank of more rows than the net's has room for, behind one that fits.
TEST_F(RestoreTest, ALayerThatRefusesItsPartChangesNothing) {
  const auto net = [](int size) {
    return "layer { name: 'x' type: 'DummyData' top: 'x' top: 'label'"
           " dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }"
           " data_filler { type: 'gaussian' } data_filler { value: 1 } } }\n"
           "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc'"
           " inner_product_param { num_output: 2"
           " weight_filler { type: 'xavier' } } }\n"
           "layer { name: 'fits' type: 'BatchTripletLoss' bottom: 'fc'"
           " bottom: 'label' top: 'fits' batch_triplet_loss_param {"
           " mining: BATCH_ALL memory_bank { size: 64 } } }\n"
           "layer { name: 'loss' type: 'BatchTripletLoss' bottom: 'fc'"
           " bottom: 'label' top: 'loss' batch_triplet_loss_param {"
           " mining: BATCH_ALL memory_bank { size: " +
           std::to_string(size) + " } } }\n";
  };
  SnapshotAt(net(64), 6);
  auto solver = Make(net(8));
  solver->Step(2);
  const std::vector<float> weights = Weights(solver.get());
  const uint64_t drawn = Caffe::rng().position();
  const std::string own = State(2);
  solver->Snapshot();
  const std::string message = Refusal(solver.get(), State(6));
  EXPECT_TRUE(Has(message, "more than size, 8")) << message;
  EXPECT_EQ(solver->iter(), 2);
  EXPECT_EQ(Weights(solver.get()), weights);
  EXPECT_EQ(Caffe::rng().position(), drawn);
  const std::string whole = ReadText(own);
  solver->Snapshot();
  EXPECT_EQ(ReadText(own), whole);
}

TEST_F(RestoreTest, AStateChoosesNoFileElsewhere) {
  const std::string net = TwoSlopes("left", "right");
  SnapshotAt(net, 1);
  ImageFolder other;
  WriteText(other / "net_iter_1.solverstate", ReadText(State(1)));
  // Its learned_net is an absolute path to weights that are there.
  const std::string message =
      Refusal(Make(net).get(), other / "net_iter_1.solverstate");
  EXPECT_TRUE(Has(message, "net_iter_1.caffemodel, are missing")) << message;
}

TEST_F(RestoreTest, TestingWithBatchStatisticsLeavesNoTrace) {
  for (const std::string phase : {"", "phase: TRAIN"}) {
    auto solver =
        Make(BatchNormNet("", phase), "test_iter: 3 test_interval: 1");
    solver->Step(1);
    // How many batches it has averaged: one was trained on.
    EXPECT_EQ(solver->net()->layer_by_name("bn")->blobs()[2]->cpu_data()[0], 1)
        << phase;
  }
}

TEST_F(RestoreTest, AStopInsideATestOfBatchStatisticsResumesTheSame) {
  const std::string more = "test_iter: 3 test_interval: 5";
  auto straight = Make(BatchNormNet(""), more);
  straight->Step(10);
  auto first = Make(BatchNormNet(""), more);
  first->Step(5);
  int asked = 0;
  first->SetActionFunction([&asked] {
    return ++asked == 3 ? SolverAction::STOP : SolverAction::NONE;
  });
  first->Solve();
  ASSERT_EQ(first->iter(), 5);
  auto second = Make(BatchNormNet(""), more);
  second->Restore(State(5).c_str());
  second->Step(5);
  EXPECT_EQ(Weights(second.get()), Weights(straight.get()));
}

// What only a test net has is part of a snapshot: it was drawn, or came from a
// file.
TEST_F(RestoreTest, ATestNetsOwnWeightsAreResumed) {
  const std::string judge =
      "layer { name: 'judge' type: 'InnerProduct' bottom: 'fc' top: 'judge'"
      " include { phase: TEST } inner_product_param { num_output: 1"
      " weight_filler { type: 'gaussian' } } }\n";
  const std::string more = "test_iter: 1 test_interval: 100 ";
  const auto value = [](Solver<float>* solver) {
    return solver->test_nets()[0]->layer_by_name("judge")
        ->blobs()[0]->cpu_data()[0];
  };
  auto first = Make(BatchNormNet(judge), more);
  first->Step(1);
  first->Snapshot();
  auto second = Make(BatchNormNet(judge), more);
  second->test_nets()[0]->layer_by_name("judge")->blobs()[0]
      ->mutable_cpu_data()[0] = 8;
  EXPECT_NE(value(second.get()), value(first.get()));
  second->Restore(State(1).c_str());
  EXPECT_EQ(value(second.get()), value(first.get()));
}

TEST_F(RestoreTest, ATestNetsLayerOfAnotherShapeIsPassedOver) {
  const auto judge = [](int outputs) {
    return "layer { name: 'judge' type: 'InnerProduct' bottom: 'fc'"
           " top: 'judge' include { phase: TEST } inner_product_param {"
           " num_output: " + std::to_string(outputs) +
           " weight_filler { type: 'gaussian' } } }\n";
  };
  const std::string more = "test_iter: 1 test_interval: 100 ";
  SnapshotAt(BatchNormNet(judge(1)), 1, more);
  auto second = Make(BatchNormNet(judge(2)), more);
  Blob<float>* const own =
      second->test_nets()[0]->layer_by_name("judge")->blobs()[0].get();
  own->mutable_cpu_data()[0] = 8;
  second->Restore(State(1).c_str());
  EXPECT_EQ(second->iter(), 1);
  EXPECT_EQ(own->cpu_data()[0], 8);
}

// What the layers before the one that fails have done is undone: random numbers
// drawn, a batch taken, statistics moved. Mended, the run ends as one that
// never failed.
TEST_F(RestoreTest, AnErrorInTheDataLosesNoUpdate) {
  for (int person = 0; person < 12; ++person) {
    for (int image = 0; image < 4; ++image) {
      const std::string name = "/p" + std::to_string(person) + "/" +
                               std::to_string(image) + ".pgm";
      folder_.WriteFlat("good" + name, 2, 2, 1, 20 * person + 5 * image);
      folder_.WriteFlat("bad" + name, 2, 2, 1, 20 * person + 4 * image);
    }
  }
  const auto data = [&](const std::string& name) {
    return "layer { name: '" + name + "' type: 'IdentityData' top: '" + name +
           "' top: 'label_" + name + "' transform_param { scale: 0.01 }"
           " identity_data_param { source: '" + (folder_ / name) +
           "' images_per_identity: 2 identities_per_batch: 2 } }\n";
  };
  const std::string net =
      "layer { name: 'z' type: 'DummyData' top: 'z' dummy_data_param {"
      " shape { dim: 4 dim: 3 } data_filler { type: 'gaussian' } } }\n"
      "layer { name: 'bn' type: 'BatchNorm' bottom: 'z' top: 'zn' }\n" +
      data("good") + data("bad") +
      "layer { name: 'fc' type: 'InnerProduct' bottom: 'bad' top: 'fc'"
      " inner_product_param { num_output: 12"
      " weight_filler { type: 'xavier' } } }\n"
      "layer { name: 'fd' type: 'InnerProduct' bottom: 'good' top: 'fd'"
      " inner_product_param { num_output: 12"
      " weight_filler { type: 'xavier' } } }\n"
      "layer { name: 'fz' type: 'InnerProduct' bottom: 'zn' top: 'fz'"
      " inner_product_param { num_output: 12"
      " weight_filler { type: 'xavier' } } }\n"
      "layer { name: 'sum' type: 'Eltwise' bottom: 'fc' bottom: 'fd'"
      " bottom: 'fz' top: 'sum' }\n"
      "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'sum'"
      " bottom: 'label_bad' top: 'l' }\n"
      "layer { name: 'q' type: 'Silence' bottom: 'label_good' }\n";
  auto straight = Make(net);
  straight->Step(15);
  // An image that ends too early: it is met when it is drawn.
  const std::string image = folder_ / "bad/p7/2.pgm";
  const std::string whole = ReadText(image);
  WriteText(image, whole.substr(0, whole.size() - 2));
  auto solver = Make(net);
  const std::string message = InputError([&] { solver->Step(15); });
  WriteText(image, whole);
  const int iter = solver->iter();
  ASSERT_GT(iter, 0);
  EXPECT_TRUE(Has(message, "p7/2.pgm")) << message;
  EXPECT_TRUE(Has(message, "--snapshot=" + State(iter))) << message;
  auto resumed = Make(net);
  resumed->Restore(State(iter).c_str());
  resumed->Step(15 - iter);
  EXPECT_EQ(Weights(resumed.get()), Weights(straight.get()));
}

// Another process, as far as the system's locks go: another open file.
TEST_F(RestoreTest, ASecondRunIntoAPrefixIsRefusedWhileTheFirstLives) {
  const std::string net = TwoSlopes("left", "right");
  const std::string lock = (folder_ / "net") + ".lock";
  {
    auto solver = Make(net, "snapshot: 5");
    auto same_process = Make(net, "snapshot: 5");
    EXPECT_TRUE(Has(ReadText(lock), "process " + std::to_string(getpid())));
  }
  EXPECT_NE(access(lock.c_str(), F_OK), 0);
  const int fd = open(lock.c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
  ASSERT_EQ(write(fd, "process 7 on host h", 19), 19);
  try {
    Make(net, "snapshot: 5");
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_TRUE(Has(error.what(), "process 7 on host h")) << error.what();
    EXPECT_TRUE(Has(error.what(), "another snapshot_prefix")) << error.what();
  }
  auto writes_none = Make(net);
  // Not even where it is asked to: by an error in the data, or a signal.
  EXPECT_TRUE(Has(InputError([&] { writes_none->Snapshot(); }),
                  "process 7 on host h"));
  EXPECT_NE(access(State(0).c_str(), F_OK), 0);
  close(fd);
  writes_none->Snapshot();
  writes_none.reset();
  Make(net, "snapshot: 5");  // what a killed run leaves locks nothing
}

TEST(SnapshotSize, TwoGiBAreToldBeforeTheRun) {
  const SolverParameter param;
  CheckFileHolds(param, INT_MAX / 2, "the net's weights", ".caffemodel");
  try {
    CheckFileHolds(param, int64_t{INT_MAX} + 1, "the net's weights",
                   ".caffemodel");
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("2 GiB"), std::string::npos);
  }
}

}  // namespace
}  // namespace caffe
