// SplitLayer: shared data forward, summed diffs backward.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class SplitLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(SplitLayerTest, TestDtypesAndDevices);

TYPED_TEST(SplitLayerTest, TopsShareTheBottomsMemory) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Split'", {{2, 3, 5}}, 3);
  run.SetUpAndForward();
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(run.bottom()->shape(), run.top(k)->shape());
    EXPECT_EQ(run.bottom()->data(), run.top(k)->data());
  }
}

TYPED_TEST(SplitLayerTest, BackwardAddsAllTops) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (int tops = 1; tops <= 4; ++tops) {
    Runner run("type: 'Split'", {{1, 3}}, tops);
    run.SetUpAndForward();
    vector<vector<Dtype>> dy;
    Dtype sum = 0;
    for (int k = 0; k < tops; ++k) {
      dy.push_back({Dtype(1 << k), Dtype(0), Dtype(-3)});
      sum += 1 << k;
    }
    const vector<Dtype> want = {sum, 0, Dtype(-3 * tops)};
    EXPECT_EQ(want, run.BackwardFrom(dy)) << tops << " tops";
  }
}

TYPED_TEST(SplitLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Split'", {{2, 3, 5}}, 3);
  run.CheckGradient();
}

TEST(SplitLayer, LargeSumsDoNotDependOnThreads) {
  typedef LayerRunner<float> Runner;
  const int threads = Caffe::threads();
  vector<vector<float>> results;
  for (int n : {1, 3}) {
    Caffe::set_threads(n);
    Runner run("type: 'Split'", {{1000003}}, 3);
    run.SetUpAndForward();
    for (int k = 0; k < 3; ++k) {
      Blob<float> values(run.bottom()->shape());
      Runner::Fill(&values, 10 + k);
      std::copy(values.cpu_data(), values.cpu_data() + values.count(),
                run.top(k)->mutable_cpu_diff());
    }
    run.Backward();
    results.push_back(Runner::Diff(*run.bottom()));
    const float* dx = run.bottom()->cpu_diff();
    for (int i = 0; i < run.bottom()->count(); i += 997) {
      ASSERT_EQ(run.top(0)->cpu_diff()[i] + run.top(1)->cpu_diff()[i] +
                    run.top(2)->cpu_diff()[i],
                dx[i]);
    }
  }
  Caffe::set_threads(threads);
  EXPECT_EQ(results[0], results[1]);
}

TEST(SplitLayer, RefusesInPlace) {
  ExpectRefused("type: 'Split'", {{2, 3}}, 2, {"in place"}, true);
}

}  // namespace
}  // namespace caffe
