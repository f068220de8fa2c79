// The gradient solvers: what they share, and each one's choice of a rule.
#include "caffe/sgd_solvers.hpp"

#include <cmath>

#include "net/weights.hpp"
#include "solver/gradient_sums.hpp"
#include "solver/history_order.hpp"
#include "solver/lr_policy.hpp"
#include "solver/snapshot_size.hpp"
#include "solver/update_rules.hpp"

namespace caffe {

template <typename Dtype>
void SGDSolver<Dtype>::MakeHistory(int histories) {
  histories_ = histories;
  CheckStateSize(this->param_, *this->net_, this->test_nets_, histories);
  for (int copy = 0; copy < histories; ++copy) {
    for (const Blob<Dtype>* param : this->net_->learnable_params()) {
      history_.emplace_back(new Blob<Dtype>(param->shape()));
    }
  }
}

template <typename Dtype>
Dtype SGDSolver<Dtype>::GetLearningRate() const {
  // Each time that a run went back it goes on with half the rate.
  return static_cast<Dtype>(
      std::ldexp(LearningRate(this->param_, this->iter_),
                 -this->recoveries_));
}

template <typename Dtype>
void SGDSolver<Dtype>::ApplyUpdate() {
  const Dtype rate = GetLearningRate();
  if (this->Displays()) {
    LOG(INFO) << "Iteration " << this->iter_ << ", lr = " << rate;
  }
  ClipGradients();
  const int count = static_cast<int>(this->net_->learnable_params().size());
  for (int i = 0; i < count; ++i) UpdateParameter(i, rate);
}

template <typename Dtype>
void SGDSolver<Dtype>::ClipGradients() {
  const double limit = this->param_.clip_gradients();
  if (limit < 0) return;
  const double norm = std::sqrt(
      this->gradient_sums_->Squares(this->net_->learnable_params()));
  if (norm <= limit) return;
  const Dtype factor = static_cast<Dtype>(limit / norm);
  if (this->Displays()) {
    LOG(INFO) << "Gradient clipping: scaling down gradients (L2 norm " << norm
              << " > " << limit << ") by scale factor " << factor;
  }
  for (Blob<Dtype>* param : this->net_->learnable_params()) {
    param->scale_diff(factor);
  }
}

template <typename Dtype>
template <typename Rule>
void SGDSolver<Dtype>::Apply(int param_id, const Rule& rule) {
  const SolverParameter& p = this->param_;
  const Dtype decay = static_cast<Dtype>(p.weight_decay()) *
                      this->net_->params_weight_decay()[param_id];
  const bool l1 = p.regularization_type() == "L1";
  const GradientTerms<Dtype> terms = {Dtype(1) / p.iter_size(),
                                      l1 ? decay : Dtype(0),
                                      l1 ? Dtype(0) : decay};
  const size_t params = this->net_->learnable_params().size();
  Blob<Dtype>* second = Rule::kTwoHistories
                            ? history_[param_id + params].get()
                            : nullptr;
  ApplyRule(rule, terms, this->net_->learnable_params()[param_id],
            history_[param_id].get(), second);
}

template <typename Dtype>
void SGDSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  Apply(param_id,
        SgdRule<Dtype>{LocalRate(param_id, rate), Momentum()});
}

template <typename Dtype>
void NesterovSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  this->Apply(param_id, NesterovRule<Dtype>{this->LocalRate(param_id, rate),
                                            this->Momentum()});
}

template <typename Dtype>
void AdaGradSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  this->Apply(param_id, AdaGradRule<Dtype>{this->LocalRate(param_id, rate),
                                           this->Delta()});
}

template <typename Dtype>
void RMSPropSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  this->Apply(param_id,
              RmsPropRule<Dtype>{this->LocalRate(param_id, rate),
                                 static_cast<Dtype>(this->param_.rms_decay()),
                                 this->Delta()});
}

template <typename Dtype>
void AdaDeltaSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  this->Apply(param_id,
              AdaDeltaRule<Dtype>{this->LocalRate(param_id, rate),
                                  this->Momentum(), this->Delta()});
}

template <typename Dtype>
void AdamSolver<Dtype>::UpdateParameter(int param_id, Dtype rate) {
  const Dtype beta1 = this->Momentum();
  const Dtype beta2 = this->param_.momentum2();
  const int t = this->iter_ + 1;
  const double correction = std::sqrt(1 - std::pow(double{beta2}, t)) /
                            (1 - std::pow(double{beta1}, t));
  const Dtype local_rate = static_cast<Dtype>(
      correction * this->LocalRate(param_id, rate));
  this->Apply(param_id,
              AdamRule<Dtype>{local_rate, beta1, beta2, this->Delta()});
}

template <typename Dtype>
void SGDSolver<Dtype>::SaveHistory(SolverState* state) const {
  for (const auto& blob : history_) blob->ToProto(state->add_history());
  NameHistory(*this->net_, state);
}

template <typename Dtype>
void SGDSolver<Dtype>::CheckHistory(const SolverState& state) const {
  const int wanted = static_cast<int>(history_.size());
  INPUT_CHECK(state.history_size() == wanted)
      << "holds " << state.history_size()
      << " blobs of history, where solver type " << this->type()
      << " has " << wanted << " for this net";
  for (int i = 0; i < wanted; ++i) {
    const BlobProto& stored = state.history(i);
    const int values = stored.double_data_size() > 0
                           ? stored.double_data_size()
                           : stored.data_size();
    if (history_[i]->ShapeEquals(stored) && values == history_[i]->count()) {
      continue;
    }
    const int param =
        i % static_cast<int>(this->net_->learnable_params().size());
    INPUT_FAIL() << HistoryName(*this->net_, param) << ", has shape "
                 << ShapeText(StoredShape(stored)) << " and " << values
                 << " values, where this net's parameter has "
                 << ShapeText(history_[i]->shape());
  }
}

template <typename Dtype>
void SGDSolver<Dtype>::LoadHistory(const SolverState& state) {
  for (size_t i = 0; i < history_.size(); ++i) {
    history_[i]->FromProto(state.history(static_cast<int>(i)), false);
  }
}

INSTANTIATE_CLASS(SGDSolver);
INSTANTIATE_CLASS(NesterovSolver);
INSTANTIATE_CLASS(AdaGradSolver);
INSTANTIATE_CLASS(RMSPropSolver);
INSTANTIATE_CLASS(AdaDeltaSolver);
INSTANTIATE_CLASS(AdamSolver);

REGISTER_SOLVER_CLASS(SGD);
REGISTER_SOLVER_CLASS(Nesterov);
REGISTER_SOLVER_CLASS(AdaGrad);
REGISTER_SOLVER_CLASS(RMSProp);
REGISTER_SOLVER_CLASS(AdaDelta);
REGISTER_SOLVER_CLASS(Adam);

}  // namespace caffe
