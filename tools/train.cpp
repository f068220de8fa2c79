// Trains the net of a solver file. What training is, is the
// solver's (caffe/solver.hpp); this reads the command line, chooses CPU or
// GPU, loads or resumes, and listens for signals.
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <vector>

#include "caffe/layers/identity_data_layer.hpp"
#include "caffe/layers/triplet_data_layer.hpp"
#include "caffe/sgd_solvers.hpp"
#include "caffe/version.hpp"
#include "solver/solver_check.hpp"
#include "net/prototxt.hpp"
#include "solver/signal_handler.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(std::string, solver, "", "the solver's file (required)");
TERCET_FLAG(std::string, weights, "",
            "weights to start from, matched by layer name: a .caffemodel, or "
            "several between commas; none: as initialised, even where the "
            "solver names weights");
TERCET_FLAG(std::string, snapshot, "", "resume from this .solverstate");
TERCET_FLAG(std::string, resume, "",
            "auto: resume from the newest snapshot of the solver's "
            "snapshot_prefix, or start afresh where there is none");
TERCET_FLAG(bool, debug_sync, false,
            "wait for the GPU after each layer, so that its errors are told of "
            "the layer, and log each iteration's copies to and from it");
TERCET_FLAG(int64_t, seed, -1,
            "random seed, in place of the solver's random_seed");

void CheckFlags() {
  RequireFlag("solver");
  USAGE_CHECK(FLAGS_resume.empty() || FLAGS_resume == "auto")
      << "--resume=" << FLAGS_resume << ": wanted auto (or --snapshot=FILE)";
  USAGE_CHECK(FLAGS_snapshot.empty() || FLAGS_resume.empty())
      << "--snapshot and --resume: only one of them can be given";
  USAGE_CHECK(FLAGS_snapshot.empty() || FLAGS_weights.empty())
      << "--snapshot and --weights: only one of them can be given, since a "
         "snapshot has its own weights";
  if (FlagGiven("seed")) RequireAtLeast("seed", FLAGS_seed, 0);
}

// The command line's device, or else the one that the file asks for; where
// there is none, a file's wish is no more than that.
void ChooseDevice(const SolverParameter& param) {
  if (FlagGiven("gpu")) {
    UseGpu(FLAGS_gpu);
    return;
  }
  if (param.solver_mode() != SolverParameter::GPU) return;
  if (Caffe::DeviceCount() > 0) {
    try {
      Caffe::SetDevice(param.device_id());
      Caffe::set_mode(Caffe::GPU);
    } catch (const Error& error) {
      throw Error(error.kind(),
                  SolverPlace(param, "device_id") + error.what());
    }
  } else if (param.has_solver_mode()) {
    LOG(WARNING) << SolverPlace(param, "solver_mode")
                 << "solver_mode is GPU, but there is no device: this runs on "
                    "the CPU";
  }
}

void Resume(Solver<float>* solver) {
  if (!FLAGS_snapshot.empty()) {
    solver->Restore(FLAGS_snapshot.c_str());
    LOG(INFO) << "Resuming from " << FLAGS_snapshot << ", iteration "
              << solver->iter();
  } else if (FLAGS_resume == "auto") {
    const std::string file = solver->RestoreNewest();
    if (file.empty()) {
      LOG(INFO) << "Starting afresh: there is no snapshot of '"
                << solver->param().snapshot_prefix() << "'";
    } else {
      LOG(INFO) << "Resuming from " << file << ", iteration "
                << solver->iter();
    }
  }
}

// Nothing fills an Input layer in a training run: its values stay 0.
void WarnOfInputs(const Net<float>& net) {
  for (size_t i = 0; i < net.layers().size(); ++i) {
    const LayerParameter& layer = net.layers()[i]->layer_param();
    if (layer.type() != "Input") continue;
    LOG(WARNING) << LayerPlace(layer) << ": nothing fills it while a solver "
                 << "runs: its values, of shape "
                 << net.top_vecs()[i][0]->shape_string()
                 << ", stay 0, and "
                 << (net.phase() == TEST ? "what the tests report means nothing"
                                         : "nothing is learnt from them")
                 << "; wanted a layer that reads data in phase "
                 << Phase_Name(net.phase());
  }
}

