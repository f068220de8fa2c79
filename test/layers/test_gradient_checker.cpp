// The gradient checker is checked: one right layer, and copies of it that each
// break one rule of a layer; every broken one must be caught.
#include <google/protobuf/text_format.h>

#include <cmath>
#include <string>
#include <vector>

#include "caffe/filler.hpp"
#include "caffe/layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_check.hpp"
#include "caffe/test/gradient_checker.hpp"

namespace caffe {
namespace {

enum Fault {
  kNone,
  kWrongGradient,
  kSlightlyWrongGradient,
  kOneCoordinateWrong,
  kDiffAdded,
  kDiffUnwritten,
  kTopUnwritten,
  kTopDiffIgnored,
  kPropagateDownIgnored,
  kGradientDependsOnPropagateDown,
  kParameterWrong,
  kParameterOverwritten,
  kForwardRemembers,
};

// y_j = w tanh(x0_j) + x1_j^3, with a learned scalar w.
class FaultyLayer : public Layer<double> {
 public:
  explicit FaultyLayer(Fault fault)
      : Layer<double>(LayerParameter()), fault_(fault) {}
  void LayerSetUp(const vector<Blob<double>*>& bottom,
                  const vector<Blob<double>*>& top) override {
    blobs_.resize(1);
    blobs_[0].reset(new Blob<double>(vector<int>(1, 1)));
    blobs_[0]->mutable_cpu_data()[0] = 0.75;
    param_propagate_down_.resize(1, true);
  }
  void Reshape(const vector<Blob<double>*>& bottom,
               const vector<Blob<double>*>& top) override {
    top[0]->ReshapeLike(*bottom[0]);
  }
  const char* type() const override { return "Faulty"; }

 protected:
  void Forward_cpu(const vector<Blob<double>*>& bottom,
                   const vector<Blob<double>*>& top) override {
    const double w = blobs_[0]->cpu_data()[0];
    const int written = top[0]->count() - (fault_ == kTopUnwritten);
    for (int j = 0; j < written; ++j) {
      const double x0 = bottom[0]->cpu_data()[j];
      const double x1 = bottom[1]->cpu_data()[j];
      top[0]->mutable_cpu_data()[j] = w * std::tanh(x0) + x1 * x1 * x1;
    }
    if (fault_ == kForwardRemembers) top[0]->mutable_cpu_data()[0] += calls_++;
  }
  void Backward_cpu(const vector<Blob<double>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<double>*>& bottom) override {
    const double w = blobs_[0]->cpu_data()[0];
    double sum = 0;
    for (int j = 0; j < top[0]->count(); ++j) {
      const double x0 = bottom[0]->cpu_data()[j];
      const double x1 = bottom[1]->cpu_data()[j];
      const double t = std::tanh(x0);
      const double dy = fault_ == kTopDiffIgnored ? 1 : top[0]->cpu_diff()[j];
      double factor = 1;
      if (fault_ == kWrongGradient) factor = -1;
      if (fault_ == kSlightlyWrongGradient) factor = 1 + 1e-5;
      if (fault_ == kOneCoordinateWrong && j == 7) factor = 1.01;
      if (fault_ == kGradientDependsOnPropagateDown && !propagate_down[1]) {
        factor = 2;
      }
      if (propagate_down[0]) {
        double* diff = bottom[0]->mutable_cpu_diff() + j;
        const double value = factor * dy * w * (1 - t * t);
        if (fault_ == kDiffAdded) {
          *diff += value;
        } else if (fault_ != kDiffUnwritten || j != 3) {
          *diff = value;
        }
      }
      if (propagate_down[1] || fault_ == kPropagateDownIgnored) {
        bottom[1]->mutable_cpu_diff()[j] = dy * 3 * x1 * x1;
      }
      sum += dy * t;
    }
    if (fault_ == kParameterWrong) sum *= 1.001;
    double* diff = blobs_[0]->mutable_cpu_diff();
    *diff = fault_ == kParameterOverwritten ? sum : *diff + sum;
  }

  int calls_ = 0;

 private:
  Fault fault_;
};

// y = max(0, x - 1/2), whose kink the layer reports or keeps to itself. The
// bend lies where only the layer's own argument can say so.
class KinkLayer : public Layer<double> {
 public:
  explicit KinkLayer(bool reports)
      : Layer<double>(LayerParameter()), reports_(reports) {}
  void Reshape(const vector<Blob<double>*>& bottom,
               const vector<Blob<double>*>& top) override {
    top[0]->ReshapeLike(*bottom[0]);
  }
  const char* type() const override { return "Kink"; }
  void KinkSides(const vector<Blob<double>*>& bottom,
                 const vector<Blob<double>*>& top,
                 vector<int>* sides) const override {
    for (int j = 0; reports_ && j < bottom[0]->count(); ++j) {
      sides->push_back(bottom[0]->cpu_data()[j] > 0.5);
    }
  }

