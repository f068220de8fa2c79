// DropoutLayer: the share that is kept, the mask of a seed, both phases.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class DropoutLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(DropoutLayerTest, TestDtypesAndDevices);

TYPED_TEST(DropoutLayerTest, KeepsTheShareThatItShould) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const double p : {0.0, 0.25, 0.5, 0.9}) {
    Runner run("type: 'Dropout' phase: TRAIN dropout_param { dropout_ratio: " +
               std::to_string(p) + " }", {{100, 101}});
    run.SetUpAndForward();
    int kept = 0;
    for (int i = 0; i < run.bottom()->count(); ++i) {
      const double x = run.bottom()->cpu_data()[i];
      const double y = run.top()->cpu_data()[i];
      if (y == 0) continue;
      ++kept;
      EXPECT_NEAR(x / (1 - p), y, 1e-5 * std::fabs(x / (1 - p)));
    }
    const int n = run.bottom()->count();
    EXPECT_NEAR((1 - p) * n, kept, 4 * std::sqrt(n * p * (1 - p)) + 1e-9);
  }
}

TYPED_TEST(DropoutLayerTest, TestPhaseIsTheIdentity) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const auto place : {Runner::kApart, Runner::kInPlace}) {
    Runner run("type: 'Dropout' phase: TEST", {{2, 3, 7}}, 1, place);
    const vector<Dtype> x = run.Bottom();
    const uint64_t position = Caffe::rng().position();
    run.SetUpAndForward();
    EXPECT_EQ(x, run.Top());
    EXPECT_EQ(x, run.BackwardFrom({x}));
    EXPECT_EQ(position, Caffe::rng().position());
  }
}

TYPED_TEST(DropoutLayerTest, EachForwardHasANewMaskAndASeedRepeatsThem) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  vector<vector<Dtype>> masks;
  for (int round = 0; round < 2; ++round) {
    Caffe::set_random_seed(7);
    Runner run("type: 'Dropout' phase: TRAIN", {{20, 20}});
    run.SetUpAndForward();
    masks.push_back(run.Top());
    run.Forward();
    masks.push_back(run.Top());
  }
  EXPECT_EQ(masks[0], masks[2]);
  EXPECT_EQ(masks[1], masks[3]);
  EXPECT_NE(masks[0], masks[1]);
}

TYPED_TEST(DropoutLayerTest, MaskIsThatOfTheGenerator) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Caffe::set_random_seed(7);
  Rng rng = Caffe::rng();
  const uint64_t key = rng.Uint64();
  Runner run("type: 'Dropout' phase: TRAIN", {{3, 7}});
  run.SetUpAndForward();
  for (int i = 0; i < 21; ++i) {
    const bool dropped = PhiloxAt(key, i / 4).v[i % 4] < 0x80000000u;
    EXPECT_EQ(dropped ? 0 : 2 * run.bottom()->cpu_data()[i],
              run.top()->cpu_data()[i]);
  }
}

TYPED_TEST(DropoutLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const auto place : {Runner::kApart, Runner::kInPlace}) {
    for (const char* phase : {"TRAIN", "TEST"}) {
      Runner run(string("type: 'Dropout' dropout_param { dropout_ratio: 0.3 } "
                        "phase: ") + phase, {{2, 3, 7}}, 1, place);
      run.CheckGradient();
    }
  }
}

TEST(DropoutLayer, MaskDoesNotDependOnThreads) {
  const int threads = Caffe::threads();
  vector<vector<float>> results;
  for (int n : {1, 3}) {
    Caffe::set_threads(n);
    Caffe::set_random_seed(3);
    LayerRunner<float> run("type: 'Dropout' phase: TRAIN", {{100003}});
    run.SetUpAndForward();
    results.push_back(run.Top());
    results.push_back(run.BackwardFrom({run.Bottom()}));
    EXPECT_EQ(run.Top(), results.back());
  }
  Caffe::set_threads(threads);
  EXPECT_EQ(results[0], results[2]);
  EXPECT_EQ(results[1], results[3]);
}

TEST(DropoutLayer, RefusesARatioOutside) {
  for (const char* ratio : {"1", "-0.1", "1.5", "nan"}) {
    ExpectRefused(string("type: 'Dropout' dropout_param { dropout_ratio: ") +
                  ratio + " }", {{2}}, 1, {"dropout_ratio", "[0, 1)"});
  }
}

}  // namespace
}  // namespace caffe
