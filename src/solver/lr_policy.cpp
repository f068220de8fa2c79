// The learning-rate policies; see the header.
#include "solver/lr_policy.hpp"

#include <algorithm>
#include <cmath>

#include "caffe/check.hpp"
#include "math/constants.hpp"

namespace caffe {
namespace {


// t / max_iter, at most 1.
double Progress(const SolverParameter& param, int t) {
  if (t >= param.max_iter()) return 1;
  return static_cast<double>(t) / param.max_iter();
}

double PolicyRate(const SolverParameter& param, int t) {
  const std::string& policy = param.lr_policy();
  const double base = param.base_lr();
  const double gamma = param.gamma();
  if (policy == "fixed") return base;
  if (policy == "step" || policy == "multistep") {
    return base * std::pow(gamma, LrStep(param, t));
  }
  if (policy == "exp") return base * std::pow(gamma, t);
  if (policy == "inv") {
    return base * std::pow(1 + gamma * t, -double{param.power()});
  }
  if (policy == "poly") {
    return base * std::pow(1 - Progress(param, t), double{param.power()});
  }
  if (policy == "sigmoid") {
    return base / (1 + std::exp(-gamma * (t - param.stepsize())));
  }
  if (policy == "cosine") {
    const double low = param.min_lr();
    return low + (base - low) * (1 + std::cos(kPi * Progress(param, t))) / 2;
  }
  INPUT_FAIL() << "unknown lr_policy '" << policy << "'";
}

}  // namespace

const std::vector<std::string>& LrPolicies() {
  static const std::vector<std::string> policies = {
      "fixed",     "step", "exp",     "inv",
      "multistep", "poly", "sigmoid", "cosine"};
  return policies;
}

double LearningRate(const SolverParameter& param, int t) {
  const int warmup = param.warmup_iter();
  if (t >= warmup) return PolicyRate(param, t);
  const double start = param.warmup_start_lr();
  const double end = PolicyRate(param, warmup);
  return start + (end - start) * t / warmup;
}

int LrStep(const SolverParameter& param, int t) {
  if (param.lr_policy() == "step") return t / param.stepsize();
  if (param.lr_policy() != "multistep") return 0;
  return static_cast<int>(
      std::count_if(param.stepvalue().begin(), param.stepvalue().end(),
                    [t](int value) { return value <= t; }));
}

}  // namespace caffe
