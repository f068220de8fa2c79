// MarginInnerProduct: scores worked out by hand, each type against its formula,
// gradients, angles at both ends, lambda, and what is refused. Training with it
// is in test_margin_training.cpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/margin_inner_product_layer.hpp"
#include "caffe/util/rng.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

namespace {

constexpr double kTestPi = 3.14159265358979323846;

const char* const kMarginTypes[] = {"SINGLE",    "DOUBLE", "TRIPLE",
                                    "QUADRUPLE", "COSINE", "ANGULAR"};

string MarginText(int classes, const string& options,
                  const string& more = "") {
  return "type: 'MarginInnerProduct' margin_inner_product_param { "
         "num_output: " + std::to_string(classes) +
         " weight_filler { type: 'gaussian' } " + options + " } " + more;
}

// g of the header, by the angle itself.
double MarginOfAngle(const string& type, double margin, double t) {
  if (type == "COSINE") return std::cos(t) - margin;
  if (type == "ANGULAR") {
    return t + margin <= kTestPi ? std::cos(t + margin)
                                 : std::cos(t) - margin * std::sin(margin);
  }
  int m = 1;
  while (type != kMarginTypes[m - 1]) ++m;
  int k = 0;
  while (k < m - 1 && t > (k + 1) * kTestPi / m) ++k;
  return (k % 2 == 0 ? 1 : -1) * std::cos(m * t) - 2 * k;
}

double AngleOf(const double* x, const double* w, int D) {
  double dot = 0, xx = 0, ww = 0;
  for (int k = 0; k < D; ++k) {
    dot += x[k] * w[k];
    xx += x[k] * x[k];
    ww += w[k] * w[k];
  }
  const double cosine = dot / std::sqrt(xx * ww);
  return std::acos(std::fmin(1, std::fmax(-1, cosine)));
}

}  // namespace

template <typename TypeParam>
class MarginInnerProductLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;
  typedef LayerCase<Dtype> Case;

  static void SetLabels(Case* run, int classes) {
    vector<double> labels(run->bottom(1)->count());
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = i * 7 % classes;
    run->SetBottom(1, labels);
  }
  // The gradient by x from this diff of the scores, onto NaN.
  static vector<double> Backward(Case* run, const vector<double>& dy) {
    for (int i = 0; i < run->top()->count(); ++i) {
      run->top()->mutable_cpu_diff()[i] = static_cast<Dtype>(dy[i]);
    }
    caffe_set(run->bottom()->count(), std::numeric_limits<Dtype>::quiet_NaN(),
              run->bottom()->mutable_cpu_diff());
    caffe_set(run->param(0)->count(), Dtype(0),
              run->param(0)->mutable_cpu_diff());
    run->layer()->Backward(run->tops(), {true, false}, run->bottoms());
    return run->BottomDiff();
  }
  static vector<double> WeightDiff(Case* run) {
    const Dtype* diff = run->param(0)->cpu_diff();
    return vector<double>(diff, diff + run->param(0)->count());
  }
};

TYPED_TEST_SUITE(MarginInnerProductLayerTest, TestDtypesAndDevices);

// The feature (2, 0) stands at 0, 60, 90 and 180 degrees to the weights.
TYPED_TEST(MarginInnerProductLayerTest, ByHand) {
  typedef typename TypeParam::Dtype Dtype;
  const double root = std::sqrt(3.);
  const struct {
    const char* options;
    vector<double> own;  // the score of class j for a row of class j
    vector<double> others;
  } cases[] = {
      {"type: SINGLE", {2, 1, 0, -2}, {2, 1, 0, -2}},
      {"type: DOUBLE base: 0", {2, -1, -2, -6}, {2, 1, 0, -2}},
      {"type: TRIPLE base: 0", {2, -2, -4, -10}, {2, 1, 0, -2}},
      {"type: QUADRUPLE base: 0", {2, -3, -6, -14}, {2, 1, 0, -2}},
      // (g + 3 cos) / 4
      {"type: QUADRUPLE base: 3", {2, 0, -1.5, -5}, {2, 1, 0, -2}},
      {"type: COSINE margin: 0.25 scale: 10",
       {7.5, 2.5, -2.5, -12.5},
       {10, 5, 0, -10}},
      {"type: COSINE margin: 0.25 scale: 3 normalize: false",
       {4.5, 1.5, -1.5, -7.5},
       {6, 3, 0, -6}},
      // cos 30, cos 90, cos 120; 210 is beyond 180: -1 - (pi / 6) sin 30
      {"type: ANGULAR margin: 0.52359879 scale: 10",
       {5 * root, 0, -5, -10 - 10 * kTestPi / 12},
       {10, 5, 0, -10}},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.options);
    LayerCase<Dtype> run(MarginText(4, one.options), {{4, 2}, {4}});
    run.SetUp();
    run.Set(run.param(0), {3, 0, 1, root, 0, 0.5, -7, 0});
    run.SetBottom(0, {2, 0, 2, 0, 2, 0, 2, 0});
    run.SetBottom(1, {0, 1, 2, 3});
    run.Forward();
    vector<double> want;
    for (int i = 0; i < 4; ++i) {
      want.insert(want.end(), one.others.begin(), one.others.end());
      want[5 * i] = one.own[i];
    }
    // A margin is a float, and so is pi/6 there.
    const vector<double> got = run.TopData();
    for (int i = 0; i < 16; ++i) EXPECT_NEAR(want[i], got[i], 4e-6) << i;
  }
}