 protected:
  void Forward_cpu(const vector<Blob<double>*>& bottom,
                   const vector<Blob<double>*>& top) override {
    for (int j = 0; j < top[0]->count(); ++j) {
      top[0]->mutable_cpu_data()[j] =
          std::max(0., bottom[0]->cpu_data()[j] - 0.5);
    }
  }
  void Backward_cpu(const vector<Blob<double>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<double>*>& bottom) override {
    for (int j = 0; propagate_down[0] && j < top[0]->count(); ++j) {
      bottom[0]->mutable_cpu_diff()[j] =
          bottom[0]->cpu_data()[j] > 0.5 ? top[0]->cpu_diff()[j] : 0;
    }
  }

 private:
  bool reports_;
};

// A FaultyLayer that can be given back what it remembers.
class StatefulLayer : public FaultyLayer {
 public:
  using FaultyLayer::FaultyLayer;
  bool HasState() const override { return true; }
  void SaveState(LayerState* state) const override {
    state->set_cursor(calls_);
  }
  void LoadState(const LayerState& state) override {
    calls_ = static_cast<int>(state.cursor());
  }
};

class GradientCheckerTest : public ::testing::Test {
 protected:
  GradientCheckerTest() : x0_({3, 4}), x1_({3, 4}) {
    for (int j = 0; j < 12; ++j) {
      x0_.mutable_cpu_data()[j] = 0.3 * j - 1.7;
      x1_.mutable_cpu_data()[j] = 1.9 - 0.4 * j;
    }
  }
  GradientReport Check(Fault fault) {
    FaultyLayer layer(fault);
    return CheckLayerGradients<double>(&layer, {&x0_, &x1_}, {&top_});
  }
  // The fault is found, and some line of the report says `words`.
  void ExpectCaught(Fault fault, const string& words) {
    const GradientReport report = Check(fault);
    EXPECT_FALSE(report.ok());
    EXPECT_NE(report.Text().find(words), string::npos) << report.Text();
    EXPECT_NE(report.Text().find("Faulty: "), string::npos);
    EXPECT_NE(report.Text().find("seed 1701"), string::npos);
  }

  Blob<double> x0_, x1_, top_;
};

TEST_F(GradientCheckerTest, AcceptsARightLayerAndCountsEveryCoordinate) {
  const GradientReport report = Check(kNone);
  EXPECT_TRUE(report.ok()) << report.Text();
  EXPECT_EQ(report.checked, 12 + 12 + 1);
  EXPECT_EQ(report.skipped, 0);
  EXPECT_LT(report.worst, 1e-6);
}

TEST_F(GradientCheckerTest, CatchesAWrongSign) {
  ExpectCaught(kWrongGradient, "bottom 0 index 0: analytic");
}
TEST_F(GradientCheckerTest, CatchesARelativeErrorOfOneIn1e5) {
  ExpectCaught(kSlightlyWrongGradient, "bottom 0 index");
}
TEST_F(GradientCheckerTest, CatchesOneWrongCoordinate) {
  ExpectCaught(kOneCoordinateWrong, "bottom 0 index 7: analytic");
}
TEST_F(GradientCheckerTest, CatchesABottomDiffThatIsAddedTo) {
  ExpectCaught(kDiffAdded, "left NaN in the diff of bottom 0");
}
TEST_F(GradientCheckerTest, CatchesABottomDiffValueLeftUnwritten) {
  ExpectCaught(kDiffUnwritten, "left NaN in the diff of bottom 0 index 3");
}
TEST_F(GradientCheckerTest, CatchesATopValueLeftUnwritten) {
  ExpectCaught(kTopUnwritten, "left top 0 index 11 unwritten");
}
TEST_F(GradientCheckerTest, CatchesAnIgnoredTopDiff) {
  ExpectCaught(kTopDiffIgnored, "twice the top diff must double");
}
TEST_F(GradientCheckerTest, CatchesAnIgnoredPropagateDown) {
  ExpectCaught(kPropagateDownIgnored, "diff of bottom 1");
}
TEST_F(GradientCheckerTest, CatchesAGradientThatNeedsTheOtherBottoms) {
  ExpectCaught(kGradientDependsOnPropagateDown,
               "propagate_down of bottom 0 alone");
}
TEST_F(GradientCheckerTest, CatchesAWrongParameterGradient) {
  ExpectCaught(kParameterWrong, "parameter 0 index 0: analytic");
}
TEST_F(GradientCheckerTest, CatchesAParameterDiffThatIsOverwritten) {
  ExpectCaught(kParameterOverwritten,
               "must add to the diff of parameter 0");
}
TEST_F(GradientCheckerTest, CatchesAForwardThatRemembers) {
  ExpectCaught(kForwardRemembers, "a second Forward changes top 0");
}

// A memory bank is put back before each Forward, and after the check.
TEST_F(GradientCheckerTest, PutsBackWhatALayerRemembers) {
  StatefulLayer right(kForwardRemembers), wrong(kWrongGradient);
  const GradientReport report =
      CheckLayerGradients<double>(&right, {&x0_, &x1_}, {&top_});
  EXPECT_TRUE(report.ok()) << report.Text();
  LayerState state;
  right.SaveState(&state);
  EXPECT_EQ(state.cursor(), 0u);
  EXPECT_FALSE(
      CheckLayerGradients<double>(&wrong, {&x0_, &x1_}, {&top_}).ok());
}

TEST_F(GradientCheckerTest, AcceptsALossWithAMemoryBank) {
  LayerParameter param;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "name: 'loss' type: 'BatchTripletLoss' batch_triplet_loss_param {"
      " mining: BATCH_ALL memory_bank { size: 20 } }",
      &param));
  const auto layer = LayerRegistry<double>::CreateLayer(param);
  Blob<double> labels({3});
  for (int i = 0; i < 3; ++i) labels.mutable_cpu_data()[i] = i / 2;
  GradientCheckOptions options;
  options.check_bottom = 0;
  options.max_skipped = 1;
  const GradientReport report =
      CheckLayerGradients<double>(layer.get(), {&x0_, &labels}, {&top_},
                                  options);
  EXPECT_TRUE(report.ok()) << report.Text();
  EXPECT_GT(report.checked, 0);
}

