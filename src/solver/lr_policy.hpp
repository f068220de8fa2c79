// The learning rate as a function of the iteration: the policy that the
// solver's file names, with a linear warm-up in front. Pure arithmetic; what
// makes a policy's options valid is checked in solver_check.hpp.
#ifndef TERCET_SOLVER_LR_POLICY_HPP_
#define TERCET_SOLVER_LR_POLICY_HPP_

#include <string>
#include <vector>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// The policies' names, as lr_policy takes them.
const std::vector<std::string>& LrPolicies();

// The rate at iteration t (from 0), with b = base_lr, g = gamma:
//
//   fixed      b
//   step       b g^floor(t / stepsize)
//   exp        b g^t
//   inv        b (1 + g t)^-power
//   multistep  b g^(number of stepvalues <= t)
//   poly       b (1 - t / max_iter)^power, 0 after max_iter
//   sigmoid    b / (1 + e^(-g (t - stepsize)))
//   cosine     m + (b - m) (1 + cos(pi t / max_iter)) / 2, m = min_lr, m after
//              max_iter (Loshchilov and Hutter, "SGDR", 2017, equation 5)
//
// While t < warmup_iter = w, it is s + (r - s) t / w instead, where s is
// warmup_start_lr and r what the policy gives at w.
double LearningRate(const SolverParameter& param, int t);

// How often a step policy has cut the rate by iteration t; 0 for the others.
int LrStep(const SolverParameter& param, int t);

}  // namespace caffe

#endif  // TERCET_SOLVER_LR_POLICY_HPP_