TYPED_TEST(MarginInnerProductLayerTest, EachTypeIsItsFormula) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : kMarginTypes) {
    for (const bool normalize : {false, true}) {
      for (const int N : {1, 23}) {
        for (const int D : {2, 7, 67}) {
          const int C = N == 1 ? 1 : 45;
          const bool added = type == "COSINE" || type == "ANGULAR";
          LayerCase<Dtype> run(
              MarginText(C, "type: " + type + " scale: 3 lambda_min: 0.75 " +
                                "base: 0 " + (added ? "margin: 0.625" : "") +
                                " normalize: " +
                                (normalize ? "true" : "false")),
              {{N, D}, {N}});
          SCOPED_TRACE(run.layer()->layer_param().ShortDebugString());
          this->SetLabels(&run, C);
          run.SetUpAndForward();
          const vector<double> x = run.BottomData(), w = run.ParamData(0);
          const vector<double> labels = run.BottomData(1);
          vector<double> want;
          for (int i = 0; i < N; ++i) {
            double square = 0;
            for (int k = 0; k < D; ++k) square += x[i * D + k] * x[i * D + k];
            const double length = normalize ? 3 : 3 * std::sqrt(square);
            for (int j = 0; j < C; ++j) {
              const double t = AngleOf(&x[i * D], &w[j * D], D);
              double f = std::cos(t);
              if (j == labels[i]) {
                f = (MarginOfAngle(type, 0.625, t) + 0.75 * f) / 1.75;
              }
              want.push_back(length * f);
            }
          }
          ExpectNear<Dtype>(want, run.TopData());
        }
      }
    }
  }
}

TYPED_TEST(MarginInnerProductLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : kMarginTypes) {
    for (const char* more :
         {"base: 0", "base: 0 normalize: true scale: 2",
          "base: 0 normalize: false scale: 0.5", "base: 2"}) {
      // An emulated GPU is slow, and compared with the CPU above all.
      if (TypeParam::device == Caffe::GPU && string(more) != "base: 2") {
        continue;
      }
      LayerCase<Dtype> run(MarginText(6, "type: " + type + " " + more),
                           {{5, 4}, {5}}, 2);
      SCOPED_TRACE(run.layer()->layer_param().ShortDebugString());
      this->SetLabels(&run, 6);
      run.CheckGradient();
    }
  }
}

TYPED_TEST(MarginInnerProductLayerTest, GradientOfOtherShapes) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* more : {"", "normalize: true"}) {
    LayerCase<Dtype> plain(MarginText(3, more, "phase: TEST"), {{4, 5}});
    plain.CheckGradient();
    LayerCase<Dtype> last(MarginText(3, string("axis: -1 ") + more),
                          {{2, 3, 4}, {6}});
    this->SetLabels(&last, 3);
    last.CheckGradient();
    EXPECT_EQ((vector<int>{2, 3, 3}), last.top()->shape());
    // One number a feature: all angles are 0 or pi.
    LayerCase<Dtype> line(MarginText(2, string("type: DOUBLE ") + more),
                          {{3, 1}, {3}});
    line.SetBottom(1, {0, 1, 1});
    line.CheckGradient();
  }
}

