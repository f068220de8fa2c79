// Solver: trains a net. It owns the train net and the test nets, runs the
// iterations, tests, displays, snapshots and stops; how gradients become steps
// is left to its subclasses (sgd_solvers.hpp), when the rate changes to
// solver/lr_policy.hpp, how snapshots lie on disk to solver/snapshot.hpp.
//
// An iteration is iter_size times forward and backward, then one update. A run
// of N + M iterations and a run of N, a snapshot, and a resumed run of M give
// the same weights and losses bit for bit: a snapshot holds the random
// numbers' state, where each data layer stands, the window of losses, and what
// the doctor remembers.
//
// The doctor (solver/doctor.hpp) looks at every metric loss after each pass.
// Where one fails, collapse_action decides: WARN says so in the log; STOP ends
// the run with Error kInput; RECOVER goes back to the last snapshot of this run
// that was healthy, with half the rate and easier triplets than the file asks
// for, up to kMostRecoveries times (a failure that this cannot mend is warned
// of). RECOVER writes a snapshot before the first iteration, and goes back from
// values that are not finite as well. The snapshot that it went back to is then
// written anew with what it does otherwise, and the states after it are removed:
// so the newest one is always the run's own.
//
// An error in the data (any Error kInput of a layer) first writes a snapshot of
// the updates that were done, from before the iteration that failed, and its
// message says how to go on.
//
// While a solver lives that writes snapshots, no other process may write any of
// its prefix (solver/snapshot_lock.hpp).
//
// What the user gave is refused with Error kInput, one line with the solver
// file's line; all that can be known is checked before the first iteration.
#ifndef CAFFE_SOLVER_HPP_
#define CAFFE_SOLVER_HPP_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "caffe/net.hpp"
#include "caffe/solver_factory.hpp"

namespace caffe {

// The parts of a solver, which src/solver tells of.
template <typename Dtype>
class Causes;
template <typename Dtype>
class EmbeddingFeed;
class GradientSums;
template <typename Dtype>
class IterationStart;
class Progress;
class SnapshotLock;
struct Diagnosis;
enum class Failure;

// What may be asked of a solver between two iterations.
namespace SolverAction {
enum Enum {
  NONE = 0,
  STOP = 1,     // snapshot and end the run
  SNAPSHOT = 2  // snapshot and go on
};
}

typedef std::function<SolverAction::Enum()> ActionCallback;

template <typename Dtype>
class Solver {
 public:
  explicit Solver(const SolverParameter& param);
  // Reads the solver from a file.
  explicit Solver(const string& param_file);
  virtual ~Solver();

  // Asked after each iteration, and between the iterations of a test.
  void SetActionFunction(ActionCallback function) {
    action_function_ = std::move(function);
  }
  // Shows the progress line (solver/progress.hpp) where stderr is a terminal.
  void ShowProgress();

  // Runs to max_iter; with a state's file name, from that state on.
  virtual void Solve(const char* resume_file = nullptr);
  void Solve(const string& resume_file) { Solve(resume_file.c_str()); }
  // Runs so many iterations.
  void Step(int iters);

  // Goes back to a snapshot. Where that fails, nothing has changed.
  void Restore(const char* state_file);
  // Goes back to the newest snapshot of this solver's prefix that can be
  // read, and returns its file name; "" where there is none, and nothing
  // changes. Error kInput where there are some and none can be read.
  string RestoreNewest();
  // Writes the weights, then the state. Refuses to write weights that are not
  // finite.
  void Snapshot();
  // Copies weights into the train net and the test nets by layer name: file
  // names between commas.
  void LoadWeights(const string& files);

  const SolverParameter& param() const { return param_; }
  shared_ptr<Net<Dtype>> net() { return net_; }
  const vector<shared_ptr<Net<Dtype>>>& test_nets() { return test_nets_; }
  // How often the weights have been updated.
  int iter() const { return iter_; }
  // How often the run went back to a healthy snapshot, under RECOVER.
  static constexpr int kMostRecoveries = 5;
  int recoveries() const { return recoveries_; }
  // The mean of the last average_loss losses.
  Dtype smoothed_loss() const;
  // The mean of each output value of the last test of a net.
  const vector<Dtype>& test_scores(int test_net) const {
    return test_scores_[test_net];
  }
  virtual const char* type() const { return ""; }

  // Called before an iteration and when its gradients are there.
  class Callback {
   public:
    virtual ~Callback() = default;
    virtual void on_start() = 0;
    virtual void on_gradients_ready() = 0;
  };
  const vector<Callback*>& callbacks() const { return callbacks_; }
  void add_callback(Callback* value) { callbacks_.push_back(value); }

 protected:
  // Turns the gradients of this iteration into an update of the weights.
  virtual void ApplyUpdate() = 0;
  // The history of the updates, to and from a state. CheckHistory refuses one
  // that does not fit.
  virtual void SaveHistory(SolverState* state) const = 0;
  virtual void CheckHistory(const SolverState& state) const = 0;
  virtual void LoadHistory(const SolverState& state) = 0;
  // How many blobs of history each parameter has, where all first ones come
  // before all second ones: those of a state then are put in the net's order
  // first. 0: the solver sees to it.
  virtual int HistoriesPerParam() const { return 0; }

