// cuDNN beside our own kernels: the same results and gradients, and an
// algorithm that is always deterministic, within the limit, and the same after
// a resume.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "convolution/cudnn_choice.hpp"
#include "core/device.hpp"
#include "convolution/gpu_convolution.hpp"
#include "test/data/image_files.hpp"
#include "test/layers/layer_runner.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

#ifdef TERCET_CUDA

class CudnnTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Caffe::DeviceCount() == 0) GTEST_SKIP() << "no CUDA device";
    if (CudnnVersion().empty()) GTEST_SKIP() << "a build without cuDNN";
    Caffe::set_mode(Caffe::GPU);
  }
  void TearDown() override {
    Caffe::set_mode(Caffe::CPU);
    Caffe::set_math(Caffe::FP32);
    SetCudnnSettings({});
    SetCudnnChoices({});
  }
};

// A layer's text, where ENGINE stands for its engine, and its bottom.
struct EngineCase {
  string text;
  vector<int> shape;
};

string WithEngine(string text, const string& engine) {
  const string place = "ENGINE";
  return text.replace(text.find(place), place.size(), "engine: " + engine);
}

const vector<EngineCase>& EngineCases() {
  static const vector<EngineCase> cases = {
      {"type: 'Convolution' convolution_param { ENGINE num_output: 4 "
       "kernel_size: 3 weight_filler { type: 'gaussian' std: 1 } "
       "bias_filler { type: 'gaussian' std: 1 } }",
       {3, 2, 7, 6}},
      {"type: 'Convolution' convolution_param { ENGINE num_output: 6 group: 2 "
       "kernel_h: 3 kernel_w: 2 stride: 2 pad: 1 dilation: 2 bias_term: false "
       "weight_filler { type: 'gaussian' std: 1 } }",
       {2, 4, 9, 8}},
      {"type: 'Convolution' convolution_param { ENGINE num_output: 5 "
       "kernel_size: 1 weight_filler { type: 'gaussian' std: 1 } "
       "bias_filler { type: 'gaussian' std: 1 } }",
       {2, 3, 4, 4}},
      {"type: 'Convolution' convolution_param { ENGINE num_output: 6 group: 6 "
       "kernel_size: 3 pad: 1 weight_filler { type: 'gaussian' std: 1 } }",
       {2, 6, 5, 5}},
      {"type: 'Pooling' pooling_param { ENGINE pool: AVE kernel_size: 2 "
       "stride: 2 }",
       {2, 3, 6, 4}},
      {"type: 'Pooling' pooling_param { ENGINE pool: AVE kernel_h: 3 "
       "kernel_w: 2 stride: 1 }",
       {2, 3, 5, 6}},
      // Windows that are cut off, or padded: Caffe's own divisors.
      {"type: 'Pooling' pooling_param { ENGINE pool: AVE kernel_size: 3 "
       "stride: 2 }",
       {2, 3, 6, 6}},
      {"type: 'Pooling' pooling_param { ENGINE pool: AVE kernel_size: 3 "
       "stride: 2 pad: 1 }",
       {2, 3, 6, 6}},
      {"type: 'Pooling' pooling_param { ENGINE kernel_size: 2 stride: 2 }",
       {2, 3, 6, 4}},
      {"type: 'LRN' lrn_param { ENGINE local_size: 3 alpha: 0.5 beta: 0.75 }",
       {2, 5, 3, 3}},
      {"type: 'Softmax' softmax_param { ENGINE }", {4, 7}},
      {"type: 'Softmax' softmax_param { ENGINE axis: 1 }", {2, 5, 3, 2}},
      {"type: 'Softmax' softmax_param { ENGINE axis: 2 }", {2, 3, 5}},
      {"type: 'BatchNorm' batch_norm_param { ENGINE }", {4, 3, 3, 2}},
      {"type: 'BatchNorm' batch_norm_param { ENGINE eps: 0.1 "
       "moving_average_fraction: 0.5 }",
       {6, 5}},
      {"type: 'BatchNorm' batch_norm_param { ENGINE }", {1, 3}},
  };
  return cases;
}

// Everything that comes out of two passes: tops, diffs and parameters.
template <typename Dtype>
vector<Dtype> RunWithEngine(const EngineCase& one, const string& engine,
                            bool in_place) {
  Caffe::set_random_seed(11);
  LayerRunner<Dtype> runner(WithEngine(one.text, engine), {one.shape}, 1,
                            in_place ? LayerRunner<Dtype>::kInPlace
                                     : LayerRunner<Dtype>::kApart);
  runner.SetUp();
  vector<Dtype> all;
  const auto add = [&](const vector<Dtype>& values) {
    all.insert(all.end(), values.begin(), values.end());
  };
  for (int pass = 0; pass < 2; ++pass) {
    runner.Fill(runner.bottom(), pass);
    runner.Forward();
    add(runner.Top());
    vector<Dtype> diff(runner.top()->count());
    for (size_t i = 0; i < diff.size(); ++i) {
      diff[i] = static_cast<Dtype>(std::sin(1.0 + 3 * i));
    }
    add(runner.BackwardFrom({diff}));
    for (const auto& param : runner.layer()->blobs()) {
      add(runner.Data(*param));
      add(runner.Diff(*param));
    }
  }
  return all;
}

template <typename Dtype>
void ExpectSameResults(double tolerance, bool in_place) {
  for (const EngineCase& one : EngineCases()) {
    if (in_place && one.text.find("BatchNorm") == string::npos) continue;
    const auto own = RunWithEngine<Dtype>(one, "CAFFE", in_place);
    for (const char* engine : {"CUDNN", "DEFAULT"}) {
      const auto cudnn = RunWithEngine<Dtype>(one, engine, in_place);
      ASSERT_EQ(own.size(), cudnn.size());
      for (size_t i = 0; i < own.size(); ++i) {
        ASSERT_NEAR(own[i], cudnn[i], tolerance * (1 + std::abs(own[i])))
            << one.text << ", " << engine << ", value " << i;
      }
    }
  }
}

