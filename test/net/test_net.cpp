// Net: filtering, wiring, splits, shared parameters, the pruning of backward,
// weights, and the messages for files that are wrong.
#include <gtest/gtest.h>

#include "caffe/net.hpp"
#include "caffe/test/fixture.hpp"
#include "net/prototxt.hpp"

namespace caffe {
namespace {

const char kData[] =
    "layer { name: 'data' type: 'DummyData' top: 'data' top: 'target'\n"
    "  dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 dim: 2 }\n"
    "    data_filler { type: 'gaussian' std: 1 }\n"
    "    data_filler { type: 'gaussian' std: 1 } } }\n";

string Ip(const string& name, const string& bottom, const string& top,
          int outputs, const string& more = "") {
  return "layer { name: '" + name + "' type: 'InnerProduct' bottom: '" +
         bottom + "' top: '" + top + "' " + more +
         " inner_product_param { num_output: " + std::to_string(outputs) +
         " weight_filler { type: 'xavier' } } }\n";
}

string Loss(const string& a, const string& b, const string& more = "") {
  return "layer { name: 'loss' type: 'EuclideanLoss' bottom: '" + a +
         "' bottom: '" + b + "' top: 'loss' " + more + " }\n";
}

NetParameter Parse(const string& text, Phase phase = TRAIN) {
  NetParameter param;
  ParseNetPrototxt(text, "net.prototxt", &param);
  param.mutable_state()->set_phase(phase);
  return param;
}

string ErrorOf(const string& text) {
  try {
    Net<float> net(Parse(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::kInput);
    return error.what();
  }
  return "no error";
}

template <typename Dtype>
double Difference(const Blob<Dtype>& a, const Blob<Dtype>& b, bool diff) {
  double most = 0;
  for (int i = 0; i < a.count(); ++i) {
    const Dtype x = diff ? a.cpu_diff()[i] : a.cpu_data()[i];
    const Dtype y = diff ? b.cpu_diff()[i] : b.cpu_data()[i];
    most = std::max(most, std::fabs(static_cast<double>(x) - y));
  }
  return most;
}

}  // namespace

template <typename TypeParam>
class NetTest : public MultiDeviceTest<TypeParam> {};
TYPED_TEST_SUITE(NetTest, TestDtypesAndDevices);

TYPED_TEST(NetTest, RunsForwardAndBackward) {
  typedef typename TypeParam::Dtype Dtype;
  Net<Dtype> net(
      Parse(kData + Ip("ip", "data", "out", 2) + Loss("out", "target")));
  const Dtype loss = net.ForwardBackward();
  EXPECT_GT(loss, 0);
  EXPECT_EQ(net.num_outputs(), 1);
  EXPECT_EQ(net.output_blobs()[0]->cpu_data()[0], loss);
  EXPECT_EQ(net.learnable_params().size(), 2u);
  EXPECT_GT(net.learnable_params()[0]->asum_diff(), 0);
  EXPECT_FALSE(net.bottom_need_backward()[1][0]);  // nobody wants data's
}

TYPED_TEST(NetTest, SplitsABlobThatIsReadTwiceAndAddsTheGradients) {
  typedef typename TypeParam::Dtype Dtype;
  Net<Dtype> net(Parse(
      kData + Ip("ip", "data", "out", 2) +
      "layer { name: 'a' type: 'Power' bottom: 'out' top: 'a' "
      "  power_param { scale: 2 } }\n"
      "layer { name: 'b' type: 'Power' bottom: 'out' top: 'b' "
      "  power_param { scale: 3 } }\n"
      "layer { name: 'la' type: 'Reduction' bottom: 'a' top: 'la' "
      "  loss_weight: 1 }\n"
      "layer { name: 'lb' type: 'Reduction' bottom: 'b' top: 'lb' "
      "  loss_weight: 1 }\n"
      "layer { name: 's' type: 'Silence' bottom: 'target' }\n"));
  ASSERT_TRUE(net.has_layer("out_ip_0_split"));
  net.ForwardBackward();
  const Blob<Dtype>& out = *net.blob_by_name("out");
  for (int i = 0; i < out.count(); ++i) {
    EXPECT_NEAR(out.cpu_diff()[i], 5, 1e-5);
  }
}

TYPED_TEST(NetTest, ALossThatIsReadKeepsItsGradient) {
  typedef typename TypeParam::Dtype Dtype;
  const string base =
      kData + Ip("ip", "data", "out", 2) + Loss("out", "target");
  Caffe::set_random_seed(7);
  Net<Dtype> plain(Parse(base));
  Caffe::set_random_seed(7);
  Net<Dtype> read(Parse(
      base + "layer { name: 's' type: 'Silence' bottom: 'loss' }\n"));
  Caffe::set_random_seed(8);
  const Dtype loss = plain.ForwardBackward();
  Caffe::set_random_seed(8);
  EXPECT_EQ(read.ForwardBackward(), loss);
  EXPECT_EQ(Difference(*plain.learnable_params()[0],
                       *read.learnable_params()[0], true),
            0);
  EXPECT_GT(plain.learnable_params()[0]->asum_diff(), 0);
}

TYPED_TEST(NetTest, SharedParametersAreOneAndAddTheirGradients) {
  typedef typename TypeParam::Dtype Dtype;
  const string shared = "param { name: 'w' } param { name: 'b' }";
  Net<Dtype> net(Parse(kData + Ip("one", "data", "x", 2, shared) +
                       Ip("two", "data", "y", 2, shared) +
                       Loss("x", "target") +
                       "layer { name: 'loss2' type: 'EuclideanLoss' "
                       "bottom: 'y' bottom: 'target' top: 'loss2' }\n"));
  ASSERT_EQ(net.learnable_params().size(), 2u);
  ASSERT_EQ(net.params().size(), 4u);
  EXPECT_EQ(net.params()[0]->cpu_data(), net.params()[2]->cpu_data());
  net.ClearParamDiffs();
  const Dtype loss = net.ForwardBackward();
  EXPECT_NEAR(net.blob_by_name("loss")->cpu_data()[0] * 2, loss, 1e-5);
  const Blob<Dtype>& y = *net.blob_by_name("y");
  const Blob<Dtype>& b = *net.params()[1];
  for (int j = 0; j < 2; ++j) {
    Dtype sum = 0;
    for (int i = 0; i < 4; ++i) sum += y.cpu_diff()[i * 2 + j];
    EXPECT_NEAR(b.cpu_diff()[j], 2 * sum, 1e-5);
  }
}

TYPED_TEST(NetTest, PropagateDownFalseStopsTheGradient) {
  typedef typename TypeParam::Dtype Dtype;
  Net<Dtype> net(Parse(
      kData + Ip("one", "data", "x", 3) +
      Ip("two", "x", "y", 2, "propagate_down: false") + Loss("y", "target")));
  net.ClearParamDiffs();
  net.ForwardBackward();
  EXPECT_EQ(net.layer_by_name("one")->blobs()[0]->asum_diff(), 0);
  EXPECT_GT(net.layer_by_name("two")->blobs()[0]->asum_diff(), 0);
}

TYPED_TEST(NetTest, ForceBackwardReachesTheData) {
  typedef typename TypeParam::Dtype Dtype;
  Net<Dtype> net(Parse("force_backward: true\n" + string(kData) +
                       Ip("ip", "data", "out", 2) + Loss("out", "target")));
  net.ForwardBackward();
  EXPECT_GT(net.blob_by_name("data")->asum_diff(), 0);
}

TYPED_TEST(NetTest, AFrozenTrunkIsNotRunBackward) {
  typedef typename TypeParam::Dtype Dtype;
  const string frozen = "param { lr_mult: 0 } param { lr_mult: 0 }";
  Net<Dtype> net(Parse(kData + Ip("one", "data", "x", 3, frozen) +
                       Ip("two", "x", "y", 2) + Loss("y", "target")));
  EXPECT_FALSE(net.layer_need_backward()[1]);
  EXPECT_TRUE(net.layer_need_backward()[2]);
}

TEST(NetFilterTest, PhaseLevelAndStageDecide) {
  NetState state;
  state.set_phase(TEST);
  state.set_level(3);
  state.add_stage("deploy");
  NetStateRule rule;
  EXPECT_TRUE(StateMeetsRule(state, rule));
  rule.set_phase(TRAIN);
  EXPECT_FALSE(StateMeetsRule(state, rule));
  rule.set_phase(TEST);
  EXPECT_TRUE(StateMeetsRule(state, rule));
  rule.set_min_level(4);
  EXPECT_FALSE(StateMeetsRule(state, rule));
  rule.set_min_level(2);
  rule.set_max_level(2);
  EXPECT_FALSE(StateMeetsRule(state, rule));
  rule.set_max_level(3);
  rule.add_stage("deploy");
  EXPECT_TRUE(StateMeetsRule(state, rule));
  rule.add_not_stage("deploy");
  EXPECT_FALSE(StateMeetsRule(state, rule));
}

TEST(NetFilterTest, IncludeAndExclude) {
  const string text =
      "layer { name: 'a' type: 'X' include { phase: TRAIN } }\n"
      "layer { name: 'b' type: 'X' exclude { phase: TRAIN } }\n"
      "layer { name: 'c' type: 'X' }\n";
  NetParameter kept;
  FilterNet(Parse(text, TRAIN), &kept);
  ASSERT_EQ(kept.layer_size(), 2);
  EXPECT_EQ(kept.layer(0).name(), "a");
  FilterNet(Parse(text, TEST), &kept);
  ASSERT_EQ(kept.layer_size(), 2);
  EXPECT_EQ(kept.layer(0).name(), "b");
}

TEST(NetWeightsTest, CopyByNameChecksAllBeforeItCopies) {
  Net<float> net(Parse(kData + Ip("one", "data", "x", 3) +
                       Ip("two", "x", "y", 2) + Loss("y", "target")));
  NetParameter weights;
  net.ToProto(&weights);
  Net<float> other(Parse(kData + Ip("one", "data", "x", 3) +
                         Ip("two", "x", "y", 2) + Loss("y", "target")));
  other.CopyTrainedLayersFrom(weights);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Difference(*net.params()[i], *other.params()[i], false), 0);
  }
  Net<float> wider(Parse(kData + Ip("one", "data", "x", 3) +
                         Ip("two", "x", "y", 5) +
                         "layer { name: 's' type: 'Silence' bottom: 'y' "
                         "bottom: 'target' }\n"));
  const float before = wider.params()[0]->cpu_data()[0];
  try {
    wider.CopyTrainedLayersFrom(weights, "w.caffemodel");
    FAIL() << "took weights of another shape";
  } catch (const Error& error) {
    const string text = error.what();
    EXPECT_EQ(text.find("w.caffemodel: layer 'two'"), 0u) << text;
    EXPECT_NE(text.find("2x3"), string::npos) << text;
    EXPECT_NE(text.find("5x3"), string::npos) << text;
  }
  EXPECT_EQ(wider.params()[0]->cpu_data()[0], before);
}

