// Running a solver: iterations, losses, requests from outside, the end.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "caffe/solver.hpp"
#include "core/device.hpp"
#include "solver/causes.hpp"
#include "solver/embedding_feed.hpp"
#include "solver/gradient_sums.hpp"
#include "solver/iteration_start.hpp"
#include "solver/progress.hpp"
#include "solver/snapshot.hpp"
#include "solver/solver_check.hpp"

namespace caffe {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                       start)
      .count();
}

}  // namespace

template <typename Dtype>
void Solver<Dtype>::Solve(const char* resume_file) {
  LOG(INFO) << "Solving " << net_->name();
  LOG(INFO) << "Learning Rate Policy: " << param_.lr_policy();
  LOG(INFO) << "Random seed: " << param_.random_seed();
  if (WantsSnapshots(param_)) RemoveSnapshotLeftovers();
  if (resume_file != nullptr) {
    LOG(INFO) << "Restoring previous solver status from " << resume_file;
    Restore(resume_file);
  }
  stopping_ = false;
  Step(param_.max_iter() - iter_);
  ClearProgress();
  const bool stopped_or_over = stopping_ || param_.snapshot_after_train();
  if (stopped_or_over && saved_iter_ != iter_ &&
      !param_.snapshot_prefix().empty()) {
    Snapshot();
  }
  if (stopping_) {
    LOG(INFO) << "Optimization stopped early.";
    return;
  }
  FinishRun();
  LOG(INFO) << "Optimization Done.";
}

// The loss and the tests after the last update, without a further one.
template <typename Dtype>
void Solver<Dtype>::FinishRun() {
  if (Displays()) {
    Dtype loss;
    net_->set_iteration(iter_);
    iteration_start_->Remember(*net_);
    try {
      net_->Forward(&loss);
    } catch (const Error& error) {
      throw SavedFor(error, true);
    }
    AddLoss(loss);
    LOG(INFO) << "Iteration " << iter_ << ", loss = " << smoothed_loss();
  }
  if (TestIsDue()) TestOrSave();
}

template <typename Dtype>
void Solver<Dtype>::TestOrSave() {
  try {
    TestAll();
  } catch (const Error& error) {
    const Error told = SavedFor(error, false);
    before_.reset();
    throw told;
  }
}

template <typename Dtype>
Error Solver<Dtype>::SavedFor(const Error& error, bool in_iteration) {
  const bool wanted = iter_ > 0 || WantsSnapshots(param_);
  if (error.kind() != Error::kInput || error.not_finite() || !wanted ||
      param_.snapshot_prefix().empty()) {
    return error;
  }
  ClearProgress();
  if (saved_iter_ != iter_) {
    try {
      if (in_iteration) {
        before_.reset(new SolverState);
        SaveRunState(before_.get());
        iteration_start_->PutBack(kTrainPrefix, *net_, before_.get());
      }
      Snapshot();
      before_.reset();
    } catch (const Error& why) {
      before_.reset();
      LOG(WARNING) << "no snapshot of iteration " << iter_ << ": "
                   << why.what();
      return error;
    }
  }
  return error.With(
      error.kind(),
      string(error.what()) + "; the run up to iteration " +
          std::to_string(iter_) + " is saved: mend this, then go on with " +
          "--snapshot=" + StateFileName(param_.snapshot_prefix(), iter_));
}

template <typename Dtype>
void Solver<Dtype>::Step(int iters) {
  const int last = iter_ + std::max(0, iters);
  if (progress_) progress_->Start(iter_, last, ImagesPerIteration());
  displayed_iter_ = iter_;
  seconds_ = 0;
  WriteFirstSnapshot();
  while (iter_ < last && !stopping_) {
    if (TestIsDue()) {
      ClearProgress();
      TestOrSave();
      if (stopping_) break;
    }
    const auto start = std::chrono::steady_clock::now();
    if (!RunIteration()) {
      ObeyRequest();
      continue;
    }
    const double seconds = SecondsSince(start);
    seconds_ += seconds;
    if (progress_) progress_->Update(iter_, seconds, smoothed_loss());
    if (param_.snapshot() > 0 && iter_ % param_.snapshot() == 0) {
      SnapshotOrRecover();
    }
    ObeyRequest();
  }
}

