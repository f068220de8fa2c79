// The checks of a solver's options; see the header.
#include "solver/solver_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "solver/lr_policy.hpp"
#include "net/prototxt.hpp"
#include "core/path.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"

namespace caffe {
namespace {

// Refuses a field: SOLVER_CHECK(param, "gamma", ok) << "gamma is ...".
#define SOLVER_CHECK(param, field, condition) \
  INPUT_CHECK(condition) << SolverPlace(param, field)

bool IsFolder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// A file's name without its folder and extension.
std::string Stem(const std::string& path) {
  const std::string name = SplitPath(path).second;
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

void CheckRequired(const SolverParameter& param, const std::string& field,
                   bool given, const std::string& who) {
  SOLVER_CHECK(param, field, given)
      << field << " is missing" << (who.empty() ? "" : ": " + who);
}

void CheckNoLessThan(const SolverParameter& param, const std::string& field,
                     double value, double least) {
  SOLVER_CHECK(param, field, std::isfinite(value) && value >= least)
      << field << " is " << value << ", wanted " << least << " or more";
}

// A factor that must stay under 1 for a mean over time to be one.
void CheckFactor(const SolverParameter& param, const std::string& field,
                 double value) {
  SOLVER_CHECK(param, field, value >= 0 && value < 1)
      << field << " is " << value << ", wanted at least 0 and less than 1";
}

void CheckPolicy(const SolverParameter& param) {
  const std::string& policy = param.lr_policy();
  CheckRequired(param, "lr_policy", param.has_lr_policy(),
                "one of " + ListNames(LrPolicies()));
  bool known = false;
  for (const std::string& name : LrPolicies()) known = known || name == policy;
  SOLVER_CHECK(param, "lr_policy", known)
      << "unknown lr_policy '" << policy << "'"
      << DidYouMean(policy, LrPolicies()) << " (have "
      << ListNames(LrPolicies()) << ")";
  const std::string who = "lr_policy '" + policy + "' needs it";
  if (policy == "step" || policy == "multistep" || policy == "exp" ||
      policy == "inv" || policy == "sigmoid") {
    CheckRequired(param, "gamma", param.has_gamma(), who);
    SOLVER_CHECK(param, "gamma", std::isfinite(param.gamma()))
        << "gamma is " << param.gamma() << ", wanted a finite number";
  }
  if (policy == "step" || policy == "sigmoid") {
    CheckRequired(param, "stepsize", param.has_stepsize(), who);
    CheckNoLessThan(param, "stepsize", param.stepsize(), 1);
  }
  if (policy == "inv" || policy == "poly") {
    CheckRequired(param, "power", param.has_power(), who);
    SOLVER_CHECK(param, "power", std::isfinite(param.power()))
        << "power is " << param.power() << ", wanted a finite number";
  }
  if (policy == "multistep") {
    CheckRequired(param, "stepvalue", param.stepvalue_size() > 0, who);
  }
  for (int i = 1; i < param.stepvalue_size(); ++i) {
    SOLVER_CHECK(param, "stepvalue",
                 param.stepvalue(i) > param.stepvalue(i - 1))
        << "stepvalue " << param.stepvalue(i) << " comes after "
        << param.stepvalue(i - 1) << ", wanted rising values";
  }
  CheckNoLessThan(param, "warmup_iter", param.warmup_iter(), 0);
  CheckNoLessThan(param, "warmup_start_lr", param.warmup_start_lr(), 0);
  CheckNoLessThan(param, "min_lr", param.min_lr(), 0);
}

void CheckUpdate(const SolverParameter& param) {
  const std::string& type = param.type();
  CheckFactor(param, "momentum", param.momentum());
  const bool none = type == "AdaGrad" || type == "RMSProp";
  SOLVER_CHECK(param, "momentum", !none || param.momentum() == 0)
      << "momentum is " << param.momentum() << ", but " << type
      << " has none: leave it out";
  if (type == "RMSProp") CheckFactor(param, "rms_decay", param.rms_decay());
  if (type == "Adam") CheckFactor(param, "momentum2", param.momentum2());
  CheckNoLessThan(param, "delta", param.delta(), 0);
  CheckNoLessThan(param, "weight_decay", param.weight_decay(), 0);
  SOLVER_CHECK(param, "clip_gradients",
               param.clip_gradients() > 0 || param.clip_gradients() < 0)
      << "clip_gradients is " << param.clip_gradients() << ", wanted more "
      << "than 0; leave it out for no clipping";
  const std::vector<std::string> kinds = {"L1", "L2"};
  const std::string& kind = param.regularization_type();
  SOLVER_CHECK(param, "regularization_type", kind == "L1" || kind == "L2")
      << "unknown regularization_type '" << kind << "' (have L1, L2)";
}

void CheckLength(const SolverParameter& param) {
  CheckRequired(param, "max_iter", param.has_max_iter(), "");
  CheckNoLessThan(param, "max_iter", param.max_iter(), 0);
  CheckNoLessThan(param, "iter_size", param.iter_size(), 1);
  CheckNoLessThan(param, "display", param.display(), 0);
  CheckNoLessThan(param, "average_loss", param.average_loss(), 1);
  CheckNoLessThan(param, "snapshot", param.snapshot(), 0);
  SOLVER_CHECK(param, "snapshot_format",
               param.snapshot_format() != SolverParameter::HDF5)
      << "snapshot_format HDF5 is not supported; leave it out, or write "
         "BINARYPROTO";
}

void CheckTrainNet(const SolverParameter& param) {
  const int given = param.has_net() + param.has_net_param() +
                    param.has_train_net() + param.has_train_net_param();
  SOLVER_CHECK(param, "net", given > 0)
      << "net is missing: the file of the net to train (or net_param, "
         "train_net, train_net_param)";
  const int train = param.has_train_net() + param.has_train_net_param();
  SOLVER_CHECK(param, "net", train <= 1 && given - train <= 1 && given <= 2)
      << "only one of net and net_param, and one of train_net and "
         "train_net_param, can be given";
}

void CheckTestNets(const SolverParameter& param) {
  const int iters = param.test_iter_size();
  const int named = param.test_net_size() + param.test_net_param_size();
  const bool generic = param.has_net() || param.has_net_param();
  SOLVER_CHECK(param, "test_iter", generic ? iters >= named : iters == named)
      << "test_iter is given " << iters << " times, for " << named
      << " test nets";
  SOLVER_CHECK(param, "test_state",
               param.test_state_size() == 0 ||
                   param.test_state_size() == iters)
      << "test_state is given " << param.test_state_size() << " times, for "
      << iters << " test nets (one for each test_iter)";
  CheckNoLessThan(param, "test_interval", param.test_interval(), 0);
  SOLVER_CHECK(param, "test_interval", iters == 0 || param.test_interval() > 0)
      << "test_interval is missing: test_iter is given";
  for (int count : param.test_iter()) {
    CheckNoLessThan(param, "test_iter", count, 1);
  }
}

}  // namespace

std::string SolverPlace(const SolverParameter& param,
                        const std::string& field) {
  const std::string place = FieldPlace(param, field);
  return place.empty() ? "solver: " : place + ": ";
}

void CheckSolver(const SolverParameter& param) {
  CheckTrainNet(param);
  CheckRequired(param, "base_lr", param.has_base_lr(), "");
  CheckNoLessThan(param, "base_lr", param.base_lr(), 0);
  CheckLength(param);
  CheckPolicy(param);
  CheckUpdate(param);
  CheckTestNets(param);
}

int GenericTestNets(const SolverParameter& param) {
  if (!param.has_net() && !param.has_net_param()) return 0;
  return param.test_iter_size() - param.test_net_size() -
         param.test_net_param_size();
}

bool WantsSnapshots(const SolverParameter& param) {
  return !param.snapshot_prefix().empty() &&
         (param.snapshot() > 0 || param.snapshot_after_train() ||
          param.collapse_action() == SolverParameter::RECOVER);
}

void CompleteSnapshotPrefix(SolverParameter* param) {
  const std::string& file = param->source_file();
  if (!param->snapshot_prefix().empty()) {
    const std::string& prefix = param->snapshot_prefix();
    if (IsFolder(prefix) || prefix.back() == '/') {
      const std::string stem = file.empty() ? "snapshot" : Stem(file);
      param->set_snapshot_prefix(
          prefix + (prefix.back() == '/' ? "" : "/") + stem);
    }
  } else if (!file.empty()) {
    const bool here = file.find('/') == std::string::npos;
    param->set_snapshot_prefix((here ? "" : FolderOf(file) + "/") +
                               Stem(file));
  }
  SOLVER_CHECK(*param, "snapshot_prefix",
               param->snapshot() == 0 || !param->snapshot_prefix().empty())
      << "snapshot_prefix is missing: snapshot is given";
  SOLVER_CHECK(*param, "snapshot_prefix",
               param->collapse_action() != SolverParameter::RECOVER ||
                   !param->snapshot_prefix().empty())
      << "snapshot_prefix is missing: collapse_action is RECOVER, which goes "
         "back to a snapshot";
}

void CheckSnapshotFolder(const SolverParameter& param) {
  if (!WantsSnapshots(param)) return;
  const std::string& prefix = param.snapshot_prefix();
  const std::string folder = FolderOf(prefix);
  const std::string field =
      param.field_line().count("snapshot_prefix") ? "snapshot_prefix" : "";
  struct stat status = {};
  SOLVER_CHECK(param, field, stat(folder.c_str(), &status) == 0)
      << "the folder for snapshots, '" << folder << "', does not exist";
  SOLVER_CHECK(param, field, S_ISDIR(status.st_mode))
      << "the folder for snapshots, '" << folder << "', is a file";
  const std::string trial = prefix + ".try" + std::to_string(getpid());
  const int fd = CreateNewFile(trial);
  const int error = errno;
  if (fd >= 0) {
    close(fd);
    unlink(trial.c_str());
  }
  SOLVER_CHECK(param, field, fd >= 0)
      << "the folder for snapshots, '" << folder << "', cannot be written: "
      << std::strerror(error);
}

std::string FindNetFile(const SolverParameter& param, const std::string& field,
                        const std::string& file) {
  struct stat status = {};
  if (stat(file.c_str(), &status) == 0) return file;
  const std::string& source = param.source_file();
  const std::string folder = source.empty() ? "." : FolderOf(source);
  if (!file.empty() && file[0] != '/' && folder != ".") {
    const std::string beside = folder + "/" + file;
    if (stat(beside.c_str(), &status) == 0) return beside;
    INPUT_FAIL() << SolverPlace(param, field) << "net file '" << file
                 << "' does not exist, nor does '" << beside << "'"
                 << PathHint(beside);
  }
  INPUT_FAIL() << SolverPlace(param, field) << "net file '" << file
               << "' does not exist" << PathHint(file);
}

bool IsBelow(const std::string& prefix, const std::string& folder) {
  std::error_code code;
  if (!std::filesystem::is_directory(folder, code)) return false;
  const auto inner = std::filesystem::canonical(FolderOf(prefix), code);
  if (code) return false;
  const auto outer = std::filesystem::canonical(folder, code);
  if (code) return false;
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end())
             .first == outer.end();
}

}  // namespace caffe
