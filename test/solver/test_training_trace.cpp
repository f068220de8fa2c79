// Training, end to end, against another library: PyTorch trains the same net
// from the same first weights on the same batch (training_trace_torch.py, in
// double). Losses on the way must be the same, and so must be BatchNorm's
// averages and the weights at the end.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

constexpr int kTracePeople = 6, kTraceImages = 4, kTracePixels = 8 * 8;
constexpr int kTraceSteps = 30;
constexpr int kTraceShown[] = {0, 1, 2, 5, 10, 20, 29};

struct Trace {
  const char* form;
  double losses[7];  // of the steps of kTraceShown
  double mean, variance;  // of BatchNorm, summed over its channels
  double weights;  // the sum of their squares
};

const Trace kTorch[] = {
    {"batch_hard",
     {2.075686110162, 2.035721797352, 1.996872104699, 1.890747695173,
      1.770286038426, 1.613138038706, 1.557825526519},
     0.005484554145, 1.199037480620, 52.418414765034},
    {"soft",
     {2.032559593676, 1.998830988714, 1.966457249391, 1.881277200672,
      1.783407678567, 1.658299502931, 1.615317382005},
     0.005467905681, 1.200112384333, 52.430948252211},
    {"semi_hard",
     {0.136033245677, 0.130894508883, 0.124292807089, 0.116162795178,
      0.103217278279, 0.105377697798, 0.105564982335},
     0.004929058567, 1.206800739529, 52.390363289123},
    {"batch_all",
     {0.588734786918, 0.564325553171, 0.541019081201, 0.478385987590,
      0.404063304165, 0.338172449724, 0.318462898997},
     0.004711321995, 1.184472324480, 52.361462898944}};

// The losses are those of models/orl; so are BatchNorm and the solver.
string TraceNet(const string& form) {
  const bool norm = form == "batch_hard" || form == "soft";
  const string loss =
      form == "soft" ? "margin: 0 hinge: SOFT mining: BATCH_HARD"
      : form == "batch_hard" ? "margin: 0.2 mining: BATCH_HARD"
      : form == "semi_hard"  ? "margin: 0.2 mining: SEMI_HARD"
                             : "margin: 0.2 mining: BATCH_ALL";
  const string fraction =
      " batch_norm_param { moving_average_fraction: 0.9 } }";
  return "layer { name: 'in' type: 'Input' top: 'x' top: 'y' input_param {"
         " shape { dim: 24 dim: 1 dim: 8 dim: 8 } shape { dim: 24 } } }"
         "layer { name: 'conv' type: 'Convolution' bottom: 'x' top: 'c'"
         " convolution_param { num_output: 5 kernel_size: 3 pad: 1"
         " bias_term: false } }"
         "layer { name: 'bn' type: 'BatchNorm' bottom: 'c' top: 'c'" +
         fraction +
         "layer { name: 'scale' type: 'Scale' bottom: 'c' top: 'c'"
         " param { decay_mult: 0 } param { decay_mult: 0 }"
         " scale_param { bias_term: true } }"
         "layer { name: 'relu' type: 'ReLU' bottom: 'c' top: 'c' }"
         "layer { name: 'pool' type: 'Pooling' bottom: 'c' top: 'p'"
         " pooling_param { pool: MAX kernel_size: 2 stride: 2 } }"
         "layer { name: 'full' type: 'InnerProduct' bottom: 'p' top: 'f'"
         " param { decay_mult: 1 } param { decay_mult: 0 }"
         " inner_product_param { num_output: 7 } }" +
         (norm ? "layer { name: 'bn_full' type: 'BatchNorm' bottom: 'f'"
                 " top: 'f'" + fraction
               : "") +
         "layer { name: 'unit' type: 'Normalize' bottom: 'f' top: 'e' }"
         "layer { name: 'loss' type: 'BatchTripletLoss' bottom: 'e'"
         " bottom: 'y' top: 'loss' batch_triplet_loss_param { " + loss + " }"
         " loss_param { normalization: " +
         (form == "batch_all" ? "VALID" : "BATCH_SIZE") + " } }";
}

// Numbers from -1/2 to 1/2 that any language draws alike.
class TraceDraw {
 public:
  double operator()() {
    state_ = (state_ * 1103515245 + 12345) % (uint64_t{1} << 31);
    return static_cast<double>(state_) / (uint64_t{1} << 31) - 0.5;
  }
  void Fill(Blob<double>* blob) {
    double* data = blob->mutable_cpu_data();
    for (int i = 0; i < blob->count(); ++i) data[i] = (*this)();
  }

 private:
  uint64_t state_ = 1;
};

// Each image is its person's face and twice as much noise.
void FillTraceBatch(Net<double>* net, TraceDraw* draw) {
  std::vector<double> faces(kTracePeople * kTracePixels);
  for (double& value : faces) value = (*draw)();
  Blob<double>* x = net->blob_by_name("x").get();
  draw->Fill(x);
  double* y = net->blob_by_name("y")->mutable_cpu_data();
  for (int i = 0; i < kTracePeople * kTraceImages; ++i) {
    y[i] = i / kTraceImages;
    double* image = x->mutable_cpu_data() + i * kTracePixels;
    for (int k = 0; k < kTracePixels; ++k) {
      image[k] = faces[i / kTraceImages * kTracePixels + k] + 2 * image[k];
    }
  }
}

std::unique_ptr<Solver<double>> TraceSolver(const string& form) {
  auto solver = MakeSolver<double>(ParseSolver(
      "type: 'Adam' base_lr: 0.001 momentum: 0.9 momentum2: 0.999"
      " weight_decay: 0.0005 lr_policy: 'poly' power: 1 solver_mode: CPU"
      " random_seed: 1 max_iter: 30 snapshot_after_train: false",
      TraceNet(form)));
  Net<double>* net = solver->net().get();
  TraceDraw draw;
  FillTraceBatch(net, &draw);
  draw.Fill(net->layer_by_name("conv")->blobs()[0].get());
  draw.Fill(net->layer_by_name("full")->blobs()[0].get());
  return solver;
}

double TraceSum(const Blob<double>& blob) {
  return std::accumulate(blob.cpu_data(), blob.cpu_data() + blob.count(), 0.);
}

TEST(TrainingTraceTest, IsThatOfPyTorchInEachForm) {
  for (const Trace& want : kTorch) {
    SCOPED_TRACE(want.form);
    auto solver = TraceSolver(want.form);
    std::vector<double> losses;
    for (int step = 0; step < kTraceSteps; ++step) {
      solver->Step(1);
      losses.push_back(solver->net()->blob_by_name("loss")->cpu_data()[0]);
    }
    for (int k = 0; k < 7; ++k) {
      EXPECT_NEAR(losses[kTraceShown[k]], want.losses[k], 1e-10)
          << kTraceShown[k];
    }
    const auto& bn = solver->net()->layer_by_name("bn")->blobs();
    const double weight = bn[2]->cpu_data()[0];
    EXPECT_NEAR(TraceSum(*bn[0]) / weight, want.mean, 1e-10);
    EXPECT_NEAR(TraceSum(*bn[1]) / weight, want.variance, 1e-10);
    double squares = 0;
    for (const char* name : {"conv", "full"}) {
      squares += solver->net()->layer_by_name(name)->blobs()[0]->sumsq_data();
    }
    EXPECT_NEAR(squares, want.weights, 1e-10);
  }
}

}  // namespace
}  // namespace caffe
