// What a solver does with the doctor: shows it each metric loss of the train
// net, says what it finds, stops, or goes back to a healthy snapshot.
#include <algorithm>

#include "caffe/solver.hpp"
#include "solver/causes.hpp"
#include "solver/gradient_sums.hpp"
#include "solver/snapshot.hpp"
#include "solver/solver_check.hpp"
#include "solver/watched_loss.hpp"

namespace caffe {
namespace {

// Failures that a smaller rate and easier triplets may mend.
bool IsMendedByGoingBack(Failure failure) {
  return failure == Failure::kPoint || failure == Failure::kVanishing ||
         failure == Failure::kExploding;
}

}  // namespace

template <typename Dtype>
void Solver<Dtype>::WatchLosses() {
  for (size_t i = 0; i < net_->layers().size(); ++i) {
    auto* layer =
        dynamic_cast<MetricLossLayer<Dtype>*>(net_->layers()[i].get());
    if (layer == nullptr || layer->loss(0) == Dtype(0)) continue;
    watched_.push_back({layer, &net_->bottom_vecs()[i],
                        LossDoctor(layer->tuples())});
  }
}

template <typename Dtype>
void Solver<Dtype>::LogCause(const string& line) {
  if (line.empty()) return;
  ClearProgress();
  LOG(WARNING) << "Iteration " << iter_ << ": " << line;
}

// The rate of a resumed run may well be small.
template <typename Dtype>
void Solver<Dtype>::LookForCauses() {
  if (updates_ == 0) {
    LogCause(causes_->DeadLayers());
    LogCause(causes_->EqualFilters());
  }
  if (updates_ == Causes<Dtype>::kRateIterations && updates_ == iter_ &&
      param_.base_lr() > 0 &&
      gradient_sums_->Squares(net_->learnable_params()) > 0) {
    LogCause(causes_->RateTooSmall());
  }
}

template <typename Dtype>
void Solver<Dtype>::RefuseRows() const {
  for (const WatchedLoss& loss : watched_) {
    try {
      loss.layer->RefuseRows(*loss.bottom);
    } catch (const Error& error) {
      throw error.At(LayerPlace(loss.layer->layer_param()));
    }
  }
}

template <typename Dtype>
void Solver<Dtype>::AddToDoctors() {
  for (WatchedLoss& loss : watched_) {
    loss.doctor.Add(loss.layer->Health(*loss.bottom));
  }
}

template <typename Dtype>
bool Solver<Dtype>::ActOnDoctors() {
  for (WatchedLoss& loss : watched_) {
    for (const Diagnosis& found : loss.doctor.Look(iter_)) {
      LogDiagnosis(loss, found);
      if (found.over) continue;
      const string why =
          LayerPlace(loss.layer->layer_param()) + ": " + found.text;
      INPUT_CHECK(param_.collapse_action() != SolverParameter::STOP)
          << SolverPlace(param_, "collapse_action") << "stopped at iteration "
          << iter_ << " (collapse_action: STOP): " << why
          << " since iteration " << found.since << "; to mend it, "
          << Advice(loss, found.failure);
      if (param_.collapse_action() == SolverParameter::RECOVER &&
          IsMendedByGoingBack(found.failure)) {
        Recover(found.since, why);
        return true;
      }
    }
  }
  return false;
}

template <typename Dtype>
void Solver<Dtype>::LogDiagnosis(const WatchedLoss& loss,
                                 const Diagnosis& found) {
  ClearProgress();
  const string place = LayerPlace(loss.layer->layer_param());
  if (found.over) {
    LOG(INFO) << "Iteration " << iter_ << ": " << place
              << ": what was found is over since iteration " << found.since
              << " (now: " << found.text << ")";
    return;
  }
  LOG(WARNING) << "Iteration " << iter_ << ": " << place << ": since iteration "
               << found.since << " " << found.text << "; to mend it, "
               << Advice(loss, found.failure);
}

template <typename Dtype>
string Solver<Dtype>::Advice(const WatchedLoss& loss, Failure failure) const {
  if (failure != Failure::kNoTuples) {
    const string cause = failure == Failure::kNoneActive
                             ? causes_->OfQuiet()
                             : causes_->OfCollapse();
    if (!cause.empty()) return cause;
  }
  switch (failure) {
    case Failure::kPoint:
      return loss.layer->CollapseAdvice();
    case Failure::kVanishing:
      if (loss.doctor.norm_at_start() == 0) {
        return "look for what makes the embeddings 0 from the start: a ReLU "
               "behind them, or fillers of 0";
      }
      return "lower weight_decay or base_lr, or put a Normalize layer behind "
             "the embedding";
    case Failure::kExploding:
      return "lower base_lr, set clip_gradients, or put a Normalize layer "
             "behind the embedding";
    case Failure::kNoneActive:
      return loss.layer->HarderAdvice();
    case Failure::kAllActive:
      return loss.layer->SlowAdvice();
    case Failure::kNoTuples:
      return "give batches two images of a person and two people "
             "(identities_per_batch, images_per_identity)";
  }
  return "";
}

template <typename Dtype>
bool Solver<Dtype>::Healthy() const {
  return std::all_of(
      watched_.begin(), watched_.end(),
      [](const WatchedLoss& loss) { return loss.doctor.Healthy(); });
}

// The first of a run, and those that the file asks for. One that was asked for
// from outside must not change where the run goes back to.
template <typename Dtype>
void Solver<Dtype>::RememberSnapshot() {
  const bool regular = healthy_snapshots_.empty() ||
                       (param_.snapshot() > 0 &&
                        iter_ % param_.snapshot() == 0);
  const bool is_new =
      healthy_snapshots_.empty() || healthy_snapshots_.back() < iter_;
  if (regular && is_new && Healthy()) healthy_snapshots_.push_back(iter_);
}

template <typename Dtype>
void Solver<Dtype>::Recover(int since, const string& why) {
  const auto after = std::upper_bound(healthy_snapshots_.begin(),
                                      healthy_snapshots_.end(), since);
  INPUT_CHECK(after != healthy_snapshots_.begin())
      << why << "; there is no healthy snapshot to go back to";
  INPUT_CHECK(recoveries_ < kMostRecoveries)
      << why << "; the run went back " << recoveries_
      << " times already (collapse_action: RECOVER)";
  const string file = StateFileName(param_.snapshot_prefix(), *(after - 1));
  const int recoveries = recoveries_ + 1, failed_iter = iter_;
  Restore(file.c_str());
  recoveries_ = recoveries;
  EaseLosses();
  displayed_iter_ = iter_;
  seconds_ = 0;
  ClearProgress();
  LOG(WARNING) << "Going back to iteration " << iter_ << ", " << file
               << ", with a rate of 1/" << (1 << recoveries_)
               << " of the file's" << EasedText() << ", for: " << why;
  // From here on a run that is killed goes on in the new way, too.
  Snapshot();
  RemoveStates(param_.snapshot_prefix(), iter_ + 1, failed_iter);
}

template <typename Dtype>
void Solver<Dtype>::EaseLosses() {
  for (WatchedLoss& loss : watched_) loss.layer->set_ease(recoveries_);
}

template <typename Dtype>
string Solver<Dtype>::EasedText() const {
  string text;
  net_->set_iteration(iter_);
  for (const WatchedLoss& loss : watched_) {
    const string eased = loss.layer->Eased();
    if (eased.empty()) continue;
    text += " and " + eased;
    if (watched_.size() > 1) {
      text += " (layer '" + loss.layer->layer_param().name() + "')";
    }
  }
  return text;
}

// Where a snapshot is due: a run that recovers goes back rather than to fail.
template <typename Dtype>
void Solver<Dtype>::SnapshotOrRecover() {
  ClearProgress();
  if (param_.collapse_action() == SolverParameter::RECOVER) {
    try {
      CheckWeightsAreFinite();
    } catch (const Error& error) {
      Recover(iter_, error.what());
      return;
    }
  }
  Snapshot();
}

template <typename Dtype>
void Solver<Dtype>::WriteFirstSnapshot() {
  if (param_.collapse_action() == SolverParameter::RECOVER &&
      healthy_snapshots_.empty()) {
    Snapshot();
  }
}

template <typename Dtype>
void Solver<Dtype>::LogStatistics() {
  for (WatchedLoss& loss : watched_) {
    LOG(INFO) << "    Train batch of " << loss.layer->layer_param().name()
              << ": "
              << metric::StatisticsText(loss.layer->Statistics(*loss.bottom),
                                        loss.layer->tuples());
  }
}

template <typename Dtype>
void Solver<Dtype>::SaveDoctors(SolverState* state) const {
  DoctorState* doctors = state->mutable_doctor();
  for (const WatchedLoss& loss : watched_) {
    LossDoctorState* stored = doctors->add_loss();
    loss.doctor.Save(stored);
    stored->set_name(loss.layer->layer_param().name());
  }
  for (int iteration : healthy_snapshots_) {
    doctors->add_healthy_iter(iteration);
  }
  doctors->set_recoveries(recoveries_);
}

template <typename Dtype>
void Solver<Dtype>::CheckDoctors(const SolverState& state) const {
  const DoctorState& doctor = state.doctor();
  INPUT_CHECK(doctor.recoveries() >= 0 &&
              doctor.recoveries() <= kMostRecoveries)
      << "is damaged: recoveries is " << doctor.recoveries()
      << ", wanted 0 to " << kMostRecoveries;
  int before = -1;
  for (const int iter : doctor.healthy_iter()) {
    INPUT_CHECK(iter > before && iter <= state.iter())
        << "is damaged: healthy_iter " << iter << " comes after " << before
        << ", wanted rising ones up to the state's own, " << state.iter();
    before = iter;
  }
  for (const LossDoctorState& stored : doctor.loss()) {
    LossDoctor().Load(stored);
  }
}

// A loss that the state does not know is looked at afresh.
template <typename Dtype>
void Solver<Dtype>::LoadDoctors(const SolverState& state) {
  for (WatchedLoss& loss : watched_) {
    loss.doctor = LossDoctor(loss.layer->tuples());
    for (const LossDoctorState& stored : state.doctor().loss()) {
      if (stored.name() == loss.layer->layer_param().name()) {
        loss.doctor.Load(stored);
      }
    }
  }
  healthy_snapshots_.assign(state.doctor().healthy_iter().begin(),
                            state.doctor().healthy_iter().end());
  recoveries_ = state.doctor().recoveries();
  EaseLosses();
}

#define TERCET_INSTANTIATE_DOCTOR(Dtype)                           \
  template void Solver<Dtype>::WatchLosses();                      \
  template void Solver<Dtype>::LogCause(const string&);            \
  template void Solver<Dtype>::LookForCauses();                    \
  template void Solver<Dtype>::RefuseRows() const;                 \
  template void Solver<Dtype>::AddToDoctors();                     \
  template bool Solver<Dtype>::ActOnDoctors();                     \
  template bool Solver<Dtype>::Healthy() const;                    \
  template void Solver<Dtype>::RememberSnapshot();                 \
  template void Solver<Dtype>::Recover(int, const string&);        \
  template void Solver<Dtype>::SnapshotOrRecover();                \
  template void Solver<Dtype>::WriteFirstSnapshot();               \
  template void Solver<Dtype>::LogStatistics();                    \
  template void Solver<Dtype>::SaveDoctors(SolverState*) const;    \
  template void Solver<Dtype>::CheckDoctors(const SolverState&) const; \
  template void Solver<Dtype>::LoadDoctors(const SolverState&)
TERCET_INSTANTIATE_DOCTOR(float);
TERCET_INSTANTIATE_DOCTOR(double);
#undef TERCET_INSTANTIATE_DOCTOR

}  // namespace caffe