template <typename Dtype>
bool Solver<Dtype>::RunIteration() {
  const Transfers before = TransfersSoFar();
  for (Callback* callback : callbacks_) callback->on_start();
  net_->set_debug_info(Displays() && param_.debug_info());
  if (updates_ == 0) LogCause(causes_->AtStart());
  iteration_start_->Remember(*net_);
  try {
    AddLoss(ComputeGradients());
  } catch (const Error& error) {
    if (!error.not_finite()) throw SavedFor(error, true);
    ClearProgress();
    if (param_.collapse_action() != SolverParameter::RECOVER) {
      throw WithAdvice(error);
    }
    Recover(iter_, error.what());
    return false;
  }
  LookForCauses();
  if (Displays()) LogIteration();
  if (ActOnDoctors()) return false;
  for (Callback* callback : callbacks_) callback->on_gradients_ready();
  ApplyUpdate();
  ++updates_;
  if (Caffe::debug_sync()) {
    LOG(INFO) << "Iteration " << iter_ << ", copies: "
              << TransfersText(TransfersSoFar() - before);
  }
  ++iter_;
  return true;
}

template <typename Dtype>
Dtype Solver<Dtype>::ComputeGradients() {
  net_->ClearParamDiffs();
  net_->set_iteration(iter_);
  Dtype loss = 0;
  for (int i = 0; i < param_.iter_size(); ++i) {
    const Dtype part = net_->ForwardBackward();
    if (!std::isfinite(part)) {
      RefuseRows();
      FailNotFinite("the loss is " + std::to_string(part));
    }
    embedding_feed_->HandOver();
    loss += part;
    AddToDoctors();
  }
  if (!gradient_sums_->AreFinite(net_->learnable_params())) {
    FailNotFinite("a gradient is not finite");
  }
  return loss / param_.iter_size();
}

template <typename Dtype>
void Solver<Dtype>::FailNotFinite(const string& what) const {
  const string first = net_->FirstNonFinite();
  throw Error::NotFinite(
      what + "; first value that is not finite: " +
      (first.empty() ? "none, a sum is too large" : first));
}

template <typename Dtype>
Error Solver<Dtype>::WithAdvice(const Error& error) const {
  return Error::NotFinite(SolverPlace(param_, "") + "iteration " +
                          std::to_string(iter_) + ": " + error.what() +
                          "; to mend it, " +
                          causes_->OfNotFinite(updates_ > 0));
}

template <typename Dtype>
void Solver<Dtype>::AddLoss(Dtype loss) {
  losses_.push_back(loss);
  while (losses_.size() > static_cast<size_t>(param_.average_loss())) {
    losses_.pop_front();
  }
}

template <typename Dtype>
Dtype Solver<Dtype>::smoothed_loss() const {
  if (losses_.empty()) return 0;
  double sum = 0;
  for (Dtype loss : losses_) sum += loss;
  return static_cast<Dtype>(sum / losses_.size());
}

template <typename Dtype>
void Solver<Dtype>::LogIteration() {
  ClearProgress();
  const double per_second =
      (iter_ - displayed_iter_) / (seconds_ > 0 ? seconds_ : 1);
  LOG(INFO) << "Iteration " << iter_ << " (" << per_second << " iter/s, "
            << seconds_ << "s/" << param_.display()
            << " iters), loss = " << smoothed_loss();
  displayed_iter_ = iter_;
  seconds_ = 0;
  vector<Dtype> values;
  for (const Blob<Dtype>* output : net_->output_blobs()) {
    values.insert(values.end(), output->cpu_data(),
                  output->cpu_data() + output->count());
  }
  LogOutputs(*net_, "Train", values);
  LogStatistics();
}

template <typename Dtype>
SolverAction::Enum Solver<Dtype>::GetRequestedAction() {
  return action_function_ ? action_function_() : SolverAction::NONE;
}

template <typename Dtype>
void Solver<Dtype>::ObeyRequest() {
  for (SolverAction::Enum request = GetRequestedAction();
       request != SolverAction::NONE; request = GetRequestedAction()) {
    if (request == SolverAction::STOP) stopping_ = true;
    if (request == SolverAction::SNAPSHOT && saved_iter_ != iter_ &&
        !param_.snapshot_prefix().empty()) {
      SnapshotOrRecover();
    }
  }
}

#define TERCET_INSTANTIATE_RUN(Dtype)                                       \
  template void Solver<Dtype>::Solve(const char*);                          \
  template void Solver<Dtype>::Step(int);                                   \
  template Dtype Solver<Dtype>::smoothed_loss() const;                      \
  template void Solver<Dtype>::FailNotFinite(const string&) const;          \
  template Error Solver<Dtype>::WithAdvice(const Error&) const;             \
  template void Solver<Dtype>::ObeyRequest()
TERCET_INSTANTIATE_RUN(float);
TERCET_INSTANTIATE_RUN(double);
#undef TERCET_INSTANTIATE_RUN

}  // namespace caffe