TEST_F(CudnnTest, AgreesWithOurOwnKernels) {
  ExpectSameResults<float>(2e-5, false);
  ExpectSameResults<double>(1e-6, false);
}

TEST_F(CudnnTest, AgreesInPlace) {
  ExpectSameResults<float>(2e-5, true);
  ExpectSameResults<double>(1e-6, true);
}

TEST_F(CudnnTest, GradientsAreRight) {
  for (const EngineCase& one : EngineCases()) {
    if (one.shape == vector<int>{1, 3}) continue;  // has no gradient
    SCOPED_TRACE(one.text);
    Caffe::set_random_seed(11);
    LayerRunner<double> runner(WithEngine(one.text, "CUDNN"), {one.shape});
    runner.CheckGradient();
  }
}

ConvGeometry SmallGeometry() {
  ConvGeometry shape;
  shape.channels = 2;
  shape.height = shape.width = 5;
  shape.num_output = 3;
  shape.kernel_h = shape.kernel_w = 3;
  return shape;
}

TEST_F(CudnnTest, AnAlgorithmKeepsToTheLimitOfTheWorkspace) {
  GpuConvolution<float> convolution;
  convolution.Reshape(SmallGeometry(), 2);
  EXPECT_TRUE(convolution.uses_cudnn());
  CudnnSettings settings;
  settings.workspace_bytes = 0;
  SetCudnnSettings(settings);
  convolution.Reshape(SmallGeometry(), 2);
  // A real cuDNN has algorithms without a workspace.
  const bool emulated = DescribeDevice(0).name == "host emulation";
  EXPECT_TRUE(!emulated || !convolution.uses_cudnn());
  SetCudnnSettings({});
  convolution.Reshape(SmallGeometry(), 2);
  EXPECT_TRUE(convolution.uses_cudnn());
  convolution.set_own(true);
  convolution.Reshape(SmallGeometry(), 2);
  EXPECT_FALSE(convolution.uses_cudnn());
}

TEST_F(CudnnTest, TimingIsRememberedAndPredictionIsNot) {
  GpuConvolution<float> convolution;
  convolution.Reshape(SmallGeometry(), 2);
  EXPECT_TRUE(CudnnChoices().empty());
  CudnnSettings settings;
  settings.autotune = true;
  SetCudnnSettings(settings);
  convolution.Reshape(SmallGeometry(), 2);
  ASSERT_EQ(CudnnChoices().size(), 3);
  const CudnnChoiceMap measured = CudnnChoices();
  EXPECT_EQ(measured.begin()->first,
            "data float FP32 batch 2 in 2x5x5 out 3 group 1 kernel 3x3 stride "
            "1x1 pad 0x0 dilation 1x1");
  // The same shape again, and one that differs.
  GpuConvolution<float> same;
  same.Reshape(SmallGeometry(), 2);
  EXPECT_EQ(CudnnChoices(), measured);
  same.Reshape(SmallGeometry(), 3);
  EXPECT_EQ(CudnnChoices().size(), 6);
  Caffe::set_math(Caffe::TF32);
  same.Reshape(SmallGeometry(), 3);
  EXPECT_EQ(CudnnChoices().size(), 9);
}

const char kConvNet[] = R"(
layer { name: 'data' type: 'DummyData' top: 'x' top: 't'
  dummy_data_param { shape { dim: 4 dim: 2 dim: 6 dim: 6 }
    shape { dim: 4 dim: 3 dim: 4 dim: 4 }
    data_filler { type: 'gaussian' std: 1 } } }
layer { name: 'conv' type: 'Convolution' bottom: 'x' top: 'y'
  convolution_param { num_output: 3 kernel_size: 3
    weight_filler { type: 'xavier' } } }
layer { name: 'loss' type: 'EuclideanLoss' bottom: 'y' bottom: 't' top: 'loss' }
)";

// The run is resumed where timing would choose another algorithm.
TEST_F(CudnnTest, AResumedRunTakesTheAlgorithmsOfItsSnapshot) {
  ImageFolder folder;
  const string prefix = folder / "net";
  const SolverParameter param = ParseSolver(
      "base_lr: 0.05 lr_policy: 'fixed' momentum: 0.9 max_iter: 8 snapshot: 4 "
      "random_seed: 3 cudnn_search: AUTOTUNE snapshot_prefix: '" +
          prefix + "' ",
      kConvNet);
  // What timing chooses here, and then the other one for the forward pass.
  CudnnChoiceMap other;
  {
    auto solver = MakeSolver<double>(param);
    other = CudnnChoices();
  }
  bool changed = false;
  for (auto& choice : other) {
    if (choice.first.rfind("forward", 0) != 0) continue;
    choice.second ^= 1;
    changed = true;
  }
  ASSERT_TRUE(changed);
  const auto train = [&](const CudnnChoiceMap& choices, bool resume) {
    SetCudnnChoices(choices);
    auto solver = MakeSolver<double>(param);
    if (resume) solver->Restore((prefix + "_iter_4.solverstate").c_str());
    solver->Solve();
    return Weights(solver.get());
  };
  const auto by_timing = train({}, false);
  const auto straight = train(other, false);
  EXPECT_NE(by_timing, straight) << "the two algorithms give the same bits";
  EXPECT_EQ(train({}, true), straight);
}

#endif  // TERCET_CUDA

}  // namespace
}  // namespace caffe
