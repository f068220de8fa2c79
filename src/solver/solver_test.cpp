// Testing: the test nets run with the weights of the train net, and the mean
// of each output value is logged.
#include "caffe/solver.hpp"
#include "caffe/util/rng.hpp"

#include "solver/iteration_start.hpp"

namespace caffe {

namespace {

// Puts the process's random numbers back where they were.
class RngKept {
 public:
  RngKept() : before_(Caffe::rng()) {}
  ~RngKept() { Caffe::set_rng(before_); }
  RngKept(const RngKept&) = delete;
  RngKept& operator=(const RngKept&) = delete;

 private:
  const Rng before_;
};

}  // namespace

template <typename Dtype>
bool Solver<Dtype>::TestIsDue() const {
  return param_.test_interval() > 0 && iter_ % param_.test_interval() == 0 &&
         (iter_ > 0 || param_.test_initialization()) && !test_nets_.empty();
}

// A snapshot while a test is under way holds the run's state from before it,
// so that the resumed run tests from the start again. What a test net draws is
// given back: training draws the same whether there are tests or not.
template <typename Dtype>
void Solver<Dtype>::TestAll() {
  before_.reset(new SolverState);
  SaveRunState(before_.get());
  const RngKept kept;
  for (int i = 0; i < static_cast<int>(test_nets_.size()) && !stopping_; ++i) {
    Test(i);
  }
  if (!stopping_) before_.reset();
}

template <typename Dtype>
void Solver<Dtype>::Test(int test_net) {
  LOG(INFO) << "Iteration " << iter_ << ", Testing net (#" << test_net << ")";
  test_nets_[test_net]->ShareTrainedLayersWith(net_.get());
  test_nets_[test_net]->set_iteration(iter_);
  test_scores_[test_net].clear();
  IterationStart<Dtype> start;
  Dtype loss = 0;
  const int iters = param_.test_iter(test_net);
  for (int i = 0; i < iters; ++i) {
    ObeyRequest();
    if (stopping_) {
      LOG(INFO) << "Test interrupted.";
      return;
    }
    // A layer may have a phase of its own, TRAIN, and move its averages.
    start.Remember(*test_nets_[test_net]);
    try {
      TestOnce(test_net, &loss);
    } catch (...) {
      start.PutBackParams(*test_nets_[test_net]);
      throw;
    }
    start.PutBackParams(*test_nets_[test_net]);
  }
  for (Dtype& score : test_scores_[test_net]) score /= iters;
  LogTest(test_net, loss / iters);
}

template <typename Dtype>
void Solver<Dtype>::TestOnce(int test_net, Dtype* loss) {
  Dtype part;
  const vector<Blob<Dtype>*>& outputs = test_nets_[test_net]->Forward(&part);
  *loss += part;
  vector<Dtype>& scores = test_scores_[test_net];
  size_t index = 0;
  for (const Blob<Dtype>* output : outputs) {
    const Dtype* values = output->cpu_data();
    for (int k = 0; k < output->count(); ++k, ++index) {
      if (index == scores.size()) scores.push_back(0);
      scores[index] += values[k];
    }
  }
}

template <typename Dtype>
void Solver<Dtype>::LogTest(int test_net, Dtype loss) const {
  if (param_.test_compute_loss()) LOG(INFO) << "Test loss: " << loss;
  LogOutputs(*test_nets_[test_net], "Test", test_scores_[test_net]);
}

template <typename Dtype>
void Solver<Dtype>::LogOutputs(const Net<Dtype>& net, const char* phase,
                               const vector<Dtype>& values) const {
  constexpr int kMostLines = 100;
  size_t index = 0;
  for (const int blob : net.output_blob_indices()) {
    const string& name = net.blob_names()[blob];
    const Dtype weight = net.blob_loss_weights()[blob];
    const int count = net.blobs()[blob]->count();
    if (count > kMostLines) {
      double sum = 0;
      for (int k = 0; k < count; ++k) sum += values.at(index + k);
      LOG(INFO) << "    " << phase << " net output #" << index << ": " << name
                << " has " << count << " values of mean " << sum / count;
      index += count;
      continue;
    }
    for (int k = 0; k < count; ++k, ++index) {
      std::ostringstream weighted;
      if (weight != 0) {
        weighted << " (* " << weight << " = " << weight * values.at(index)
                 << " loss)";
      }
      LOG(INFO) << "    " << phase << " net output #" << index << ": " << name
                << " = " << values[index] << weighted.str();
    }
  }
}

#define TERCET_INSTANTIATE_TEST(Dtype)                   \
  template bool Solver<Dtype>::TestIsDue() const;        \
  template void Solver<Dtype>::TestAll();                \
  template void Solver<Dtype>::LogOutputs(               \
      const Net<Dtype>&, const char*, const vector<Dtype>&) const
TERCET_INSTANTIATE_TEST(float);
TERCET_INSTANTIATE_TEST(double);
#undef TERCET_INSTANTIATE_TEST

}  // namespace caffe
