// Runs that learn nothing or diverge for a cause that the net shows: the log or
// the error names it, and the remedy that it names makes the run learn.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

class CauseLog : public google::LogSink {
 public:
  CauseLog() { google::AddLogSink(this); }
  ~CauseLog() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity severity, const char*, const char*, int,
            const struct ::tm*, const char* message, size_t length) override {
    if (severity == google::GLOG_WARNING) text.append(message, length) += '\n';
  }
  string text;
};

// What a run of some iterations says: its warnings, and the error at its end.
struct RunLog {
  string text;
  double loss = 0;
};

class CausesTest : public ::testing::Test {
 protected:
  static RunLog Run(const string& net, const string& options = "base_lr: 0.1",
                  int iterations = 150) {
    auto solver = MakeSolver<float>(ParseSolver(
        "lr_policy: 'fixed' random_seed: 3 snapshot_after_train: false "
        "max_iter: 1000 average_loss: 20 " + options, net));
    CauseLog log;
    RunLog told;
    try {
      solver->Step(iterations);
    } catch (const Error& error) {
      log.text += error.what();
    }
    told.text = log.text;
    told.loss = solver->smoothed_loss();
    return told;
  }
  static void ExpectTold(const RunLog& told, const vector<string>& parts) {
    for (const string& part : parts) {
      EXPECT_NE(told.text.find(part), string::npos)
          << told.text << "\nlacks: " << part;
    }
  }
  static void ExpectLearns(const RunLog& told, double most) {
    EXPECT_EQ(told.text, "");
    EXPECT_LT(told.loss, most);
  }

  // Two products before a softmax over four classes: a learner in one batch.
  static string Classifier(const string& filler) {
    const string fillers =
        filler.empty() ? "" : " weight_filler { " + filler + " }";
    return "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param { "
           "shape { dim: 4 dim: 4 } data_filler { type: "
           "'gaussian' } } }\n"
           "layer { name: 'y' type: 'DummyData' top: 'y' dummy_data_param { "
           "shape { dim: 4 } data_filler { value: 2 } } }\n"
           "layer { name: 'one' type: 'InnerProduct' bottom: 'x' top: 'one' "
           "inner_product_param { num_output: 5" + fillers + " } }\n"
           "layer { name: 'relu' type: 'ReLU' bottom: 'one' top: 'one' }\n"
           "layer { name: 'two' type: 'InnerProduct' bottom: 'one' top: 'two' "
           "inner_product_param { num_output: 4" + fillers + " } }\n"
           "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'two' "
           "bottom: 'y' top: 'loss' }\n";
  }

  ImageFolder folder_;
};

TEST_F(CausesTest, WeightsThatAllStartAtZeroAreNamedAtTheStart) {
  const RunLog told = Run(Classifier(""), "base_lr: 0.01");
  ExpectTold(told, {"Iteration 0: ", "layer 'one' (InnerProduct)",
                    "all weights of one, two start at 0",
                    "give one, two a weight_filler"});
  EXPECT_EQ(told.text.find("base_lr"), string::npos) << told.text;
  ExpectLearns(Run(Classifier("type: 'xavier'")), 0.3);
}

TEST_F(CausesTest, ALayerThatStartsAtZeroAndLearnsIsNotNamed) {
  string net = Classifier("type: 'xavier'");
  const string filler = " weight_filler { type: 'xavier' }";
  net.erase(net.rfind(filler), filler.size());
  ExpectLearns(Run(net), 0.3);
}

TEST_F(CausesTest, EqualFiltersOfAClassifierThatBecomeDifferentAreNotNamed) {
  string net = Classifier("type: 'xavier'");
  const string filler = "type: 'xavier'";
  net.replace(net.rfind(filler), filler.size(), "value: 0.1");
  ExpectLearns(Run(net), 0.3);
}

// What building the solver says.
string ToldAtSetUp(const string& net, const string& options) {
  CauseLog log;
  MakeSolver<float>(ParseSolver("lr_policy: 'fixed' random_seed: 3 "
                                "snapshot_after_train: false max_iter: 10 " +
                                    options,
                                net));
  return log.text;
}

