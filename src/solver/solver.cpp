// Building a solver: options, random numbers, nets, weights. Running it is
// solver_run.cpp, testing solver_test.cpp, snapshots solver_snapshot.cpp.
#include "caffe/solver.hpp"

#include <algorithm>

#include "convolution/cudnn_choice.hpp"
#include "core/split_list.hpp"
#include "net/prototxt.hpp"
#include "net/weight_filler.hpp"
#include "net/weights.hpp"
#include "solver/causes.hpp"
#include "solver/embedding_feed.hpp"
#include "solver/gradient_sums.hpp"
#include "solver/iteration_start.hpp"
#include "solver/progress.hpp"
#include "solver/snapshot_lock.hpp"
#include "solver/snapshot_size.hpp"
#include "solver/solver_check.hpp"
#include "solver/watched_loss.hpp"

namespace caffe {
namespace {

SolverParameter ReadSolver(const string& file) {
  SolverParameter param;
  ReadSolverFromPrototxt(file, &param);
  return param;
}

// A net from a field of the solver that holds a file's name.
NetParameter ReadNet(const SolverParameter& param, const string& field,
                     const string& name) {
  NetParameter net;
  const string file = FindNetFile(param, field, name);
  ReadNetFromPrototxt(file, &net);
  INPUT_CHECK(net.layer_size() > 0) << file << ": the net has no layers";
  return net;
}

NetParameter TrainNet(const SolverParameter& param) {
  if (param.has_train_net_param()) return param.train_net_param();
  if (param.has_train_net()) {
    return ReadNet(param, "train_net", param.train_net());
  }
  if (param.has_net_param()) return param.net_param();
  return ReadNet(param, "net", param.net());
}

// The net's own state under a phase, then what the solver says about it.
void SetState(Phase phase, const NetState* from_solver, NetParameter* net) {
  NetState state;
  state.set_phase(phase);
  state.MergeFrom(net->state());
  if (from_solver != nullptr) state.MergeFrom(*from_solver);
  *net->mutable_state() = state;
}

// The averages of BatchNorm are nothing that a rate moves.
template <typename Dtype>
void WarnOfNoRate(const SolverParameter& param, const Net<Dtype>& net) {
  const bool learns =
      std::any_of(net.layers().begin(), net.layers().end(), [](auto& layer) {
        return !layer->blobs().empty() && string(layer->type()) != "BatchNorm";
      });
  if (!learns) return;
  const vector<float>& rates = net.params_lr();
  if (param.base_lr() == 0) {
    LOG(WARNING) << SolverPlace(param, "base_lr")
                 << "base_lr is 0: no weight moves, so nothing is learnt";
  } else if (std::all_of(rates.begin(), rates.end(),
                         [](float rate) { return rate == 0; })) {
    LOG(WARNING) << SolverPlace(param, "net")
                 << "each lr_mult of the train net is 0: no weight moves, so "
                    "nothing is learnt";
  }
}

// Each snapshot would be one more file that is no image among the people.
template <typename Dtype>
void WarnOfImageFolders(const SolverParameter& param, const Net<Dtype>& net) {
  if (!WantsSnapshots(param)) return;
  for (const auto& layer : net.layers()) {
    const LayerParameter& own = layer->layer_param();
    for (const string& folder : {own.identity_data_param().source(),
                                 own.triplet_data_param().source()}) {
      if (!IsBelow(param.snapshot_prefix(), folder)) continue;
      LOG(WARNING) << SolverPlace(param, "snapshot_prefix") << "snapshots, '"
                   << param.snapshot_prefix() << "_iter_*', go into '" << folder
                   << "', which layer '" << own.name()
                   << "' reads as a folder of images; give another "
                      "snapshot_prefix";
    }
  }
}

// How the GPU multiplies, for the whole process.
void ChooseArithmetic(const SolverParameter& param) {
  Caffe::set_math(param.math() == SolverParameter::TF32 ? Caffe::TF32
                                                        : Caffe::FP32);
  CudnnSettings settings;
  settings.autotune = param.cudnn_search() == SolverParameter::AUTOTUNE;
  settings.workspace_bytes = size_t{param.cudnn_workspace_mb()} << 20;
  SetCudnnSettings(settings);
}

}  // namespace

template <typename Dtype>
Solver<Dtype>::Solver(const SolverParameter& param)
    : param_(param),
      gradient_sums_(new GradientSums),
      embedding_feed_(new EmbeddingFeed<Dtype>),
      iteration_start_(new IterationStart<Dtype>) {
  Init();
}

template <typename Dtype>
Solver<Dtype>::Solver(const string& param_file)
    : Solver(ReadSolver(param_file)) {}

template <typename Dtype>
Solver<Dtype>::~Solver() = default;

template <typename Dtype>
void Solver<Dtype>::ShowProgress() {
  progress_.reset(new Progress(StatusLine::OnTerminal()));
}

template <typename Dtype>
void Solver<Dtype>::ClearProgress() {
  if (progress_) progress_->Clear();
}

template <typename Dtype>
void Solver<Dtype>::Init() {
  CompleteSnapshotPrefix(&param_);
  CheckSolver(param_);
  CheckSnapshotFolder(param_);
  if (WantsSnapshots(param_)) LockSnapshots();
  if (param_.random_seed() < 0) {
    // 31 bits, so that it can be typed again.
    param_.set_random_seed(static_cast<int64_t>(SeedFromSystem() >> 33));
  }
  Caffe::set_random_seed(param_.random_seed());
  ChooseArithmetic(param_);
  InitTrainNet();
  CheckWeightsSize(param_, *net_);
  InitTestNets();
  WarnOfImageFolders(param_, *net_);
  for (const auto& net : test_nets_) WarnOfImageFolders(param_, *net);
  WatchLosses();
  causes_.reset(new Causes<Dtype>(*net_));
  string files;
  for (const string& more : param_.weights()) files += more + ",";
  if (!SplitList(files).empty()) LoadWeights(files);
}

template <typename Dtype>
void Solver<Dtype>::LockSnapshots() {
  if (lock_ != nullptr) return;
  try {
    lock_ = SnapshotLock::Take(param_.snapshot_prefix());
  } catch (const Error& error) {
    throw error.With(error.kind(),
                     SolverPlace(param_, "snapshot_prefix") + error.what());
  }
}

template <typename Dtype>
void Solver<Dtype>::InitTrainNet() {
  NetParameter net = TrainNet(param_);
  SetState(TRAIN, param_.has_train_state() ? &param_.train_state() : nullptr,
           &net);
  net_.reset(new Net<Dtype>(net));
  INPUT_CHECK(!net_->layers().empty())
      << SolverPlace(param_, "net") << "the net has no layers in phase TRAIN";
  embedding_feed_->Connect(*net_);
  bool any_loss = false;
  for (Dtype weight : net_->blob_loss_weights()) {
    any_loss = any_loss || weight != 0;
  }
  if (!any_loss) {
    LOG(WARNING) << SolverPlace(param_, "net")
                 << "no layer of the train net has a loss: nothing is learnt";
  }
  WarnOfNoRate(param_, *net_);
}

template <typename Dtype>
void Solver<Dtype>::InitTestNets() {
  for (const NetParameter& net : param_.test_net_param()) AddTestNet(net);
  for (const string& file : param_.test_net()) {
    AddTestNet(ReadNet(param_, "test_net", file));
  }
  const int generic = GenericTestNets(param_);
  if (generic == 0) return;
  const NetParameter net = param_.has_net_param()
                               ? param_.net_param()
                               : ReadNet(param_, "net", param_.net());
  for (int i = 0; i < generic; ++i) AddTestNet(net);
}

template <typename Dtype>
void Solver<Dtype>::AddTestNet(NetParameter net) {
  const int index = static_cast<int>(test_nets_.size());
  SetState(TEST,
           index < param_.test_state_size() ? &param_.test_state(index)
                                            : nullptr,
           &net);
  test_nets_.emplace_back(new Net<Dtype>(net));
  INPUT_CHECK(!test_nets_.back()->layers().empty())
      << SolverPlace(param_, "net") << "test net #" << index
      << " has no layers in phase TEST";
  test_nets_.back()->set_debug_info(param_.debug_info());
  test_nets_.back()->ShareTrainedLayersWith(net_.get());
  test_scores_.emplace_back();
}

template <typename Dtype>
void Solver<Dtype>::LoadWeights(const string& files) {
  vector<Net<Dtype>*> nets = {net_.get()};
  for (const auto& net : test_nets_) nets.push_back(net.get());
  WeightFiller<Dtype> filler(nets);
  for (const string& file : SplitList(files)) {
    LOG(INFO) << "Finetuning from " << file;
    try {
      NetParameter weights;
      ReadWeights(file, &weights);
      filler.Fill(weights, file);
    } catch (const Error& error) {
      // Weights of the command line have no line in the solver's file.
      const bool in_file = param_.field_line().count("weights") > 0;
      throw in_file ? error.At(FieldPlace(param_, "weights")) : error;
    }
  }
  filler.Report();
}

template <typename Dtype>
int64_t Solver<Dtype>::ImagesPerIteration() const {
  for (size_t i = 0; i < net_->layers().size(); ++i) {
    if (!net_->bottom_vecs()[i].empty() || net_->top_vecs()[i].empty()) {
      continue;
    }
    const Blob<Dtype>& top = *net_->top_vecs()[i][0];
    if (top.num_axes() > 0) {
      return static_cast<int64_t>(top.shape(0)) * param_.iter_size();
    }
  }
  return param_.iter_size();
}

INSTANTIATE_CLASS(Solver);

}  // namespace caffe
