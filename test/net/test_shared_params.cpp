// Parameters of one name: one value in every net, wherever it comes from.
#include <gtest/gtest.h>

#include "caffe/net.hpp"
#include "net/prototxt.hpp"
#include "net/weight_filler.hpp"
#include "net/weights.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

const char kOnes[] =
    "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param {"
    " shape { dim: 1 dim: 1 } data_filler { value: 1 } } }\n";

std::string Product(const std::string& name, int value,
                    const std::string& more = "") {
  return "layer { name: '" + name +
         "' type: 'InnerProduct' bottom: 'x' top: '" + name +
         "' inner_product_param { num_output: 1 bias_term: false "
         "weight_filler { value: " + std::to_string(value) + " } } " + more +
         " }\n";
}

const char kShared[] = "param { name: 'w' } ";
const char kTest[] = "include { phase: TEST } ";
const char kTrain[] = "include { phase: TRAIN } ";
const char kReductionLoss[] =
    "layer { name: 'l' type: 'Reduction' bottom: 'a' top: 'l' loss_weight: 1"
    " include { phase: TRAIN } }\n";

// What is logged while it lives.
class ParamsLog : public google::LogSink {
 public:
  ParamsLog() { google::AddLogSink(this); }
  ~ParamsLog() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity, const char*, const char*, int,
            const struct ::tm*, const char* message, size_t length) override {
    text += string(message, length) + "\n";
  }
  string text;
};

float Value(Net<float>* net, const std::string& layer) {
  return net->layer_by_name(layer)->blobs()[0]->cpu_data()[0];
}

std::unique_ptr<Solver<float>> Make(const std::string& net,
                                    const std::string& more = "") {
  return MakeSolver<float>(ParseSolver(
      "base_lr: 1 lr_policy: 'fixed' max_iter: 1 test_iter: 1 random_seed: 1 "
      "test_interval: 1 snapshot_after_train: false " + more, net));
}

std::unique_ptr<Net<float>> MakeNet(const std::string& text) {
  NetParameter param;
  ParseNetPrototxt(text, "net.prototxt", &param);
  return std::make_unique<Net<float>>(param);
}

// One step of rate 1 from 2 makes 1.
TEST(SharedParamsTest, ATwinThatOnlyTestHasIsTestedWithTheTrainedWeights) {
  const std::string shared = kShared;
  auto solver = Make(kOnes + Product("a", 2, shared) +
                     Product("b", 2, shared + kTest) + kReductionLoss);
  solver->Solve();
  Net<float>* test = solver->test_nets()[0].get();
  EXPECT_EQ(Value(test, "a"), 1);
  EXPECT_EQ(Value(test, "b"), 1);
}

// The owner is not in the test net at all.
TEST(SharedParamsTest, ANameIsEnough) {
  const std::string shared = kShared;
  auto solver = Make(kOnes + Product("a", 2, shared + kTrain) +
                     Product("b", 2, shared + kTest) + kReductionLoss);
  solver->Solve();
  EXPECT_EQ(Value(solver->test_nets()[0].get(), "b"), 1);
}

// The one that is first has no partner, and takes what the second one's is.
TEST(SharedParamsTest, WhoOnlySharesIsEnough) {
  auto train = MakeNet(kOnes + Product("a", 1));
  auto test =
      MakeNet(kOnes + Product("first", 3, kShared) + Product("a", 3, kShared));
  test->ShareTrainedLayersWith(train.get());
  EXPECT_EQ(Value(test.get(), "a"), 1);
  EXPECT_EQ(Value(test.get(), "first"), 1);
}

TEST(SharedParamsTest, NetsThatDisagreeOnWhatIsSharedAreRefused) {
  auto train = MakeNet(kOnes + Product("a", 1) + Product("b", 2));
  auto test =
      MakeNet(kOnes + Product("a", 3, kShared) + Product("b", 3, kShared));
  try {
    test->ShareTrainedLayersWith(train.get());
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("layer 'b'"), std::string::npos) << message;
    EXPECT_NE(message.find("layer 'a'"), std::string::npos) << message;
  }
  EXPECT_EQ(Value(test.get(), "a"), 3);
}