TEST_F(CausesTest, ARateOfZeroIsNamedAtSetUp) {
  string net = Classifier("type: 'xavier'");
  EXPECT_NE(ToldAtSetUp(net, "base_lr: 0").find("base_lr is 0"), string::npos);
  EXPECT_EQ(ToldAtSetUp(net, "base_lr: 0.1"), "");
  for (size_t at = 0; (at = net.find("inner_product_param", at)) !=
                      string::npos; at += 60) {
    net.insert(at, "param { lr_mult: 0 } param { lr_mult: 0 } ");
  }
  EXPECT_NE(ToldAtSetUp(net, "base_lr: 0.1").find("each lr_mult"),
            string::npos);
}

string ThroughPower(const string& power) {
  return "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param { "
         "shape { dim: 2 dim: 1 } data_filler { value: 1 } } }\n"
         "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc' "
         "inner_product_param { num_output: 1 weight_filler { value: 0 } } }\n"
         "layer { name: 'square' type: 'Power' bottom: 'fc' top: 'square' "
         "power_param { power: 2 } }\n"
         "layer { name: 'root' type: 'Power' bottom: 'square' top: 'root' "
         "power_param { power: 0.5 " + power + " } }\n"
         "layer { name: 'loss' type: 'Reduction' bottom: 'root' top: 'loss' "
         "loss_weight: 1 }\n";
}

TEST_F(CausesTest, APowerBelowOneAtZeroIsNamed) {
  ExpectTold(Run(ThroughPower("")),
             {"iteration 0: a gradient is not finite", "layer 'root' (Power)",
              "above 0, where power 0.5 has no slope: shift: 0.001"});
  EXPECT_EQ(Run(ThroughPower("shift: 0.001")).text.find("finite"),
            string::npos);
}

// A step that is far too long makes the input of the root infinite.
TEST_F(CausesTest, APowerWhoseInputIsNotFiniteIsNotBlamed) {
  const string net = ThroughPower("shift: 1");
  string in_place = net;
  for (const char* name : {"bottom: 'root'", "top: 'root'"}) {
    const size_t at = in_place.find(name);
    in_place.replace(at, string(name).size(),
                     string(name).replace(string(name).find("root"), 4,
                                          "square"));
  }
  for (string text : {net, in_place}) {
    const string filler = "weight_filler { value: 0 }";
    text.replace(text.find(filler), filler.size(),
                 "weight_filler { value: 1 }");
    const RunLog told = Run(text, "base_lr: 1e25");
    ExpectTold(told, {"not finite", "lower base_lr"});
    EXPECT_EQ(told.text.find("no slope"), string::npos) << told.text;
  }
}

string Regression(const string& input, const string& bn) {
  return "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param { "
         "shape { dim: 8 dim: 1 dim: 3 dim: 3 } " + input + " } }\n"
         "layer { name: 't' type: 'DummyData' top: 't' dummy_data_param { "
         "shape { dim: 8 dim: 2 } data_filler { value: 1 } } }\n" + bn +
         "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc' "
         "inner_product_param { num_output: 2 weight_filler { type: 'xavier' } "
         "} }\n"
         "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'fc' bottom: 't' "
         "top: 'loss' }\n";
}

TEST_F(CausesTest, AveragesThatWereNeverFilledAreNamedAtTheStart) {
  const string gaussian = "data_filler { type: 'gaussian' }";
  const string bn =
      "layer { name: 'bn' type: 'BatchNorm' bottom: 'x' top: 'x' ";
  ExpectTold(Run(Regression(gaussian, bn + "batch_norm_param { "
                            "use_global_stats: true } }\n")),
             {"Iteration 0: averages of BatchNorm are empty",
              "remove use_global_stats: true from bn", "multiplies by 316",
              "is too large for a number"});
  ExpectLearns(Run(Regression(gaussian, bn + "}\n"), "base_lr: 0.05"), 0.5);
}