TEST_F(GradientCheckerTest, SkipsAndCountsTheCoordinatesAtAReportedKink) {
  x0_.mutable_cpu_data()[2] = 0.5;
  x0_.mutable_cpu_data()[5] = 0.5 + 1e-9;
  KinkLayer layer(true);
  const GradientReport report =
      CheckLayerGradients<double>(&layer, {&x0_}, {&top_});
  EXPECT_TRUE(report.ok()) << report.Text();
  EXPECT_EQ(report.skipped, 2);
  EXPECT_EQ(report.checked, 10);
}

TEST_F(GradientCheckerTest, MakesTheStepSmallerNextToAKink) {
  x0_.mutable_cpu_data()[2] = 0.5 + 2e-5;
  KinkLayer layer(true);
  const GradientReport report =
      CheckLayerGradients<double>(&layer, {&x0_}, {&top_});
  EXPECT_TRUE(report.ok()) << report.Text();
  EXPECT_EQ(report.skipped, 0);
}

TEST_F(GradientCheckerTest, CatchesAKinkThatTheLayerDoesNotReport) {
  x0_.mutable_cpu_data()[2] = 0.5;
  KinkLayer layer(false);
  const GradientReport report =
      CheckLayerGradients<double>(&layer, {&x0_}, {&top_});
  ASSERT_EQ(report.failures.size(), 1u) << report.Text();
  EXPECT_NE(report.failures[0].find("bottom 0 index 2"), string::npos);
}

TEST_F(GradientCheckerTest, LeavesOutCaffesKinkRange) {
  x0_.mutable_cpu_data()[2] = 0.5;
  KinkLayer layer(false);
  GradientChecker<double> checker(1e-4, 1e-6, 1701, 0.5, 1e-3);
  checker.CheckGradientEltwise(&layer, {&x0_}, {&top_});
  // 0.5 and, since Caffe goes by the magnitude, the -0.5 of index 4.
  EXPECT_EQ(checker.report().skipped, 2);
}

TEST_F(GradientCheckerTest, RefusesWhenTooMuchLiesAtKinks) {
  for (int j = 0; j < 7; ++j) x0_.mutable_cpu_data()[j] = 0.5;
  KinkLayer layer(true);
  const GradientReport report =
      CheckLayerGradients<double>(&layer, {&x0_}, {&top_});
  ASSERT_EQ(report.failures.size(), 1u) << report.Text();
  EXPECT_NE(report.failures[0].find("7 of 12"), string::npos);
}

TEST_F(GradientCheckerTest, ChecksAtMostTheCoordinatesAskedFor) {
  FaultyLayer layer(kNone);
  GradientCheckOptions options;
  options.max_coordinates = 5;
  const GradientReport report =
      CheckLayerGradients<double>(&layer, {&x0_, &x1_}, {&top_}, options);
  EXPECT_TRUE(report.ok()) << report.Text();
  EXPECT_EQ(report.checked, 5 + 5 + 1);
}

TEST_F(GradientCheckerTest, LeavesTheDataAsItWas) {
  const vector<double> before(x0_.cpu_data(), x0_.cpu_data() + 12);
  Check(kNone);
  EXPECT_EQ(before, vector<double>(x0_.cpu_data(), x0_.cpu_data() + 12));
}

}  // namespace
}  // namespace caffe
