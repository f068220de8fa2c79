// Nets that end in MarginInnerProduct, or have a CenterLoss beside it, train:
// on noisy points of a few classes the loss falls, each head ends elsewhere,
// and a resumed run with a falling lambda is the uninterrupted one.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "caffe/util/rng.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

constexpr int kToyRows = 48, kToySize = 6, kToyClasses = 4;

// 48 x 6 points in, embedded in 3 numbers, one of 4 classes out.
string ToyNet(const string& head, const string& more = "") {
  return "layer { name: 'in' type: 'Input' top: 'x' top: 'y' input_param {"
         " shape { dim: 48 dim: 6 } shape { dim: 48 } } }"
         "layer { name: 'hidden' type: 'InnerProduct' bottom: 'x' top: 'h'"
         " inner_product_param { num_output: 12 weight_filler {"
         " type: 'xavier' } } }"
         "layer { name: 'bend' type: 'TanH' bottom: 'h' top: 'h' }"
         "layer { name: 'embed' type: 'InnerProduct' bottom: 'h' top: 'e'"
         " inner_product_param { num_output: 3 weight_filler {"
         " type: 'xavier' } } }"
         "layer { name: 'head' type: 'MarginInnerProduct' bottom: 'e'"
         " bottom: 'y' top: 's' top: 'lambda' margin_inner_product_param {"
         " num_output: 4 " + head + " } }"
         "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 's'"
         " bottom: 'y' top: 'loss' }" + more;
}

template <typename Dtype>
std::unique_ptr<Solver<Dtype>> ToySolver(const string& net,
                                         const string& more = "") {
  auto solver = MakeSolver<Dtype>(ParseSolver(
      "base_lr: 0.02 lr_policy: 'fixed' momentum: 0.9 solver_mode: CPU"
      " random_seed: 4 max_iter: 100 snapshot_after_train: false " + more,
      net));
  // Points about their class's corner of a cube.
  Rng random(31, 0);
  Dtype* x = solver->net()->blob_by_name("x")->mutable_cpu_data();
  Dtype* y = solver->net()->blob_by_name("y")->mutable_cpu_data();
  for (int i = 0; i < kToyRows; ++i) {
    const int of = i % kToyClasses;
    y[i] = static_cast<Dtype>(of);
    for (int k = 0; k < kToySize; ++k) {
      const double corner = k < 2 && (of >> k & 1) != 0 ? 1 : -1;
      x[i * kToySize + k] =
          static_cast<Dtype>(corner + random.Uniform(-0.9, 0.9));
    }
  }
  return solver;
}

double ToyLoss(Solver<double>* solver) {
  double loss;
  solver->net()->Forward(&loss);
  return loss;
}

TEST(MarginTrainingTest, EachHeadLearnsAndEndsElsewhere) {
  std::set<double> ends;
  for (const char* head :
       {"type: SINGLE", "type: DOUBLE base: 0", "type: TRIPLE base: 0",
        "type: QUADRUPLE base: 10 gamma: 0.1 lambda_min: 1",
        "type: COSINE scale: 8", "type: ANGULAR scale: 8",
        "type: SINGLE normalize: true scale: 8"}) {
    SCOPED_TRACE(head);
    auto solver = ToySolver<double>(ToyNet(head));
    const double before = ToyLoss(solver.get());
    solver->Step(300);
    const double after = ToyLoss(solver.get());
    EXPECT_LT(after, before / 4);
    ends.insert(Weights(solver.get())[0]);
  }
  EXPECT_EQ(7u, ends.size());
}

TEST(MarginTrainingTest, CentreLossDrawsAClassTogether) {
  double spread[2];
  for (const bool with_centers : {false, true}) {
    auto solver = ToySolver<double>(ToyNet(
        "type: SINGLE",
        string("layer { name: 'centers' type: 'CenterLoss' bottom: 'e'"
               " bottom: 'y' top: 'c' loss_weight: ") +
            (with_centers ? "1" : "0") +
            " param { lr_mult: 20 } center_loss_param { num_output: 4 } }"));
    solver->Step(300);
    solver->net()->Forward();
    // The mean squared distance to the mean of the class, of the mean length.
    const double* e = solver->net()->blob_by_name("e")->cpu_data();
    double within = 0, whole = 0;
    for (int of = 0; of < kToyClasses; ++of) {
      for (int k = 0; k < 3; ++k) {
        double mean = 0;
        for (int i = of; i < kToyRows; i += kToyClasses) {
          mean += e[3 * i + k] * kToyClasses / kToyRows;
        }
        for (int i = of; i < kToyRows; i += kToyClasses) {
          const double gap = e[3 * i + k] - mean;
          within += gap * gap;
          whole += e[3 * i + k] * e[3 * i + k];
        }
      }
    }
    spread[with_centers] = within / whole;
  }
  EXPECT_LT(spread[1], spread[0] / 2);
}

TEST(MarginTrainingTest, AResumedRunHasTheSameLambda) {
  const ImageFolder folder;
  const string options = "snapshot_prefix: '" + (folder / "net") + "'";
  const string net =
      ToyNet("type: QUADRUPLE base: 100 gamma: 0.5 lambda_min: 0.5",
             "layer { name: 'centers' type: 'CenterLoss' bottom: 'e'"
             " bottom: 'y' top: 'c' loss_weight: 0.01"
             " center_loss_param { num_output: 4 } }");
  auto straight = ToySolver<float>(net, options);
  straight->Step(20);
  auto first = ToySolver<float>(net, options);
  first->Step(10);
  first->Snapshot();
  auto second = ToySolver<float>(net, options);
  second->Restore((folder / "net_iter_10.solverstate").c_str());
  second->Step(10);
  EXPECT_EQ(straight->net()->blob_by_name("lambda")->cpu_data()[0],
            second->net()->blob_by_name("lambda")->cpu_data()[0]);
  EXPECT_TRUE(Weights(straight.get()) == Weights(second.get()));
}

}  // namespace
}  // namespace caffe