TEST_F(CausesTest, AnInputWithoutScaleIsNamed) {
  const string pixels = "data_filler { type: 'uniform' min: 0 max: 255 }";
  ExpectTold(Run(Regression(pixels, "")),
             {"make the input smaller", "give layer 'x' values of about 1"});
  ExpectLearns(Run(Regression("data_filler { type: 'uniform' min: -1 max: 1 }",
                              "")), 0.1);
}

// Images of people who differ in their brightness.
string MineFrom(const ImageFolder& images, const string& name, int people,
                const string& mining) {
  const string folder = images / name;
  for (int p = 0; p < people; ++p) {
    for (int k = 0; k < 2; ++k) {
      images.WriteFlat(name + "/p" + std::to_string(p) + "/" +
                           std::to_string(k) + ".pgm",
                       4, 4, 1, 40 + 170 * p / people + k);
    }
  }
  return "layer { name: 'faces' type: 'IdentityData' top: 'data' top: 'label' "
         "transform_param { mean_value: 127.5 scale: 0.0078125 } "
         "identity_data_param { source: '" + folder + "' "
         "identities_per_batch: 2 images_per_identity: 2 } }\n"
         "layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc' "
         "inner_product_param { num_output: 4 weight_filler { type: 'xavier' } "
         "bias_filler { value: 0.3 } } }\n"
         "layer { name: 'unit' type: 'Normalize' bottom: 'fc' top: 'unit' }\n"
         "layer { name: 'loss' type: 'BatchTripletLoss' bottom: 'unit' "
         "bottom: 'label' top: 'loss' batch_triplet_loss_param { margin: 0.2 "
         "mining: " + mining + " } }\n";
}

TEST_F(CausesTest, FiltersThatAreAllEqualAreNamedAndNotTheRate) {
  string net = MineFrom(folder_, "equal", 4, "BATCH_ALL");
  const string filler = "type: 'xavier'";
  net.replace(net.find(filler), filler.size(), "value: 0.01");
  const RunLog told = Run(net, "base_lr: 0.01");
  ExpectTold(told, {"Iteration 0: ", "layer 'fc' (InnerProduct)",
                    "all filters of fc start equal",
                    "give fc a weight_filler that draws"});
  EXPECT_EQ(told.text.find("raise base_lr"), string::npos) << told.text;
}

TEST_F(CausesTest, SnapshotsAmongTheImagesAreNamedAndTheLockIsNotCounted) {
  const string net = MineFrom(folder_, "people", 4, "BATCH_ALL");
  const string options = "base_lr: 0.1 snapshot: 5 snapshot_prefix: '";
  for (const char* inside : {"people", "people/p1/", "people/run"}) {
    const string told = ToldAtSetUp(net, options + (folder_ / inside) + "'");
    EXPECT_NE(told.find("which layer 'faces' reads as a folder of images"),
              string::npos)
        << told;
    EXPECT_EQ(told.find("left out"), string::npos) << told;
  }
  EXPECT_EQ(ToldAtSetUp(net, options + (folder_ / "people_run") + "'"), "");
}

TEST_F(CausesTest, ARateTooSmallToMoveIsNamedUnderBatchAll) {
  const string net = MineFrom(folder_, "many", 40, "BATCH_ALL");
  ExpectTold(Run(net, "base_lr: 1e-8"),
             {"Iteration 100: in 100 iterations no layer's weights moved by",
              "raise base_lr (about 1e"});
  EXPECT_EQ(Run(net, "base_lr: 0.01").text, "");
}

TEST_F(CausesTest, ASetTooSmallToMineIsNamed) {
  const string net = MineFrom(folder_, "few", 2, "BATCH_HARD");
  const RunLog told = Run(net, "base_lr: 0.05", 900);
  ExpectTold(told, {"none of the triplets is active", "train on more people",
                    "has 2 with 4 images, too few for harder triplets"});
  EXPECT_EQ(told.text.find("raise margin"), string::npos) << told.text;
  EXPECT_EQ(Run(MineFrom(folder_, "more", 80, "BATCH_HARD"), "base_lr: 0.05",
                900).text.find("none of the triplets"),
            string::npos);
}

}  // namespace
}  // namespace caffe
