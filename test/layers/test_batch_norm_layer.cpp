// BatchNorm: statistics of the batch and of the past, and its gradient.
#include "caffe/layers/batch_norm_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class BatchNormLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(BatchNormLayerTest, TestDtypesAndDevices);

// Mean and biased variance of the channel of a blob N x C x S.
struct Moments {
  double mean = 0;
  double variance = 0;
};

vector<Moments> ChannelMoments(const vector<double>& x, int n, int c, int s) {
  vector<Moments> moments(c);
  for (int k = 0; k < c; ++k) {
    for (int pass = 0; pass < 2; ++pass) {
      double sum = 0;
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < s; ++j) {
          const double value = x[(i * c + k) * s + j];
          sum += pass == 0 ? value : std::pow(value - moments[k].mean, 2);
        }
      }
      (pass == 0 ? moments[k].mean : moments[k].variance) = sum / (n * s);
    }
  }
  return moments;
}

vector<double> Normalized(const vector<double>& x, int n, int c, int s,
                          double eps) {
  const vector<Moments> moments = ChannelMoments(x, n, c, s);
  vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const Moments& m = moments[i / s % c];
    y[i] = (x[i] - m.mean) / std::sqrt(m.variance + eps);
  }
  return y;
}

TYPED_TEST(BatchNormLayerTest, TrainingUsesTheBatch) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> images("type: 'BatchNorm'", {{5, 3, 4, 7}});
  images.Run();
  ExpectNear<Dtype>(Normalized(images.BottomData(), 5, 3, 28, 1e-5f),
                    images.TopData());
  LayerCase<Dtype> rows("type: 'BatchNorm' batch_norm_param { eps: 0.01 }",
                        {{17, 13}});
  rows.Run();
  ExpectNear<Dtype>(Normalized(rows.BottomData(), 17, 13, 1, 0.01f),
                    rows.TopData());
  LayerCase<Dtype> line("type: 'BatchNorm'", {{11}});
  line.Run();
  ExpectNear<Dtype>(Normalized(line.BottomData(), 11, 1, 1, 1e-5f),
                    line.TopData());
}

TYPED_TEST(BatchNormLayerTest, AFarMeanDoesNotSpoilTheVariance) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'BatchNorm'", {{4, 2, 3, 3}});
  layer_case.FillUniform(layer_case.bottom(), 999, 1001);
  layer_case.Run();
  const vector<Moments> moments = ChannelMoments(layer_case.TopData(), 4, 2, 9);
  for (const Moments& m : moments) {
    EXPECT_NEAR(0, m.mean, this->IsDouble() ? 1e-10 : 1e-3);
    EXPECT_NEAR(1, m.variance, 1e-3);
  }
}

TYPED_TEST(BatchNormLayerTest, MovingSumsFollowCaffe) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'BatchNorm' batch_norm_param { moving_average_fraction: 0.75 }",
      {{5, 2, 3, 1}});
  layer_case.SetUp();
  vector<double> mean(2), variance(2);
  for (int step = 0; step < 3; ++step) {
    layer_case.FillUniform(layer_case.bottom(), -1, 3);
    layer_case.Forward();
    const auto moments = ChannelMoments(layer_case.BottomData(), 5, 2, 3);
    for (int c = 0; c < 2; ++c) {
      mean[c] = 0.75 * mean[c] + moments[c].mean;
      variance[c] = 0.75 * variance[c] + moments[c].variance * 15 / 14;
    }
  }
  ExpectNear<Dtype>(mean, layer_case.ParamData(0));
  ExpectNear<Dtype>(variance, layer_case.ParamData(1));
  ExpectNear<Dtype>({1 + 0.75 + 0.5625}, layer_case.ParamData(2));
}

TYPED_TEST(BatchNormLayerTest, TestPhaseUsesStoredAveragesAndKeepsThem) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string text :
       {"type: 'BatchNorm' phase: TEST",
        "type: 'BatchNorm' batch_norm_param { use_global_stats: true }"}) {
    LayerCase<Dtype> layer_case(text, {{2, 2, 2, 1}});
    layer_case.SetUp();
    layer_case.Set(layer_case.param(0), {4, -6});
    layer_case.Set(layer_case.param(1), {8, 2});
    layer_case.Set(layer_case.param(2), {2});
    const vector<double> x = {2, 3, -3, -4, 0, 1, 5, 6};
    layer_case.SetBottom(0, x);
    layer_case.Forward();
    vector<double> want;
    for (int i = 0; i < 8; ++i) {
      const int c = i / 2 % 2;
      want.push_back((x[i] - (c ? -3 : 2)) / std::sqrt((c ? 1. : 4.) + 1e-5f));
    }
    ExpectNear<Dtype>(want, layer_case.TopData());
    EXPECT_EQ(4, layer_case.param(0)->cpu_data()[0]);
    EXPECT_EQ(2, layer_case.param(2)->cpu_data()[0]);
    layer_case.CheckGradient();
  }
}

