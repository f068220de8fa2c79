// ReLULayer: values, leaky values, NaN, gradients, in place and apart.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class ReLULayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(ReLULayerTest, TestDtypesAndDevices);

TYPED_TEST(ReLULayerTest, Values) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'ReLU'", {{5}});
  run.SetBottom(0, {-2, Dtype(-0.5), 0, Dtype(0.5), 3});
  run.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{0, 0, 0, Dtype(0.5), 3}), run.Top());
  EXPECT_FALSE(std::signbit(run.Top()[0]));
  EXPECT_EQ((vector<Dtype>{0, 0, 0, 4, 5}),
            run.BackwardFrom({{1, 2, 3, 4, 5}}));
}

TYPED_TEST(ReLULayerTest, LeakyValues) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'ReLU' relu_param { negative_slope: 0.25 }", {{4}});
  run.SetBottom(0, {-2, 0, 1, -4});
  run.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{Dtype(-0.5), 0, 1, -1}), run.Top());
  EXPECT_EQ((vector<Dtype>{2, 1, 8, 1}), run.BackwardFrom({{8, 4, 8, 4}}));
}

TYPED_TEST(ReLULayerTest, NotANumberStaysOne) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* slope : {"0", "0.1"}) {
    Runner run(string("type: 'ReLU' relu_param { negative_slope: ") + slope +
               " }", {{3}});
    const Dtype inf = std::numeric_limits<Dtype>::infinity();
    run.SetBottom(0, {std::numeric_limits<Dtype>::quiet_NaN(), inf, -inf});
    run.SetUpAndForward();
    EXPECT_TRUE(std::isnan(run.Top()[0]));
    EXPECT_EQ(inf, run.Top()[1]);
    EXPECT_EQ(slope == string("0") ? 0 : -inf, run.Top()[2]);
  }
}

TYPED_TEST(ReLULayerTest, InPlaceEqualsApart) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* slope : {"0", "0.1"}) {
    const string text =
        string("type: 'ReLU' relu_param { negative_slope: ") + slope + " }";
    Runner apart(text, {{2, 3, 7}});
    Runner in_place(text, {{2, 3, 7}}, 1, Runner::kInPlace);
    apart.SetUpAndForward();
    in_place.SetUpAndForward();
    EXPECT_EQ(apart.Top(), in_place.Top());
    const vector<Dtype> dy = apart.Bottom();
    EXPECT_EQ(apart.BackwardFrom({dy}), in_place.BackwardFrom({dy}));
  }
}

TYPED_TEST(ReLULayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* slope : {"0", "0.1", "2", "-0.5"}) {
    const string text =
        string("type: 'ReLU' relu_param { negative_slope: ") + slope + " }";
    Runner apart(text, {{2, 3, 7}});
    apart.CheckGradient();
    if (slope[0] == '-') continue;
    Runner in_place(text, {{2, 3, 7}}, 1, Runner::kInPlace);
    in_place.CheckGradient();
  }
}

TYPED_TEST(ReLULayerTest, KinksAreTheSignsOfTheInput) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'ReLU' relu_param { negative_slope: 0.1 }", {{4}}, 1,
             Runner::kInPlace);
  run.SetBottom(0, {-1, 2, 0, -3});
  run.SetUpAndForward();
  vector<int> sides;
  run.layer()->KinkSides(run.bottoms(), run.tops(), &sides);
  EXPECT_EQ((vector<int>{0, 1, 0, 0}), sides);
}

TEST(ReLULayer, LargeBlobsDoNotDependOnThreads) {
  const int threads = Caffe::threads();
  vector<vector<float>> results;
  for (int n : {1, 3}) {
    Caffe::set_threads(n);
    LayerRunner<float> run("type: 'ReLU'", {{1000003}});
    run.SetUpAndForward();
    const vector<float> x = run.Bottom();
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(std::max(x[i], 0.f), run.top()->cpu_data()[i]);
    }
    results.push_back(run.BackwardFrom({x}));
  }
  Caffe::set_threads(threads);
  EXPECT_EQ(results[0], results[1]);
}

TEST(ReLULayer, RefusesANegativeSlopeInPlace) {
  ExpectRefused("type: 'ReLU' relu_param { negative_slope: -0.5 }", {{2}}, 1,
                {"in place", "-0.5"}, true);
  ExpectRefused("type: 'ReLU' relu_param { negative_slope: nan }", {{2}}, 1,
                {"negative_slope", "finite"});
}

}  // namespace
}  // namespace caffe
