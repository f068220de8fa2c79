// The learning-rate policies against numbers worked out by hand.
#include "solver/lr_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "solver/progress.hpp"
#include "net/prototxt.hpp"

namespace caffe {
namespace {

SolverParameter ParsePolicy(const std::string& text) {
  SolverParameter param;
  ParseSolverPrototxt(text, "solver.prototxt", &param);
  return param;
}

void ExpectRate(const SolverParameter& param, int t, double rate) {
  EXPECT_NEAR(LearningRate(param, t), rate, 1e-7 * std::fabs(rate) + 1e-12)
      << param.lr_policy() << " at " << t;
}

TEST(LrPolicyTest, Fixed) {
  const SolverParameter p = ParsePolicy("base_lr: 0.25 lr_policy: 'fixed'");
  ExpectRate(p, 0, 0.25);
  ExpectRate(p, 100000, 0.25);
}

TEST(LrPolicyTest, StepCutsAtMultiplesOfStepsize) {
  const SolverParameter p =
      ParsePolicy("base_lr: 0.5 lr_policy: 'step' gamma: 0.5 stepsize: 10");
  ExpectRate(p, 0, 0.5);
  ExpectRate(p, 9, 0.5);
  ExpectRate(p, 10, 0.25);
  ExpectRate(p, 29, 0.125);
  EXPECT_EQ(LrStep(p, 29), 2);
}

TEST(LrPolicyTest, Exp) {
  const SolverParameter p =
      ParsePolicy("base_lr: 2 lr_policy: 'exp' gamma: 0.5");
  ExpectRate(p, 0, 2);
  ExpectRate(p, 3, 0.25);
}

TEST(LrPolicyTest, Inv) {
  const SolverParameter p =
      ParsePolicy("base_lr: 1 lr_policy: 'inv' gamma: 0.5 power: 2");
  ExpectRate(p, 0, 1);
  ExpectRate(p, 2, 0.25);
  ExpectRate(p, 6, 0.0625);
}

TEST(LrPolicyTest, MultistepCutsAtEachValue) {
  const SolverParameter p = ParsePolicy(
      "base_lr: 1 lr_policy: 'multistep' gamma: 0.5"
      " stepvalue: 5 stepvalue: 7 stepvalue: 100");
  ExpectRate(p, 4, 1);
  ExpectRate(p, 5, 0.5);
  ExpectRate(p, 6, 0.5);
  ExpectRate(p, 7, 0.25);
  ExpectRate(p, 99, 0.25);
  ExpectRate(p, 100, 0.125);
  EXPECT_EQ(LrStep(p, 100), 3);
}

TEST(LrPolicyTest, PolyEndsAtZeroAndStaysThere) {
  const SolverParameter p =
      ParsePolicy("base_lr: 1 lr_policy: 'poly' power: 2 max_iter: 10");
  ExpectRate(p, 0, 1);
  ExpectRate(p, 5, 0.25);
  ExpectRate(p, 10, 0);
  ExpectRate(p, 11, 0);
}

TEST(LrPolicyTest, SigmoidIsHalfAtStepsize) {
  const SolverParameter p =
      ParsePolicy("base_lr: 1 lr_policy: 'sigmoid' gamma: -1 stepsize: 20");
  ExpectRate(p, 20, 0.5);
  ExpectRate(p, 21, 1 / (1 + std::exp(1.0)));
  EXPECT_GT(LearningRate(p, 0), 0.999);
}

TEST(LrPolicyTest, CosineGoesFromBaseToMin) {
  const SolverParameter p = ParsePolicy(
      "base_lr: 1 lr_policy: 'cosine' min_lr: 0.5 max_iter: 100");
  ExpectRate(p, 0, 1);
  ExpectRate(p, 50, 0.75);
  ExpectRate(p, 25, 0.5 + 0.25 * (1 + std::sqrt(0.5)));
  ExpectRate(p, 100, 0.5);
  ExpectRate(p, 150, 0.5);
}

TEST(LrPolicyTest, WarmupIsLinearUpToThePolicy) {
  const SolverParameter p = ParsePolicy(
      "base_lr: 1 lr_policy: 'step' gamma: 0.5 stepsize: 4 warmup_iter: 8"
      " warmup_start_lr: 0.05");
  ExpectRate(p, 0, 0.05);
  ExpectRate(p, 4, 0.15);  // halfway to 0.25, the policy's rate at 8
  ExpectRate(p, 8, 0.25);
  ExpectRate(p, 12, 0.125);
}

TEST(ProgressTest, LineShowsRateAndTimeLeft) {
  EXPECT_EQ(Progress::Line(1200, 5000, 312.4, 161, 0.03124),
            "iteration 1200 of 5000, 24 %, 312 images/s, 2:41 left, "
            "loss 0.03124");
}

}  // namespace
}  // namespace caffe
