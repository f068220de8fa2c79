// The doctor's signs, and how long each must last; see the header.
#include "solver/doctor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "caffe/check.hpp"

namespace caffe {

namespace {

constexpr double kAllActiveShare = 0.99;
constexpr double kManyActiveShare = 0.9;
// Of active tuples, from the start on: there was never anything to learn.
constexpr double kFewActiveShare = 0.01;
constexpr double kHardlyActiveShare = 0.002;

std::string Figure(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

std::string Percent(double share) { return Figure(100 * share) + " %"; }

}  // namespace

LossDoctor::LossDoctor(const std::string& tuples) : tuples_(tuples) {
  Restart(0);
}

void LossDoctor::Restart(int stage) {
  stage_ = stage;
  seen_ = with_tuples_ = 0;
  std::fill_n(mean_, int{kQuantities}, 0.);
  std::fill_n(start_, int{kQuantities}, 0.);
  std::fill_n(since_, kFailures, -1);
  std::fill_n(gone_, kFailures, -1);
  std::fill_n(told_, kFailures, false);
}

void LossDoctor::Add(const metric::BatchHealth& health) {
  passes_.push_back(health);
}

// The passes of the iteration as one, each with the same weight, as in the
// gradient; of the loss those that have tuples.
void LossDoctor::UpdateMeans() {
  double now[kQuantities] = {};
  const double passes = static_cast<double>(passes_.size());
  double with_tuples = 0;  // passes
  int64_t active = 0;
  for (const metric::BatchHealth& pass : passes_) {
    now[kNorm] += pass.rows.norm / passes;
    now[kSpread] += pass.rows.spread / passes;
    now[kTypical] += pass.typical_distance / passes;
    active += pass.count.active;
    if (pass.count.tuples == 0) continue;
    ++with_tuples;
    now[kLoss] += pass.loss;
    now[kCollapsed] += pass.collapsed_loss;
    now[kActive] += pass.count.ActiveShare();
  }
  now[kEmpty] = 1 - with_tuples / passes;
  none_active_ = with_tuples > 0 && active == 0;
  ++seen_;
  if (with_tuples > 0) ++with_tuples_;
  constexpr double kLeastShare = 0.1;
  for (int q = 0; q < kQuantities; ++q) {
    if (q >= kLoss && with_tuples == 0) continue;
    if (q >= kLoss) now[q] /= with_tuples;
    const int seen = q >= kLoss ? with_tuples_ : seen_;
    mean_[q] += std::max(kLeastShare, 1. / seen) * (now[q] - mean_[q]);
    if (seen <= kStartIterations) start_[q] += now[q] / kStartIterations;
  }
}

bool LossDoctor::LossOfOnePoint() const {
  const double one_point = mean_[kCollapsed], loss = mean_[kLoss];
  const double typical = mean_[kTypical];
  if (soft_) return std::fabs(loss - one_point) < 0.01 && !(typical > 0.5);
  if (hinged_ && mean_[kActive] < kAllActiveShare) return false;
  return loss > 0.98 * one_point && loss < 1.06 * one_point &&
         !(typical > 2 * one_point);
}

bool LossDoctor::MakesNoProgress() const {
  const double gap = mean_[kLoss] - mean_[kCollapsed];
  const double at_start = start_[kLoss] - start_[kCollapsed];
  const bool as_at_start =
      HasStartOfLoss() && gap > at_start - 0.15 * std::fabs(at_start);
  const bool out_of_reach = mean_[kActive] >= kAllActiveShare && !soft_ &&
                            mean_[kCollapsed] > 2 * mean_[kTypical];
  return as_at_start || out_of_reach;
}

bool LossDoctor::Shows(Failure failure) const {
  const double norm = mean_[kNorm], spread = mean_[kSpread];
  const bool known = mean_[kCollapsed] > 0;  // not for NaN
  const bool vanishing =
      norm == 0 || (HasStart() && norm < 0.01 * start_[kNorm] &&
                    (!known || LossOfOnePoint()));
  const bool point = known ? spread < 0.35 * norm && LossOfOnePoint()
                           : spread < 0.05 * norm;
  switch (failure) {
    case Failure::kPoint:
      return point && !vanishing;
    case Failure::kVanishing:
      return vanishing;
    case Failure::kExploding:
      if (!HasStart()) return false;
      if (!known) return norm > 1000 * start_[kNorm];
      return HasStartOfLoss() && norm > 10 * start_[kNorm] &&
             mean_[kLoss] > 10 * start_[kLoss] &&
             mean_[kLoss] > 10 * mean_[kCollapsed];
    case Failure::kNoneActive:
      return hinged_ && !soft_ &&
             (none_active_ || (QuietFromTheStart() &&
                               mean_[kActive] < kHardlyActiveShare));
    case Failure::kAllActive:
      return hinged_ && mean_[kActive] >= kManyActiveShare && !point &&
             !vanishing && !Shows(Failure::kExploding) && MakesNoProgress();
    case Failure::kNoTuples:
      return mean_[kEmpty] > 0.5;
  }
  return false;
}

bool LossDoctor::QuietFromTheStart() const {
  return HasStartOfLoss() && start_[kActive] < kFewActiveShare;
}

int LossDoctor::PatienceFor(Failure failure) const {
  switch (failure) {
    case Failure::kPoint:
    case Failure::kVanishing:
      return 30;
    case Failure::kExploding:
      return 10;
    case Failure::kNoneActive:
      return QuietFromTheStart() ? 100 : 200;
    case Failure::kAllActive:
      return 200;
    case Failure::kNoTuples:
      return 20;
  }
  return 0;
}

std::string LossDoctor::Rows() const {
  return "spread " + Figure(mean_[kSpread]) + ", norm " +
         Figure(mean_[kNorm]);
}

std::string LossDoctor::Loss() const {
  std::string loss = "loss " + Figure(mean_[kLoss]);
  if (mean_[kCollapsed] > 0) {
    loss += " where one point has " + Figure(mean_[kCollapsed]);
  }
  return loss;
}

std::string LossDoctor::Describe(Failure failure) const {
  const std::string rows = Rows(), loss = Loss();
  switch (failure) {
    case Failure::kPoint:
      return "the embeddings are nearly one point (" + rows + ", " + loss +
             ")";
    case Failure::kVanishing:
      return "the embeddings vanish (" + rows + ", at the start " +
             Figure(start_[kNorm]) + ", " + loss + ")";
    case Failure::kExploding:
      return "the embeddings explode (" + rows + ", at the start " +
             Figure(start_[kNorm]) + ", " + loss + ")";
    case Failure::kNoneActive:
      return "none of the " + tuples_ + " is active, so nothing is learned (" +
             rows + ")";
    case Failure::kAllActive:
      return Percent(mean_[kActive]) + " of the " + tuples_ +
             " are active, without progress (" + loss + ", at the start " +
             Figure(start_[kLoss]) + ")";
    case Failure::kNoTuples:
      return Percent(mean_[kEmpty]) + " of the batches hold no " + tuples_ +
             ", so nothing is learned from them";
  }
  return "";
}

std::vector<Diagnosis> LossDoctor::Look(int iteration) {
  std::vector<Diagnosis> news;
  if (passes_.empty()) return news;
  const metric::BatchHealth& last = passes_.back();
  if (last.stage != stage_) Restart(last.stage);
  hinged_ = last.hinged;
  soft_ = last.soft;
  UpdateMeans();
  passes_.clear();
  constexpr int kLeastSeen = 50;  // but for what needs no learning to show
  for (int f = 0; f < kFailures; ++f) {
    const Failure failure = static_cast<Failure>(f);
    const bool shows = Shows(failure);
    if (shows && since_[f] < 0) since_[f] = iteration;
    if (shows) gone_[f] = -1;
    if (!shows && gone_[f] < 0) gone_[f] = iteration;
    // Once it is told, it is over when its signs have been gone as long.
    if (!shows && (!told_[f] ||
                   iteration - gone_[f] >= PatienceFor(failure))) {
      // One point that goes on to vanish is over in no way.
      const bool replaced =
          failure == Failure::kPoint && Shows(Failure::kVanishing);
      if (told_[f] && !replaced) {
        news.push_back({failure, gone_[f], true, Rows() + ", " + Loss()});
      }
      told_[f] = false;
      since_[f] = -1;
    }
    const bool early = failure != Failure::kNoTuples && seen_ < kLeastSeen;
    if (shows && !told_[f] && !early &&
        iteration - since_[f] >= PatienceFor(failure)) {
      told_[f] = true;
      news.push_back({failure, since_[f], false, Describe(failure)});
    }
  }
  return news;
}

bool LossDoctor::Healthy() const {
  return std::all_of(since_, since_ + kFailures,
                     [](int since) { return since < 0; });
}

void LossDoctor::Save(LossDoctorState* state) const {
  state->set_stage(stage_);
  state->set_seen(seen_);
  state->set_with_tuples(with_tuples_);
  for (int q = 0; q < kQuantities; ++q) {
    state->add_mean(mean_[q]);
    state->add_start(start_[q]);
  }
  for (int f = 0; f < kFailures; ++f) {
    state->add_since(since_[f]);
    state->add_gone(gone_[f]);
    state->add_told(told_[f]);
  }
}

void LossDoctor::Load(const LossDoctorState& state) {
  INPUT_CHECK(state.mean_size() == kQuantities &&
              state.start_size() == kQuantities &&
              state.since_size() == kFailures &&
              state.gone_size() == kFailures && state.told_size() == kFailures)
      << "the saved state of the doctor is damaged";
  Restart(state.stage());
  seen_ = state.seen();
  with_tuples_ = state.has_with_tuples() ? state.with_tuples() : seen_;
  std::copy(state.mean().begin(), state.mean().end(), mean_);
  std::copy(state.start().begin(), state.start().end(), start_);
  std::copy(state.since().begin(), state.since().end(), since_);
  std::copy(state.gone().begin(), state.gone().end(), gone_);
  std::copy(state.told().begin(), state.told().end(), told_);
}

}  // namespace caffe