TEST(SharedParamsTest, WeightsFillWhatOnlyATestNetHas) {
  ImageFolder folder;
  NetParameter weights;
  MakeNet(kOnes + Product("a", 1) + Product("judge", 3))->ToProto(&weights);
  WriteWeights(folder / "w.caffemodel", weights);
  ParamsLog log;
  auto solver = Make(kOnes + Product("a", 5) + Product("judge", 7, kTest) +
                         kReductionLoss,
                     "weights: '" + (folder / "w.caffemodel") + "'");
  EXPECT_EQ(Value(solver->test_nets()[0].get(), "judge"), 3);
  EXPECT_EQ(Value(solver->net().get(), "a"), 1);
  EXPECT_EQ(log.text.find("ignored"), std::string::npos) << log.text;
}

// One branch's weights fill both, whichever of the two has them in the file.
TEST(SharedParamsTest, WhatIsSharedWithAFilledLayerIsFilled) {
  const std::string twin =
      kOnes + Product("a", 5, kShared) + Product("b", 5, kShared);
  for (const char* name : {"a", "b"}) {
    NetParameter weights;
    MakeNet(kOnes + Product(name, 4))->ToProto(&weights);
    auto net = MakeNet(twin);
    ParamsLog log;
    net->CopyTrainedLayersFrom(weights, "w");
    EXPECT_EQ(log.text.find("has nothing"), std::string::npos) << log.text;
    EXPECT_EQ(Value(net.get(), "a"), 4);
    EXPECT_EQ(Value(net.get(), "b"), 4);
  }
}

TEST(SharedParamsTest, TwoValuesForOneParameterAreTold) {
  NetParameter weights;
  MakeNet(kOnes + Product("a", 1) + Product("b", 2))->ToProto(&weights);
  auto net = MakeNet(kOnes + Product("a", 5, kShared) +
                     Product("b", 5, kShared));
  ParamsLog log;
  net->CopyTrainedLayersFrom(weights, "w");
  EXPECT_NE(log.text.find("different values for layers 'a' and 'b'"),
            std::string::npos) << log.text;
}

TEST(SharedParamsTest, TwoValuesForOneParameterAreToldOnceForAllNets) {
  NetParameter weights;
  MakeNet(kOnes + Product("a", 1) + Product("b", 2))->ToProto(&weights);
  const std::string twin =
      kOnes + Product("a", 5, kShared) + Product("b", 5, kShared);
  auto train = MakeNet(twin), test = MakeNet(twin), follower = MakeNet(twin);
  follower->ShareTrainedLayersWith(train.get());
  ParamsLog log;
  WeightFiller<float>({train.get(), test.get(), follower.get()})
      .Fill(weights, "w");
  const std::string told = "holds different values";
  EXPECT_NE(log.text.find(told), std::string::npos);
  EXPECT_EQ(log.text.find(told), log.text.rfind(told)) << log.text;
}

// A layer that the first of two files fills does not keep its initial values.
TEST(SharedParamsTest, WeightsOfTwoFilesAreReportedTogether) {
  ImageFolder folder;
  for (const char* name : {"a", "b"}) {
    NetParameter weights;
    MakeNet(kOnes + Product(name, 4))->ToProto(&weights);
    WriteWeights(folder / name, weights);
  }
  ParamsLog log;
  auto solver = Make(kOnes + Product("a", 5) + Product("b", 5) + kReductionLoss,
                     "weights: '" + (folder / "a") + "," + (folder / "b") +
                         "'");
  EXPECT_EQ(log.text.find("has nothing"), std::string::npos) << log.text;
}

}  // namespace
}  // namespace caffe