// A class's scores do not change with the length of its weights, and their
// gradient shrinks with it.
TYPED_TEST(MarginInnerProductLayerTest, OnlyTheDirectionOfWeightsCounts) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : kMarginTypes) {
    LayerCase<Dtype> run(MarginText(4, "type: " + type), {{6, 5}, {6}});
    this->SetLabels(&run, 4);
    run.SetUpAndForward();
    const vector<double> scores = run.TopData();
    const vector<double> dx = this->Backward(&run, scores);
    const vector<double> dw = this->WeightDiff(&run);
    vector<double> longer = run.ParamData(0);
    for (double& value : longer) value *= 4;
    run.Set(run.param(0), longer);
    run.Forward();
    ExpectNear<Dtype>(scores, run.TopData());
    const double slack = 1e3 * std::numeric_limits<Dtype>::epsilon();
    const vector<double> again = this->Backward(&run, scores);
    for (size_t i = 0; i < dx.size(); ++i) {
      EXPECT_NEAR(dx[i], again[i], slack * (1 + std::fabs(dx[i])) * 64);
    }
    for (size_t i = 0; i < dw.size(); ++i) {
      EXPECT_NEAR(dw[i] / 4, this->WeightDiff(&run)[i],
                  slack * (1 + std::fabs(dw[i])) * 64);
    }
  }
}

// Near 0 and pi the derivative of cos(t + m) by cos t grows beyond all bounds,
// and the vector behind it shrinks: |dL/dx| is scale sin(t + m) / |x|, and the
// scores keep their digits.
TYPED_TEST(MarginInnerProductLayerTest, AngularKeepsItsDigitsNearZero) {
  typedef typename TypeParam::Dtype Dtype;
  const double m = 0.5;
  for (const double t : {1e-1, 1e-2, 2e-3}) {
    LayerCase<Dtype> run(MarginText(1, "type: ANGULAR scale: 1"),
                         {{1, 3}, {1}});
    run.SetUp();
    run.Set(run.param(0), {0, 5, 0});
    run.SetBottom(0, {2 * std::sin(t), 2 * std::cos(t), 0});
    run.SetBottom(1, {0});
    run.Forward();
    SCOPED_TRACE(t);
    EXPECT_NEAR(std::cos(t + m), run.TopData()[0],
                2 * std::numeric_limits<Dtype>::epsilon());
    const vector<double> dx = this->Backward(&run, {1});
    const double length = std::sin(t + m) / 2;
    const double slack =
        (16 / t + 16) * std::numeric_limits<Dtype>::epsilon();
    EXPECT_NEAR(-length * std::cos(t), dx[0], slack);
    EXPECT_NEAR(length * std::sin(t), dx[1], slack);
    EXPECT_EQ(0, dx[2]);
  }
}

TYPED_TEST(MarginInnerProductLayerTest, BothEndsAreFinite) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : kMarginTypes) {
    for (const bool normalize : {false, true}) {
      const string options = "type: " + type + " scale: 1 normalize: " +
                             (normalize ? "true" : "false");
      SCOPED_TRACE(options);
      LayerCase<Dtype> run(MarginText(3, options), {{6, 3}, {6}});
      run.SetUp();
      // Equal, opposite, nearly so, a row of zeros, and zeros as weights.
      const double near = 4 * std::numeric_limits<Dtype>::epsilon();
      run.Set(run.param(0), {1, 2, 3, 0, 0, 0, 1, 0, 0});
      run.SetBottom(0, {1, 2, 3, -1, -2, -3, 1, near, 0, -1, near, 0, 0, 0, 0,
                        4, 5, 6});
      run.SetBottom(1, {0, 0, 2, 2, 0, 1});
      run.Forward();
      for (const double value : run.TopData()) {
        EXPECT_TRUE(std::isfinite(value));
      }
      // Zeros stand at a right angle to all.
      if (type == "ANGULAR" && normalize) {
        EXPECT_NEAR(-std::sin(0.5), run.TopData()[3 * 4], 1e-6);
        EXPECT_NEAR(-std::sin(0.5), run.TopData()[3 * 5 + 1], 1e-6);
      }
      const vector<double> dx = this->Backward(&run, vector<double>(18, 1.));
      for (const double value : dx) EXPECT_LT(std::fabs(value), 100);
      for (const double value : this->WeightDiff(&run)) {
        EXPECT_LT(std::fabs(value), 100);
      }
      for (int k = 3; k < 6; ++k) EXPECT_EQ(0, this->WeightDiff(&run)[k]);
    }
  }
}

