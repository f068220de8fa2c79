// What a solver does besides its updates: test nets, averages, weights to
// start from, and the state that Caffe wrote.
#include "caffe/solver.hpp"

#include <gtest/gtest.h>

#include "test/data/shared_data.hpp"
#include "net/prototxt.hpp"
#include "net/weights.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

const char kAnySolver[] =
    "base_lr: 0.05 lr_policy: 'fixed' max_iter: 10 random_seed: 2 "
    "snapshot_after_train: false ";

TEST(SolverTest, TestNetsUseTheTrainNetsWeights) {
  const SolverParameter param = ParseSolver(
      std::string(kAnySolver) + "test_iter: 2 test_iter: 1 test_interval: 5",
      TeacherNet(4, 3, 5, 2, false));
  auto solver = MakeSolver<float>(param);
  ASSERT_EQ(solver->test_nets().size(), 2u);
  solver->Step(7);
  for (const auto& test : solver->test_nets()) {
    EXPECT_EQ(test->phase(), TEST);
    EXPECT_EQ(test->layer_by_name("hidden")->blobs()[0]->cpu_data(),
              solver->net()->layer_by_name("hidden")->blobs()[0]->cpu_data());
  }
  ASSERT_EQ(solver->test_scores(0).size(), 1u);
  EXPECT_GT(solver->test_scores(0)[0], 0);
}

TEST(SolverTest, TestInitializationCanBeLeftOut) {
  const std::string tests = "test_iter: 1 test_interval: 5 ";
  for (const bool wanted : {true, false}) {
    auto solver = MakeSolver<float>(ParseSolver(
        kAnySolver + tests + "test_initialization: " +
            (wanted ? "true" : "false"),
        TeacherNet(4, 3, 5, 2, false)));
    solver->Step(1);
    EXPECT_EQ(solver->test_scores(0).size(), wanted ? 1u : 0u);
  }
}

// A test net that draws random numbers, beside a train net that draws, too.
TEST(SolverTest, TestsLeaveNoTraceInTheWeights) {
  const std::string net =
      TeacherNet(4, 3, 5, 2, true) +
      "layer { name: 'noise' type: 'DummyData' top: 'noise' include { phase: "
      "TEST } dummy_data_param { shape { dim: 7 } data_filler { type: "
      "'gaussian' } } }";
  const auto train = [&net](const std::string& tests) {
    auto solver = MakeSolver<float>(
        ParseSolver(kAnySolver + ("test_iter: 3 " + tests), net));
    solver->Step(10);
    return Weights(solver.get());
  };
  const std::vector<float> none =
      train("test_interval: 1000 test_initialization: false");
  EXPECT_EQ(train("test_interval: 2"), none);
  EXPECT_EQ(train("test_interval: 5"), none);
  EXPECT_EQ(train("test_interval: 2 test_initialization: false"), none);
}

TEST(SolverTest, AverageLossIsTheMeanOfTheLastOnes) {
  const std::string net = TeacherNet(4, 3, 5, 2, false);
  auto plain = MakeSolver<double>(ParseSolver(kAnySolver, net));
  auto mean = MakeSolver<double>(
      ParseSolver(std::string(kAnySolver) + "average_loss: 3", net));
  Caffe::set_random_seed(2);
  std::vector<double> losses;
  for (int i = 0; i < 6; ++i) {
    plain->Step(1);
    losses.push_back(plain->smoothed_loss());
  }
  Caffe::set_random_seed(2);
  mean->Step(6);
  // The weights were filled before both runs, from the same numbers.
  EXPECT_NEAR(mean->smoothed_loss(), (losses[3] + losses[4] + losses[5]) / 3,
              1e-12);
}

