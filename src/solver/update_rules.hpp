// The update rules: how a gradient becomes the step that is taken off a
// parameter, value by value. The formulas are written once, here, for the CPU
// and the GPU; which parameter gets which rate is left to sgd_solvers.hpp.
//
// With g the gradient, r the rate, h and k the history (k only where a rule
// has two), u the step:
//
//   SGD       h = r g + mu h;                  u = h
//   Nesterov  h' = r g + mu h;                 u = (1 + mu) h' - mu h
//   AdaGrad   h += g^2;                        u = r g / (sqrt h + delta)
//   RMSProp   h = rho h + (1 - rho) g^2;       u = r g / (sqrt h + delta)
//   AdaDelta  h = mu h + (1 - mu) g^2;
//             v = g sqrt((k + delta) / (h + delta));
//             k = mu k + (1 - mu) v^2;         u = r v
//   Adam      h = b1 h + (1 - b1) g;  k = b2 k + (1 - b2) g^2;
//             u = r c h / (sqrt k + delta),
//             c = sqrt(1 - b2^t) / (1 - b1^t), t = iteration + 1
//
// Papers: Nesterov 1983 in the form of Sutskever et al., ICML 2013; Duchi et
// al., JMLR 2011; Tieleman and Hinton, Coursera lecture 6.5, 2012; Zeiler,
// arXiv:1212.5701, algorithm 1; Kingma and Ba, ICLR 2015, algorithm 1.
#ifndef TERCET_SOLVER_UPDATE_RULES_HPP_
#define TERCET_SOLVER_UPDATE_RULES_HPP_

#include <cmath>
#include <cstdint>

#include "caffe/blob.hpp"

namespace caffe {

// The gradient that a rule sees: scale * diff + l2 * w + l1 * sign(w).
template <typename Dtype>
struct GradientTerms {
  Dtype scale, l1, l2;

  TERCET_HD Dtype operator()(Dtype diff, Dtype weight) const {
    const Dtype sign =
        static_cast<Dtype>((weight > Dtype(0)) - (weight < Dtype(0)));
    return scale * diff + l2 * weight + l1 * sign;
  }
};

template <typename Dtype>
struct SgdRule {
  Dtype rate, momentum;
  static constexpr bool kTwoHistories = false;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype*) const {
    *h = rate * g + momentum * *h;
    return *h;
  }
};

template <typename Dtype>
struct NesterovRule {
  Dtype rate, momentum;
  static constexpr bool kTwoHistories = false;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype*) const {
    const Dtype before = *h;
    *h = rate * g + momentum * before;
    return (1 + momentum) * *h - momentum * before;
  }
};

template <typename Dtype>
struct AdaGradRule {
  Dtype rate, delta;
  static constexpr bool kTwoHistories = false;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype*) const {
    *h += g * g;
    return rate * g / (std::sqrt(*h) + delta);
  }
};

template <typename Dtype>
struct RmsPropRule {
  Dtype rate, decay, delta;
  static constexpr bool kTwoHistories = false;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype*) const {
    *h = decay * *h + (1 - decay) * g * g;
    return rate * g / (std::sqrt(*h) + delta);
  }
};

template <typename Dtype>
struct AdaDeltaRule {
  Dtype rate, momentum, delta;
  static constexpr bool kTwoHistories = true;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype* k) const {
    *h = momentum * *h + (1 - momentum) * g * g;
    const Dtype v = g * std::sqrt((*k + delta) / (*h + delta));
    *k = momentum * *k + (1 - momentum) * v * v;
    return rate * v;
  }
};

template <typename Dtype>
struct AdamRule {
  // `rate` includes the correction c.
  Dtype rate, beta1, beta2, delta;
  static constexpr bool kTwoHistories = true;
  TERCET_HD Dtype operator()(Dtype g, Dtype* h, Dtype* k) const {
    *h = beta1 * *h + (1 - beta1) * g;
    *k = beta2 * *k + (1 - beta2) * g * g;
    return rate * *h / (std::sqrt(*k) + delta);
  }
};

// Turns the diff of a parameter into its step and takes it off the
// parameter, in one pass over the values, where Caffe::mode() says. The
// histories have the parameter's count; `second` is null for a rule with
// one.
template <typename Rule, typename Dtype>
void ApplyRule(const Rule& rule, const GradientTerms<Dtype>& terms,
               Blob<Dtype>* param, Blob<Dtype>* first, Blob<Dtype>* second);

#ifdef TERCET_CUDA
template <typename Rule, typename Dtype>
void ApplyRuleGpu(const Rule& rule, const GradientTerms<Dtype>& terms,
                  Blob<Dtype>* param, Blob<Dtype>* first, Blob<Dtype>* second);
#endif

}  // namespace caffe

// Calls MACRO(Rule, Dtype) for each rule and type; the .cpp and .cu
// instantiate with it.
#define TERCET_FOR_EACH_RULE(MACRO)                          \
  MACRO(SgdRule, float) MACRO(SgdRule, double)               \
  MACRO(NesterovRule, float) MACRO(NesterovRule, double)     \
  MACRO(AdaGradRule, float) MACRO(AdaGradRule, double)       \
  MACRO(RmsPropRule, float) MACRO(RmsPropRule, double)       \
  MACRO(AdaDeltaRule, float) MACRO(AdaDeltaRule, double)     \
  MACRO(AdamRule, float) MACRO(AdamRule, double)

#endif  // TERCET_SOLVER_UPDATE_RULES_HPP_