TEST(NetWeightsTest, WeightsOfAnotherNetAreRefused) {
  Net<float> net(
      Parse(kData + Ip("one", "data", "y", 2) + Loss("y", "target")));
  NetParameter weights;
  net.ToProto(&weights);
  Net<float> other(
      Parse(kData + Ip("elsewhere", "data", "y", 2) + Loss("y", "target")));
  EXPECT_THROW(other.CopyTrainedLayersFrom(weights), Error);
}

TEST(NetErrorTest, UnknownBottomNamesTheNearest) {
  EXPECT_EQ(ErrorOf(kData + Ip("ip", "dota", "out", 2)),
            "net.prototxt:5: layer 'ip' (InnerProduct): bottom 'dota' is made "
            "by no earlier layer; did you mean 'data'? (have: data, target)");
}

TEST(NetErrorTest, UnknownTypeNamesTheNearest) {
  const string text =
      ErrorOf("layer { name: 'c' type: 'Convolutoin' top: 'x' }\n");
  EXPECT_EQ(text.find("net.prototxt:1: layer 'c': unknown layer type "
                      "'Convolutoin'; did you mean 'Convolution'"),
            0u)
      << text;
}

TEST(NetErrorTest, ATopMadeTwice) {
  EXPECT_EQ(ErrorOf(kData + Ip("ip", "data", "target", 2)),
            "net.prototxt:5: layer 'ip' (InnerProduct): top 'target' is made "
            "already by layer 'data'");
}