// The options of a loss that decide what is learnt: "loss (TripletLoss): margin
// 0.2", for each layer that has such.
std::string LossesText(const Net<float>& net) {
  std::string text;
  for (const auto& layer : net.layers()) {
    const LayerParameter& param = layer->layer_param();
    const auto& reflection = *param.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection.ListFields(param, &fields);
    std::string options;
    for (const auto* field : fields) {
      if (field->is_repeated() || field->message_type() == nullptr) continue;
      const auto& message = reflection.GetMessage(param, field);
      for (const char* name : {"margin", "mining"}) {
        const auto* option = field->message_type()->FindFieldByName(name);
        if (option == nullptr || option->is_repeated()) continue;
        std::string value;
        google::protobuf::TextFormat::PrintFieldValueToString(message, option,
                                                              -1, &value);
        options += (options.empty() ? "" : ", ") + std::string(name) + " " +
                   value;
      }
    }
    if (options.empty()) continue;
    text += "; " + param.name() + " (" + param.type() + "): " + options;
  }
  return text;
}

// Whom the data layers draw: "; faces: 32 people, ...".
std::string DataText(const Net<float>& net) {
  std::string text;
  for (const auto& layer : net.layers()) {
    const auto* people =
        dynamic_cast<const IdentityDataLayer<float>*>(layer.get());
    const auto* triplets =
        dynamic_cast<const TripletDataLayer<float>*>(layer.get());
    if (people != nullptr) text += "; " + people->summary();
    if (triplets != nullptr) text += "; " + triplets->summary();
  }
  return text;
}

// What runs, in one line, once.
void LogStart(Solver<float>* solver) {
  const Net<float>& net = *solver->net();
  const std::string commit = BuildCommit();
  LOG(INFO) << "Tercet " << TERCET_VERSION
            << (commit.empty() ? "" : " (" + commit + ")") << ": "
            << CommandLine() << "; net " << net.name() << ", "
            << net.layers().size() << " layers, "
            << net.learnable_params().size() << " blobs of parameters"
            << DataText(net) << LossesText(net) << "; " << Caffe::threads()
            << (Caffe::threads() == 1 ? " thread" : " threads")
            << (Caffe::mode() == Caffe::GPU ? ", GPU" : ", CPU");
}

int Run() {
  CheckFlags();
  UseThreads(FLAGS_threads);
  LoadLayerLibraries(FLAGS_layers);
  SolverParameter param;
  ReadSolverFromPrototxt(FLAGS_solver, &param);
  if (FlagGiven("seed")) param.set_random_seed(FLAGS_seed);
  if (!FLAGS_weights.empty()) {
    param.clear_weights();
    param.mutable_field_line()->erase("weights");
    const std::string weights = CheckedWeights(FLAGS_weights);
    if (!weights.empty()) param.add_weights(weights);
  }
  ChooseDevice(param);
  USAGE_CHECK(!FLAGS_debug_sync || Caffe::mode() == Caffe::GPU)
      << "--debug_sync: this runs on the CPU; wanted with a GPU (--gpu=N)";
  Caffe::set_debug_sync(FLAGS_debug_sync);
  SignalHandler signals(SolverAction::STOP, SolverAction::SNAPSHOT);
  std::unique_ptr<Solver<float>> solver(
      SolverRegistry<float>::CreateSolver(param));
  solver->SetActionFunction(signals.GetActionFunction());
  solver->ShowProgress();
  WarnOfInputs(*solver->net());
  for (const auto& net : solver->test_nets()) WarnOfInputs(*net);
  Resume(solver.get());
  LogStart(solver.get());
  LogBlasCore();
  ReleaseLog();
  LOG(INFO) << "Starting Optimization";
  solver->Solve();
  return 0;
}

const Command command(
    "train", "trains the net of a solver file",
    "tercet train --solver=F [--weights=F,F] [--snapshot=F | --resume=auto] "
    "[--gpu=N] [--threads=N] [--seed=N] [--debug_sync]\n\n"
    "Trains the net of a solver file. SIGINT and SIGTERM write a snapshot and "
    "stop,\n"
    "SIGHUP writes one and goes on.",
    Run, {&flags, &threads_flag, &gpu_flag, &layers_flag});

}  // namespace
}  // namespace caffe