TYPED_TEST(MarginInnerProductLayerTest, LambdaFollowsTheIteration) {
  typedef typename TypeParam::Dtype Dtype;
  // As in SphereFace's nets.
  LayerCase<Dtype> run(MarginText(2, "type: QUADRUPLE base: 1000 gamma: 0.12 "
                                     "power: 1 lambda_min: 5 iteration: 0"),
                       {{2, 3}, {2}}, 2);
  run.SetBottom(1, {0, 1});
  run.SetUp();
  const struct {
    int iteration;
    double lambda;
  } cases[] = {{0, 1000 / 1.12}, {999, 1000 / 121.}, {28000, 5},
               {3, 1000 / 1.48}};
  for (const auto& one : cases) {
    run.layer()->set_iteration(one.iteration);
    run.Forward();
    EXPECT_NEAR(one.lambda, run.TopData(1)[0], 1e-6 * one.lambda);
  }
  const auto lambda = [](const string& options) {
    LayerCase<Dtype> other(MarginText(2, options), {{2, 3}, {2}}, 2);
    other.SetBottom(1, {0, 1});
    other.SetUpAndForward();
    return other.TopData(1)[0];
  };
  EXPECT_EQ(8, lambda("base: 16 gamma: 0.125 iteration: 7"));
  EXPECT_EQ(1, lambda("type: TRIPLE"));
  EXPECT_EQ(0, lambda("type: COSINE"));
  EXPECT_EQ(0, lambda("type: ANGULAR gamma: 1"));
  EXPECT_EQ(2, lambda("type: ANGULAR base: 4 gamma: 1"));
}

TYPED_TEST(MarginInnerProductLayerTest, WithoutLabelsThereIsNoMargin) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string type : kMarginTypes) {
    LayerCase<Dtype> run(
        MarginText(3, "type: " + type + " scale: 2", "phase: TEST"), {{4, 5}});
    run.SetUpAndForward();
    const vector<double> x = run.BottomData(), w = run.ParamData(0);
    vector<double> want;
    for (int i = 0; i < 4; ++i) {
      double square = 0;
      for (int k = 0; k < 5; ++k) square += x[i * 5 + k] * x[i * 5 + k];
      const bool added = type == "COSINE" || type == "ANGULAR";
      for (int j = 0; j < 3; ++j) {
        want.push_back(2 * (added ? 1 : std::sqrt(square)) *
                       std::cos(AngleOf(&x[i * 5], &w[j * 5], 5)));
      }
    }
    ExpectNear<Dtype>(want, run.TopData());
  }
}

TYPED_TEST(MarginInnerProductLayerTest, AnotherBatchSizeAfterSetUp) {
  typedef typename TypeParam::Dtype Dtype;
  const string text = MarginText(5, "type: ANGULAR");
  LayerCase<Dtype> kept(text, {{4, 6}, {4}});
  this->SetLabels(&kept, 5);
  kept.SetUpAndForward();
  for (int N : {70, 1, 9}) {
    LayerCase<Dtype> fresh(text, {{N, 6}, {N}});
    kept.bottom(0)->Reshape({N, 6});
    kept.bottom(1)->Reshape({N});
    fresh.SetUp();
    fresh.Set(fresh.param(0), kept.ParamData(0));
    vector<double> dx[2];
    int r = 0;
    for (auto* run : {&fresh, &kept}) {
      run->Fill(run->bottom(), N);
      this->SetLabels(run, 5);
      run->Forward();
      dx[r++] = this->Backward(run, vector<double>(5 * N, 1.));
    }
    EXPECT_EQ(fresh.TopData(), kept.TopData());
    EXPECT_EQ(dx[0], dx[1]);
    EXPECT_EQ(this->WeightDiff(&fresh), this->WeightDiff(&kept));
  }
}

// Sizes that are not those of blocks of threads.
TYPED_TEST(MarginInnerProductLayerTest, EachDeviceComputesTheSame) {
  typedef typename TypeParam::Dtype Dtype;
  if (TypeParam::device == Caffe::CPU) return;
  const double tolerance = sizeof(Dtype) == sizeof(double) ? 1e-10 : 1e-3;
  for (const string type : kMarginTypes) {
    for (const char* more : {"normalize: false", "normalize: true"}) {
      const string text = MarginText(
          601, "type: " + type + " scale: 2 base: 0 " + more);
      SCOPED_TRACE(text);
      vector<double> scores[2], dx[2], dw[2], w;
      for (int r = 0; r < 2; ++r) {
        Caffe::set_mode(r == 0 ? Caffe::CPU : Caffe::GPU);
        LayerCase<Dtype> run(text, {{37, 33}, {37}});
        this->SetLabels(&run, 601);
        run.SetUp();
        if (r == 0) w = run.ParamData(0);
        run.Set(run.param(0), w);
        run.Forward();
        scores[r] = run.TopData();
        dx[r] = this->Backward(&run, scores[0]);
        dw[r] = this->WeightDiff(&run);
      }
      for (size_t i = 0; i < scores[0].size(); ++i) {
        ASSERT_NEAR(scores[0][i], scores[1][i], tolerance) << i;
      }
      for (size_t i = 0; i < dx[0].size(); ++i) {
        ASSERT_NEAR(dx[0][i], dx[1][i], 10 * tolerance) << i;
      }
      for (size_t i = 0; i < dw[0].size(); ++i) {
        ASSERT_NEAR(dw[0][i], dw[1][i], 10 * tolerance) << i;
      }
    }
  }
}

