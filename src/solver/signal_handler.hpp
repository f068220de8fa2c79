// Signals as requests to a solver: the handler only remembers that a signal
// came, and the solver asks after each iteration.
#ifndef TERCET_SOLVER_SIGNAL_HANDLER_HPP_
#define TERCET_SOLVER_SIGNAL_HANDLER_HPP_

#include "caffe/solver.hpp"

namespace caffe {

// While one of these lives, SIGINT and SIGTERM ask for one action and SIGHUP
// for another; then the handlers from before are back. One at a time.
class SignalHandler {
 public:
  SignalHandler(SolverAction::Enum stop_action, SolverAction::Enum hup_action);
  ~SignalHandler();
  SignalHandler(const SignalHandler&) = delete;
  SignalHandler& operator=(const SignalHandler&) = delete;

  // What was asked for since the last call; stopping goes first.
  ActionCallback GetActionFunction();

 private:
  SolverAction::Enum CheckForSignals() const;

  SolverAction::Enum stop_action_, hup_action_;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_SIGNAL_HANDLER_HPP_
