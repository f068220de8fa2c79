// The signal handler; see solver/signal_handler.hpp.
#include <csignal>

#include "solver/signal_handler.hpp"

namespace caffe {
namespace {

volatile std::sig_atomic_t g_stop = 0;
volatile std::sig_atomic_t g_hup = 0;
bool g_installed = false;
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
struct sigaction g_before[3];

// C's calling convention, and no name that others could see: with `extern "C"`
// alone the unnamed namespace does not hide it.
extern "C" {
static void RememberSignal(int signal) {
  if (signal == SIGHUP) {
    g_hup = 1;
  } else {
    g_stop = 1;
  }
}
}

}  // namespace

SignalHandler::SignalHandler(SolverAction::Enum stop_action,
                             SolverAction::Enum hup_action)
    : stop_action_(stop_action), hup_action_(hup_action) {
  CHECK(!g_installed) << "signals are handled already";
  g_stop = g_hup = 0;
  struct sigaction action = {};
  action.sa_handler = RememberSignal;
  // A read or write of a snapshot goes on where a signal cut it.
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &action, &g_before[i]);
  g_installed = true;
}

SignalHandler::~SignalHandler() {
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &g_before[i], nullptr);
  g_installed = false;
}

SolverAction::Enum SignalHandler::CheckForSignals() const {
  if (g_stop) {
    g_stop = 0;
    return stop_action_;
  }
  if (g_hup) {
    g_hup = 0;
    return hup_action_;
  }
  return SolverAction::NONE;
}

ActionCallback SignalHandler::GetActionFunction() {
  return [this] { return CheckForSignals(); };
}

}  // namespace caffe
