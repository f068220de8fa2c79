// The solvers that follow the gradient: SGD and its relatives. Their formulas,
// defaults and papers are in solver/update_rules.hpp. All of them clip, divide
// by iter_size, and add weight decay in the same way:
//
//   1. clip_gradients c: where the norm |g| over all parameters (L2, of the
//      sum over iter_size passes) is more than c, g = g c / |g|;
//   2. g = g / iter_size;
//   3. weight decay d of the parameter (weight_decay * decay_mult):
//      L2: g = g + d w;  L1: g = g + d sign(w);
//   4. the rule, with the rate times lr_mult;
//   5. w = w - step.
//
// Options by type (default): momentum mu (0) of SGD and Nesterov; delta (1e-8)
// of AdaGrad, RMSProp, AdaDelta, Adam; rms_decay rho (0.99) of RMSProp;
// momentum mu (0) of AdaDelta, 0.95 in the paper; momentum b1 (0) and
// momentum2 b2 (0.999) of Adam, b1 0.9 in the paper.
#ifndef CAFFE_SGD_SOLVERS_HPP_
#define CAFFE_SGD_SOLVERS_HPP_

#include <string>
#include <vector>

#include "caffe/solver.hpp"

namespace caffe {

template <typename Dtype>
class SGDSolver : public Solver<Dtype> {
 public:
  explicit SGDSolver(const SolverParameter& param) : SGDSolver(param, 1) {}
  explicit SGDSolver(const string& param_file)
      : Solver<Dtype>(param_file) { MakeHistory(1); }
  const char* type() const override { return "SGD"; }

  // One blob a learnable parameter; of a rule with two histories the second
  // ones follow the first ones.
  const vector<shared_ptr<Blob<Dtype>>>& history() const { return history_; }
  Dtype GetLearningRate() const;

 protected:
  SGDSolver(const SolverParameter& param, int histories)
      : Solver<Dtype>(param) { MakeHistory(histories); }

  void ApplyUpdate() override;
  // Turns the diff of a parameter into its step, at this rate, and takes it
  // off the parameter.
  virtual void UpdateParameter(int param_id, Dtype rate);
  void ClipGradients();

  void SaveHistory(SolverState* state) const override;
  void CheckHistory(const SolverState& state) const override;
  void LoadHistory(const SolverState& state) override;
  int HistoriesPerParam() const override { return histories_; }

  // Runs a rule over a parameter; `rate` without lr_mult.
  template <typename Rule>
  void Apply(int param_id, const Rule& rule);
  Dtype LocalRate(int param_id, Dtype rate) const {
    return rate * this->net_->params_lr()[param_id];
  }
  Dtype Momentum() const { return this->param_.momentum(); }
  Dtype Delta() const { return this->param_.delta(); }

  vector<shared_ptr<Blob<Dtype>>> history_;

 private:
  void MakeHistory(int histories);

  int histories_ = 1;
};

template <typename Dtype>
class NesterovSolver : public SGDSolver<Dtype> {
 public:
  explicit NesterovSolver(const SolverParameter& param)
      : SGDSolver<Dtype>(param) {}
  const char* type() const override { return "Nesterov"; }

 protected:
  void UpdateParameter(int param_id, Dtype rate) override;
};

template <typename Dtype>
class AdaGradSolver : public SGDSolver<Dtype> {
 public:
  explicit AdaGradSolver(const SolverParameter& param)
      : SGDSolver<Dtype>(param) {}
  const char* type() const override { return "AdaGrad"; }

 protected:
  void UpdateParameter(int param_id, Dtype rate) override;
};

template <typename Dtype>
class RMSPropSolver : public SGDSolver<Dtype> {
 public:
  explicit RMSPropSolver(const SolverParameter& param)
      : SGDSolver<Dtype>(param) {}
  const char* type() const override { return "RMSProp"; }

 protected:
  void UpdateParameter(int param_id, Dtype rate) override;
};

template <typename Dtype>
class AdaDeltaSolver : public SGDSolver<Dtype> {
 public:
  explicit AdaDeltaSolver(const SolverParameter& param)
      : SGDSolver<Dtype>(param, 2) {}
  const char* type() const override { return "AdaDelta"; }

 protected:
  void UpdateParameter(int param_id, Dtype rate) override;
};

template <typename Dtype>
class AdamSolver : public SGDSolver<Dtype> {
 public:
  explicit AdamSolver(const SolverParameter& param)
      : SGDSolver<Dtype>(param, 2) {}
  const char* type() const override { return "Adam"; }

 protected:
  void UpdateParameter(int param_id, Dtype rate) override;
};

}  // namespace caffe

#endif  // CAFFE_SGD_SOLVERS_HPP_