TEST(SolverTest, WeightsToStartFrom) {
  TempFolder folder;
  auto first =
      MakeSolver<float>(ParseSolver(kAnySolver, TeacherNet(4, 3, 5, 2, false)));
  first->Step(3);
  NetParameter weights;
  first->net()->ToProto(&weights);
  WriteWeights(folder.File("w.caffemodel"), weights);
  SolverParameter param =
      ParseSolver(kAnySolver, TeacherNet(4, 3, 5, 2, false));
  param.set_random_seed(77);
  param.add_weights(folder.File("w.caffemodel"));
  EXPECT_EQ(Weights(MakeSolver<float>(param).get()), Weights(first.get()));
}

// Writes down the iteration of each Forward.
template <typename Dtype>
class IterationProbeLayer : public Layer<Dtype> {
 public:
  explicit IterationProbeLayer(const LayerParameter& param)
      : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {}
  const char* type() const override { return "IterationProbe"; }
  static vector<int>& Seen() {
    static vector<int> seen;
    return seen;
  }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {
    Seen().push_back(this->iteration());
  }
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {}
};
REGISTER_LAYER_CLASS(IterationProbe);

TEST(SolverTest, LayersKnowTheIteration) {
  vector<int>& seen = IterationProbeLayer<float>::Seen();
  seen.clear();
  const std::string net =
      TeacherNet(4, 3, 5, 2, false) +
      "layer { name: 'probe' type: 'IterationProbe' bottom: 'data' }";
  TempFolder folder;
  SolverParameter param = ParseSolver(
      std::string(kAnySolver) + "iter_size: 2 snapshot_prefix: '" +
          folder.File("s") + "' test_iter: 1 test_interval: 2",
      net);
  auto solver = MakeSolver<float>(param);
  solver->Step(3);
  solver->Snapshot();
  // A test first at 0 and 2; twice an iteration in training.
  EXPECT_EQ(seen, (vector<int>{0, 0, 0, 1, 1, 2, 2, 2}));
  seen.clear();
  auto resumed = MakeSolver<float>(param);
  resumed->Restore(folder.File("s_iter_3.solverstate").c_str());
  resumed->Step(1);
  EXPECT_EQ(seen, (vector<int>{3, 3}));
}

// A solverstate that BVLC Caffe wrote in 2014, with its V1 net and solver.
TEST(SolverTest, CaffesOwnStateIsRead) {
  TERCET_SHARED_OR_SKIP(folder, "golden/models/lenet_mnist_v1");
  SolverParameter param;
  ReadSolverFromPrototxt(folder + "/lenet_solver.prototxt", &param);
  NetParameter net;
  ReadNetFromPrototxt(folder + "/lenet_train_test.prototxt", &net);
  // No LMDB here: the digits are made up.
  for (LayerParameter& layer : *net.mutable_layer()) {
    if (layer.type() != "Data") continue;
    layer.set_type("DummyData");
    layer.clear_data_param();
    layer.clear_transform_param();
    DummyDataParameter* dummy = layer.mutable_dummy_data_param();
    BlobShape* images = dummy->add_shape();
    for (int dim : {2, 1, 28, 28}) images->add_dim(dim);
    dummy->add_shape()->add_dim(2);
  }
  param.clear_net();
  *param.mutable_net_param() = net;
  param.set_test_interval(1000000);
  param.set_snapshot(0);
  param.set_snapshot_after_train(false);
  param.clear_snapshot_prefix();
  auto solver = MakeSolver<float>(param);
  solver->Restore((folder + "/lenet_iter_5000.solverstate").c_str());
  EXPECT_EQ(solver->iter(), 5000);
  const auto& sgd = dynamic_cast<const SGDSolver<float>&>(*solver);
  ASSERT_EQ(sgd.history().size(), 8u);
  float sum = 0;
  for (const auto& blob : sgd.history()) sum += blob->asum_data();
  EXPECT_GT(sum, 0);
  EXPECT_NEAR(sgd.GetLearningRate(), 0.01 * std::pow(1.5, -0.75), 1e-8);
  solver->Step(2);
  EXPECT_EQ(solver->iter(), 5002);
}

}  // namespace
}  // namespace caffe
