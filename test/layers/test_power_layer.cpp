// PowerLayer: values, the gradient where the base is 0, in place and apart.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class PowerLayerTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(PowerLayerTest, TestDtypesAndDevices);

TYPED_TEST(PowerLayerTest, Values) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const Dtype powers[] = {0, 1, 2, 3, -1, Dtype(0.5)};
  for (const Dtype power : powers) {
    Runner run("type: 'Power' power_param { scale: 0.5 shift: 3 power: " +
               std::to_string(power) + " }", {{2, 5}});
    run.SetUpAndForward();
    for (int i = 0; i < 10; ++i) {
      const double base = 3 + 0.5 * run.bottom()->cpu_data()[i];
      const double want = std::pow(base, double(power));
      EXPECT_NEAR(want, run.top()->cpu_data()[i], 2e-6 * want)
          << "power " << power;
    }
  }
}

TYPED_TEST(PowerLayerTest, DefaultIsTheIdentity) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Power'", {{2, 5}});
  run.SetUpAndForward();
  EXPECT_EQ(run.Bottom(), run.Top());
}

TYPED_TEST(PowerLayerTest, GradientIsFiniteAtABaseOfZero) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  const char* powers[] = {"0", "1", "2", "3"};
  const Dtype want[] = {0, 2, 0, 0};
  for (int k = 0; k < 4; ++k) {
    Runner run(string("type: 'Power' power_param { scale: 2 power: ") +
               powers[k] + " }", {{1}});
    run.SetBottom(0, {0});
    run.SetUpAndForward();
    EXPECT_EQ((vector<Dtype>{want[k]}), run.BackwardFrom({{1}}))
        << "power " << powers[k];
  }
}

TYPED_TEST(PowerLayerTest, ScaleOfZeroIsAConstant) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  Runner run("type: 'Power' power_param { scale: 0 shift: 3 power: 2 }",
             {{2}});
  run.SetUpAndForward();
  EXPECT_EQ((vector<Dtype>{9, 9}), run.Top());
  EXPECT_EQ((vector<Dtype>{0, 0}), run.BackwardFrom({{1, 1}}));
}

TYPED_TEST(PowerLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerRunner<Dtype> Runner;
  for (const char* power : {"0", "1", "2", "3", "-1.5", "0.37"}) {
    for (const auto place : {Runner::kApart, Runner::kInPlace}) {
      Runner run(string("type: 'Power' power_param { scale: -0.7 shift: 2.5 "
                        "power: ") + power + " }", {{2, 3, 7}}, 1, place);
      run.CheckGradient();
    }
  }
  Runner signs("type: 'Power' power_param { power: 3 }", {{2, 3, 7}});
  signs.CheckGradient();
}

TEST(PowerLayer, RefusesOptionsThatAreNoNumbers) {
  ExpectRefused("type: 'Power' power_param { power: inf }", {{2}}, 1,
                {"finite", "inf"});
}

}  // namespace
}  // namespace caffe