  bool Displays() const {
    return param_.display() > 0 && iter_ % param_.display() == 0;
  }
  // Before a log line, so that the progress line does not run into it.
  void ClearProgress();

  SolverParameter param_;
  int iter_ = 0;
  int recoveries_ = 0;
  int updates_ = 0;  // of this process
  shared_ptr<Net<Dtype>> net_;
  vector<shared_ptr<Net<Dtype>>> test_nets_;
  std::unique_ptr<GradientSums> gradient_sums_;

 private:
  void Init();
  void LockSnapshots();
  void InitTrainNet();
  void InitTestNets();
  void AddTestNet(NetParameter net);

  bool TestIsDue() const;
  void TestAll();
  void Test(int test_net);
  // One forward pass; adds the outputs to test_scores_.
  void TestOnce(int test_net, Dtype* loss);
  void LogTest(int test_net, Dtype loss) const;
  // A line for each output value of a net, as "Train" or "Test"; of a large
  // output just the mean.
  void LogOutputs(const Net<Dtype>& net, const char* phase,
                  const vector<Dtype>& values) const;

  // A metric loss of the train net and its doctor.
  struct WatchedLoss;
  void WatchLosses();
  // What the net tells of a run's failures: at the first iteration and, of the
  // rate, some later; a line in the log each.
  void LookForCauses();
  void LogCause(const string& line);
  // Of a loss that is not finite: throws where a loss layer knows the row.
  void RefuseRows() const;
  // After each pass; and after an iteration's last one, when what is found is
  // acted on. True where the run went back.
  void AddToDoctors();
  bool ActOnDoctors();
  void LogDiagnosis(const WatchedLoss& loss, const Diagnosis& diagnosis);
  string Advice(const WatchedLoss& loss, Failure failure) const;
  bool Healthy() const;
  void RememberSnapshot();
  // Goes back to the last healthy snapshot that is not after `since`. Error
  // kInput, with `why`, where there is none or that was done too often.
  void Recover(int since, const string& why);
  void EaseLosses();
  string EasedText() const;
  void SnapshotOrRecover();
  void WriteFirstSnapshot();
  void LogStatistics();
  void SaveDoctors(SolverState* state) const;
  void LoadDoctors(const SolverState& state);

  // Forward and backward iter_size times; the mean loss.
  Dtype ComputeGradients();
  [[noreturn]] void FailNotFinite(const string& what) const;
  // An error of values that are not finite, as it is told: with the iteration,
  // and what mends it.
  Error WithAdvice(const Error& error) const;
  void AddLoss(Dtype loss);
  void LogIteration();
  // False where the run went back in place of an update.
  bool RunIteration();
  // The test that is due; and the error of a layer, as it is told once a
  // snapshot is written.
  void TestOrSave();
  Error SavedFor(const Error& error, bool in_iteration);
  void FinishRun();
  int64_t ImagesPerIteration() const;

  SolverAction::Enum GetRequestedAction();
  void ObeyRequest();

  void CheckWeightsAreFinite() const;
  void RemoveSnapshotLeftovers();
  // Random numbers and data positions, as part of a state and back.
  void SaveRunState(SolverState* state) const;
  void LoadRunState(const SolverState& state);
  // What a state holds, in this net's order, or Error kInput.
  void CheckState(const NetParameter& weights, SolverState* state) const;
  void CheckLayers(const SolverState& state) const;
  void CheckDoctors(const SolverState& state) const;
  // What may be refused by a layer: all or, with the error, nothing.
  void LoadLayersAndWeights(const SolverState& state,
                            const NetParameter& weights, const string& model);
  void LoadTestNets(const SolverState& state);
  void SaveTestNets(SolverState* state) const;
  void SaveLayers(const Net<Dtype>& net, const string& prefix,
                  SolverState* state) const;
  void LoadLayers(const SolverState& state, const string& prefix,
                  Net<Dtype>* net) const;

  std::unique_ptr<EmbeddingFeed<Dtype>> embedding_feed_;
  std::unique_ptr<Causes<Dtype>> causes_;
  vector<Callback*> callbacks_;
  ActionCallback action_function_;
  bool stopping_ = false;
  std::deque<Dtype> losses_;
  vector<WatchedLoss> watched_;
  vector<int> healthy_snapshots_;  // iterations, rising
  vector<vector<Dtype>> test_scores_;
  // The run's state from before a test that is under way, or was cut short, or
  // an iteration that failed.
  std::unique_ptr<SolverState> before_;
  std::unique_ptr<IterationStart<Dtype>> iteration_start_;
  std::shared_ptr<SnapshotLock> lock_;
  // The iteration whose snapshot is on disk already; -1: none.
  int saved_iter_ = -1;

  std::unique_ptr<Progress> progress_;
  double seconds_ = 0;       // since the last display
  int displayed_iter_ = 0;

  DISABLE_COPY_AND_ASSIGN(Solver);
};

}  // namespace caffe

#endif  // CAFFE_SOLVER_HPP_
