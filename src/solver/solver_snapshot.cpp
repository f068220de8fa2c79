// Snapshots of a solver: what goes into a state, and back. How the files are
// written and found is snapshot.cpp.
#include <algorithm>
#include <cmath>

#include "caffe/solver.hpp"
#include "convolution/cudnn_choice.hpp"
#include "core/suggest.hpp"
#include "net/weight_filler.hpp"
#include "net/weights.hpp"
#include "solver/history_order.hpp"
#include "solver/lr_policy.hpp"
#include "solver/snapshot.hpp"

namespace caffe {
namespace {

string TestPrefix(size_t test_net) {
  return "test" + std::to_string(test_net) + ":";
}

template <typename Dtype>
bool Fits(const LayerParameter& stored, Layer<Dtype>& layer) {
  const auto& blobs = layer.blobs();
  if (stored.blobs_size() != static_cast<int>(blobs.size())) return false;
  for (int i = 0; i < stored.blobs_size(); ++i) {
    if (!StoredShapeFits(stored.blobs(i), blobs[i]->shape())) return false;
  }
  return true;
}

// Weights go by the names of layers, and those of another shape are refused.
template <typename Dtype>
string Renamings(const Net<Dtype>& net, const NetParameter& weights) {
  vector<string> names;
  for (const LayerParameter& stored : weights.layer()) {
    const auto layer = net.has_layer(stored.name())
                           ? net.layer_by_name(stored.name())
                           : nullptr;
    if (layer == nullptr || stored.blobs_size() == 0) continue;
    if (!Fits(stored, *layer)) names.push_back(stored.name());
  }
  if (names.empty()) return "";
  return ", give " + ListNames(names) + " another name in the net, to be " +
         "learnt afresh, and then";
}

}  // namespace

template <typename Dtype>
void Solver<Dtype>::CheckWeightsAreFinite() const {
  for (const Blob<Dtype>* param : net_->learnable_params()) {
    if (!std::isfinite(param->asum_data())) {
      FailNotFinite("a weight is not finite, no snapshot is written");
    }
  }
}

template <typename Dtype>
void Solver<Dtype>::Snapshot() {
  const string& prefix = param_.snapshot_prefix();
  CHECK(!prefix.empty()) << "a snapshot needs snapshot_prefix";
  try {
    CheckWeightsAreFinite();
  } catch (const Error& error) {
    throw WithAdvice(error);
  }
  // A run that was to write none may be asked for one all the same.
  LockSnapshots();
  const string model = ModelFileName(prefix, iter_);
  const string file = StateFileName(prefix, iter_);
  NetParameter weights;
  net_->ToProto(&weights, param_.snapshot_diff());
  SolverState state;
  if (before_) {
    state = *before_;
  } else {
    SaveRunState(&state);
  }
  state.set_iter(iter_);
  state.set_learned_net(model);
  state.set_current_step(LrStep(param_, iter_));
  state.set_weights_hash(HashWeights(weights));
  state.set_random_seed(param_.random_seed());
  state.set_solver_type(type());
  SaveHistory(&state);
  RememberSnapshot();
  SaveDoctors(&state);
  LOG(INFO) << "Snapshotting to binary proto file " << model;
  WriteWeights(model, std::move(weights));
  LOG(INFO) << "Snapshotting solver state to binary proto file " << file;
  WriteState(file, std::move(state));
  saved_iter_ = iter_;
}

template <typename Dtype>
void Solver<Dtype>::Restore(const char* state_file) {
  const string file = state_file;
  SolverState state;
  ReadState(file, &state);
  NetParameter weights;
  const string model = ReadWeightsOfState(file, state, &weights);
  try {
    CheckState(weights, &state);
    LoadLayersAndWeights(state, weights, model);
  } catch (const Error& error) {
    throw error
        .With(error.kind(), string(error.what()) +
                                "; to begin a new run with its weights" +
                                Renamings(*net_, weights) + ": --weights=" +
                                model)
        .At(file);
  }
  LoadHistory(state);
  LoadRunState(state);
  iter_ = state.iter();
  if (state.has_random_seed()) param_.set_random_seed(state.random_seed());
  const bool ours = file == StateFileName(param_.snapshot_prefix(), iter_);
  saved_iter_ = ours ? iter_ : -1;
  // Those of another prefix are not this run's to go back to.
  if (!ours) healthy_snapshots_.clear();
  if (!state.has_rng()) {
    LOG(WARNING) << file << ": holds neither random numbers nor what the "
                    "layers keep: both start afresh";
  }
}

template <typename Dtype>
void Solver<Dtype>::CheckState(const NetParameter& weights,
                               SolverState* state) const {
  INPUT_CHECK(!state->has_solver_type() || state->solver_type() == type())
      << "is a state of solver type " << state->solver_type()
      << ", but this solver is " << type();
  if (HistoriesPerParam() > 0) {
    OrderHistory(*net_, weights, HistoriesPerParam(), state);
  }
  CheckHistory(*state);
  CheckDoctors(*state);
  CheckLayers(*state);
}

// A layer of the train net that keeps something, and for which the state has
// nothing, but something for a layer that is not there: it has been renamed.
template <typename Dtype>
void Solver<Dtype>::CheckLayers(const SolverState& state) const {
  const string prefix = kTrainPrefix;
  set<string> fresh, gone;
  for (const LayerState& layer : state.layer_state()) {
    if (layer.name().compare(0, prefix.size(), prefix) == 0) {
      gone.insert(layer.name().substr(prefix.size()));
    }
  }
  for (const auto& layer : net_->layers()) {
    const string& name = layer->layer_param().name();
    if (layer->HasState() && gone.count(name) == 0) fresh.insert(name);
  }
  for (const auto& layer : net_->layers()) {
    gone.erase(layer->layer_param().name());
  }
  INPUT_CHECK(fresh.empty() || gone.empty())
      << "holds what layer '" << *gone.begin() << "' keeps, which this net "
      << "lacks, and nothing for layer '" << *fresh.begin() << "'";
}

template <typename Dtype>
void Solver<Dtype>::LoadLayersAndWeights(const SolverState& state,
                                         const NetParameter& weights,
                                         const string& model) {
  SolverState before;
  before.mutable_rng();
  SaveLayers(*net_, kTrainPrefix, &before);
  for (size_t i = 0; i < test_nets_.size(); ++i) {
    SaveLayers(*test_nets_[i], TestPrefix(i), &before);
  }
  SaveTestNets(&before);
  const auto load = [this](const SolverState& from) {
    LoadLayers(from, kTrainPrefix, net_.get());
    for (size_t i = 0; i < test_nets_.size(); ++i) {
      LoadLayers(from, TestPrefix(i), test_nets_[i].get());
    }
    LoadTestNets(from);
  };
  try {
    load(state);
    net_->CopyTrainedLayersFrom(weights, model);
  } catch (const Error&) {
    load(before);
    throw;
  }
}

template <typename Dtype>
string Solver<Dtype>::RestoreNewest() {
  const vector<string> states = FindStates(param_.snapshot_prefix());
  string newest_error;
  for (const string& file : states) {
    try {
      Restore(file.c_str());
      return file;
    } catch (const Error& error) {
      if (error.kind() != Error::kInput) throw;
      LOG(WARNING) << "not resumed from: " << error.what();
      if (newest_error.empty()) newest_error = error.what();
    }
  }
  INPUT_CHECK(states.empty())
      << newest_error << " (and none of the " << states.size()
      << " states of '" << param_.snapshot_prefix()
      << "' can be resumed from; remove them to start afresh)";
  return "";
}

template <typename Dtype>
void Solver<Dtype>::RemoveSnapshotLeftovers() {
  RemoveLeftovers(param_.snapshot_prefix());
}

template <typename Dtype>
void Solver<Dtype>::SaveRunState(SolverState* state) const {
  const Rng& rng = Caffe::rng();
  state->mutable_rng()->set_key(rng.seed());
  state->mutable_rng()->set_stream(rng.stream());
  state->mutable_rng()->set_counter(rng.position());
  SaveLayers(*net_, kTrainPrefix, state);
  for (size_t i = 0; i < test_nets_.size(); ++i) {
    SaveLayers(*test_nets_[i], TestPrefix(i), state);
  }
  SaveTestNets(state);
  for (Dtype loss : losses_) state->add_recent_loss(loss);
  if (GetCudnnSettings().autotune) {
    for (const auto& choice : CudnnChoices()) {
      CudnnChoice* stored = state->add_cudnn_choice();
      stored->set_pass(choice.first);
      stored->set_algorithm(choice.second);
    }
  }
}

template <typename Dtype>
void Solver<Dtype>::LoadRunState(const SolverState& state) {
  if (state.has_rng()) {
    Rng rng(state.rng().key(), state.rng().stream());
    rng.Seek(state.rng().counter());
    Caffe::set_rng(rng);
  }
  if (GetCudnnSettings().autotune && !state.cudnn_choice().empty()) {
    CudnnChoiceMap choices;
    for (const CudnnChoice& choice : state.cudnn_choice()) {
      choices[choice.pass()] = choice.algorithm();
    }
    SetCudnnChoices(choices);
  }
  LoadDoctors(state);
  losses_.clear();
  for (double loss : state.recent_loss()) AddLoss(static_cast<Dtype>(loss));
  before_.reset();
}

// The layers of test nets that share nothing, or not all, with the train net.
template <typename Dtype>
void Solver<Dtype>::SaveTestNets(SolverState* state) const {
  set<const SyncedMemory*> trained;
  for (const auto& blob : net_->params()) trained.insert(blob->data().get());
  for (const auto& net : test_nets_) {
    NetParameter* stored = state->add_test_net();
    for (const auto& layer : net->layers()) {
      bool own = false;
      for (const auto& blob : layer->blobs()) {
        own = own || trained.count(blob->data().get()) == 0;
      }
      if (!own) continue;
      LayerParameter* part = stored->add_layer();
      part->set_name(layer->layer_param().name());
      for (const auto& blob : layer->blobs()) blob->ToProto(part->add_blobs());
    }
  }
}

// Test nets may be others than when the state was written: what they lack, or
// have in another shape, is passed over. Before the train net's weights, some
// of which stand here too.
template <typename Dtype>
void Solver<Dtype>::LoadTestNets(const SolverState& state) {
  const size_t count = static_cast<size_t>(state.test_net_size());
  vector<string> others;
  for (size_t i = 0; i < std::min(count, test_nets_.size()); ++i) {
    NetParameter known;
    for (const auto& stored : state.test_net(static_cast<int>(i)).layer()) {
      const auto layer = test_nets_[i]->layer_by_name(stored.name());
      if (layer == nullptr) continue;
      if (Fits<Dtype>(stored, *layer)) {
        *known.add_layer() = stored;
      } else {
        others.push_back(stored.name());
      }
    }
    if (known.layer_size() == 0) continue;
    WeightFiller<Dtype>({test_nets_[i].get()})
        .Fill(known, "test net #" + std::to_string(i));
  }
  if (others.empty()) return;
  LOG(WARNING) << "passed over what the state holds for " << others.size()
               << " layer(s) of test nets, whose parameters have other shapes "
               << "now: " << ListNames(others);
}

template <typename Dtype>
void Solver<Dtype>::SaveLayers(const Net<Dtype>& net, const string& prefix,
                               SolverState* state) const {
  for (const auto& layer : net.layers()) {
    if (!layer->HasState()) continue;
    LayerState* stored = state->add_layer_state();
    layer->SaveState(stored);
    stored->set_name(prefix + layer->layer_param().name());
  }
}

template <typename Dtype>
void Solver<Dtype>::LoadLayers(const SolverState& state, const string& prefix,
                               Net<Dtype>* net) const {
  std::map<string, const LayerState*> stored;
  for (const LayerState& layer : state.layer_state()) {
    stored[layer.name()] = &layer;
  }
  for (const auto& layer : net->layers()) {
    if (!layer->HasState()) continue;
    const string& name = layer->layer_param().name();
    const auto found = stored.find(prefix + name);
    if (found == stored.end()) {
      if (state.has_rng()) {
        LOG(WARNING) << "the state lacks what layer '" << name
                     << "' keeps: it starts afresh";
      }
      continue;
    }
    LayerState own = *found->second;
    own.set_name(name);
    try {
      layer->LoadState(own);
    } catch (const Error& error) {
      throw error.At(LayerPlace(layer->layer_param()));
    }
  }
}

#define TERCET_INSTANTIATE_SNAPSHOT(Dtype)                                 \
  template void Solver<Dtype>::CheckWeightsAreFinite() const;              \
  template void Solver<Dtype>::Snapshot();                                 \
  template void Solver<Dtype>::Restore(const char*);                       \
  template string Solver<Dtype>::RestoreNewest();                          \
  template void Solver<Dtype>::RemoveSnapshotLeftovers();                  \
  template void Solver<Dtype>::SaveRunState(SolverState*) const
TERCET_INSTANTIATE_SNAPSHOT(float);
TERCET_INSTANTIATE_SNAPSHOT(double);
#undef TERCET_INSTANTIATE_SNAPSHOT

}  // namespace caffe