TEST(NetErrorTest, SharedShapesThatDiffer) {
  const string text =
      ErrorOf(kData + Ip("one", "data", "x", 2, "param { name: 'w' }") +
              Ip("two", "data", "y", 3, "param { name: 'w' }"));
  EXPECT_EQ(text.find("net.prototxt:6: layer 'two' (InnerProduct): shared "
                      "parameter 'w' is of shape 3 3 (9) here and of shape "
                      "2 3 (6) in layer 'one'"),
            0u)
      << text;
}

TEST(NetErrorTest, NoLayerInThePhase) {
  EXPECT_EQ(ErrorOf("name: 'n' layer { name: 'a' type: 'X' "
                    "include { phase: TEST } }"),
            "net.prototxt: net 'n' has no layers in phase TRAIN");
}

TEST(NetDiagnosisTest, FirstNonFiniteNamesTheFirstLayer) {
  Net<float> net(Parse(kData + Ip("one", "data", "x", 3) +
                       Ip("two", "x", "y", 2) + Loss("y", "target")));
  net.ForwardBackward();
  EXPECT_EQ(net.FirstNonFinite(), "");
  net.layer_by_name("one")->blobs()[1]->mutable_cpu_data()[0] =
      std::numeric_limits<float>::infinity();
  net.Forward();
  EXPECT_EQ(net.FirstNonFinite(),
            "parameter 1 of net.prototxt:5: layer 'one' (InnerProduct)");
}

}  // namespace caffe