TYPED_TEST(MarginInnerProductLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  vector<double> labels(301);
  for (int i = 0; i < 301; ++i) labels[i] = i * 5 % 777;
  ExpectSameForAnyThreads<Dtype>(
      "type: 'MarginInnerProduct' margin_inner_product_param { num_output: 777"
      " weight_filler { type: 'constant' value: 1 } type: ANGULAR }",
      {{301, 70}, {301}}, labels);
}

TYPED_TEST(MarginInnerProductLayerTest, LabelsThatAreNoClassAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  const auto message = [](const vector<double>& labels) {
    LayerCase<Dtype> run(MarginText(4, ""), {{3, 2}, {3}});
    run.SetBottom(1, labels);
    return run.InputError();
  };
  EXPECT_EQ("", message({3, 0, 1}));
  EXPECT_EQ("the label of row 2 is 4; there are 4 classes (0 to 3)",
            message({3, 0, 4}));
  EXPECT_EQ(
      "the label of row 1 is nan, no number; there are 4 classes (0 to 3)",
      message({1, NAN, 0}));
}

// A larger angle never has a higher score.
TEST(MarginProductTest, EachTypeFallsFromZeroToPi) {
  for (int type : {0, 1, 2, 3, 16, 17}) {
    metric::MarginOptions options;
    options.type = static_cast<metric::Margin>(type);
    options.margin = 0.5;
    double before = 2;
    for (int i = 0; i <= 5000; ++i) {
      const double t = kTestPi * i / 5000;
      const double value =
          metric::MarginOf(options, std::cos(t), std::sin(t)).value;
      EXPECT_LE(value, before + 1e-12) << "type " << type << " at " << t;
      before = value;
    }
  }
}

TEST(MarginInnerProductTest, WhatIsRefused) {
  const vector<vector<int>> shapes = {{6, 4}, {6}};
  const struct {
    const char* options;
    vector<string> parts;
  } cases[] = {
      {"type: COSINE margin: -1", {"margin is -1", "finite and not negative"}},
      {"type: COSINE margin: inf", {"margin is inf"}},
      {"type: ANGULAR margin: 3.2", {"margin is 3.2", "below pi"}},
      {"type: ANGULAR margin: -0.1", {"margin is -0.1"}},
      {"type: TRIPLE margin: 0.5", {"margin belongs to", "of TRIPLE is in"}},
      {"scale: 0", {"scale is 0", "above 0"}},
      {"scale: nan", {"scale is"}},
      {"base: -1", {"base is -1"}},
      {"gamma: -1", {"gamma is -1"}},
      {"power: inf", {"power is inf"}},
      {"lambda_min: -2", {"lambda_min is -2"}},
      {"iteration: -3", {"iteration is -3"}},
      {"axis: 2", {"axis"}},
  };
  for (const auto& one : cases) {
    ExpectRefused(MarginText(3, one.options), shapes, 1, one.parts);
  }
  ExpectRefused("type: 'MarginInnerProduct'", shapes, 1,
                {"margin_inner_product_param: num_output is left out"});
  ExpectRefused(MarginText(3, ""), {{6, 4}, {5}}, 1,
                {"bottom 1 (labels) has shape 5 (5)", "each of the 6 rows"});
  ExpectRefused(MarginText(3, ""), {{6, 4}}, 1,
                {"labels (bottom 1)", "in a TEST net alone"});
  ExpectRefused(MarginText(3, "", "blobs { shape { dim: 2 } data: [1, 1] }"),
                shapes, 1,
                {"stored weights have shape 2 (2); wanted 3 4 (12)"});
}

}  // namespace caffe