TYPED_TEST(BatchNormLayerTest, NoWeightMeansNoStatistics) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'BatchNorm' phase: TEST batch_norm_param { eps: 0.25 }", {{2, 3}});
  layer_case.Run();
  vector<double> want = layer_case.BottomData();
  for (double& value : want) value *= 2;
  ExpectNear<Dtype>(want, layer_case.TopData());
}

TYPED_TEST(BatchNormLayerTest, TestPhaseCanUseTheBatch) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'BatchNorm' phase: TEST "
      "batch_norm_param { use_global_stats: false }",
      {{5, 3, 2, 2}});
  layer_case.Run();
  ExpectNear<Dtype>(Normalized(layer_case.BottomData(), 5, 3, 4, 1e-5f),
                    layer_case.TopData());
}

// The net that is trained has the same averages.
TYPED_TEST(BatchNormLayerTest, TestPhaseLeavesTheAveragesAlone) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(
      "type: 'BatchNorm' phase: TEST "
      "batch_norm_param { use_global_stats: false }",
      {{5, 3, 2, 2}});
  layer_case.Run();
  for (const auto& blob : layer_case.layer()->blobs()) {
    EXPECT_EQ(blob->asum_data(), 0);
  }
}

TYPED_TEST(BatchNormLayerTest, InPlaceEqualsOutOfPlace) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string text :
       {"type: 'BatchNorm'", "type: 'BatchNorm' phase: TEST"}) {
    LayerCase<Dtype> apart(text, {{4, 3, 3, 2}});
    LayerCase<Dtype> in_place(text, {{4, 3, 3, 2}}, 1,
                              LayerCase<Dtype>::kInPlace);
    apart.Run();
    in_place.Run();
    EXPECT_EQ(apart.TopData(), in_place.TopData());
    apart.RunBackward();
    in_place.RunBackward();
    EXPECT_EQ(apart.BottomDiff(), in_place.BottomDiff());
  }
}

TYPED_TEST(BatchNormLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype>("type: 'BatchNorm'", {{5, 3, 3, 2}}).CheckGradient();
  LayerCase<Dtype>("type: 'BatchNorm'", {{7, 5}}).CheckGradient();
  LayerCase<Dtype>("type: 'BatchNorm' batch_norm_param { eps: 0.1 }",
                   {{3, 1, 11, 1}})
      .CheckGradient();
  LayerCase<Dtype>("type: 'BatchNorm'", {{4, 3, 2, 2}}, 1,
                   LayerCase<Dtype>::kInPlace)
      .CheckGradient();
}

TYPED_TEST(BatchNormLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const vector<int>& shape :
       {vector<int>{7, 13, 97, 101}, vector<int>{1021, 777}}) {
    ExpectSameForAnyThreads<Dtype>("type: 'BatchNorm'", {shape});
  }
}

TYPED_TEST(BatchNormLayerTest, ParametersAreNotLearned) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'BatchNorm' param { lr_mult: 2 }",
                              {{2, 3}});
  layer_case.SetUp();
  ASSERT_EQ(3, layer_case.layer()->layer_param().param_size());
  for (const ParamSpec& spec : layer_case.layer()->layer_param().param()) {
    EXPECT_EQ(0, spec.lr_mult());
    EXPECT_EQ(0, spec.decay_mult());
  }
}

TYPED_TEST(BatchNormLayerTest, OtherChannelsAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'BatchNorm'", {{2, 3}});
  layer_case.SetUp();
  layer_case.bottom()->Reshape({2, 4});
  EXPECT_THROW(layer_case.Forward(), Error);
  LayerCase<Dtype> eps("type: 'BatchNorm' batch_norm_param { eps: -1 }",
                       {{2, 3}});
  EXPECT_EQ("eps is -1; it must not be negative", eps.InputError());
}

}  // namespace caffe
