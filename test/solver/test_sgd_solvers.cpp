// Each update rule against a plain computation written here: a solver runs on
// a small net, the gradients are taken before each update, and the weights
// after it must be those that the rule's formula gives.
#include <cmath>

#include "caffe/test/fixture.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

using Values = std::vector<double>;

const char kCommon[] =
    "base_lr: 0.05 lr_policy: 'exp' gamma: 0.9 max_iter: 100 "
    "random_seed: 5 snapshot_after_train: false ";

// Weights and gradients as they are just before an update.
template <typename Dtype>
class Recorder : public Solver<Dtype>::Callback {
 public:
  explicit Recorder(Net<Dtype>* net) : net_(net) {}
  void on_start() override {}
  void on_gradients_ready() override {
    weights.clear();
    gradients.clear();
    for (const Blob<Dtype>* param : net_->learnable_params()) {
      const int n = param->count();
      weights.emplace_back(param->cpu_data(), param->cpu_data() + n);
      gradients.emplace_back(param->cpu_diff(), param->cpu_diff() + n);
    }
  }
  std::vector<Values> weights, gradients;

 private:
  Net<Dtype>* net_;
};

// One value's step, by the papers' formulas in Caffe's order of constants.
double PlainStep(const SolverParameter& p, int t, double rate, double g,
                 double* h, double* k) {
  const double mu = p.momentum(), rho = p.rms_decay(), eps = p.delta();
  const double b2 = p.momentum2();
  if (p.type() == "SGD") return *h = mu * *h + rate * g;
  if (p.type() == "Nesterov") {
    const double before = *h;
    *h = mu * before + rate * g;
    return *h + mu * (*h - before);
  }
  if (p.type() == "AdaGrad") {
    *h = *h + g * g;
    return rate * g / (std::sqrt(*h) + eps);
  }
  if (p.type() == "RMSProp") {
    *h = rho * *h + (1 - rho) * g * g;
    return rate * g / (std::sqrt(*h) + eps);
  }
  if (p.type() == "AdaDelta") {
    *h = mu * *h + (1 - mu) * g * g;
    const double step = g * std::sqrt(*k + eps) / std::sqrt(*h + eps);
    *k = mu * *k + (1 - mu) * step * step;
    return rate * step;
  }
  *h = mu * *h + (1 - mu) * g;  // Adam
  *k = b2 * *k + (1 - b2) * g * g;
  return rate * std::sqrt(1 - std::pow(b2, t + 1)) / (1 - std::pow(mu, t + 1)) *
         *h / (std::sqrt(*k) + eps);
}

// What clipping, iter_size and weight decay make of a gradient.
double PlainGradient(const SolverParameter& p, double norm, double decay_mult,
                     double weight, double diff) {
  const double clip = p.clip_gradients();
  double g = clip > 0 && norm > clip ? diff * clip / norm : diff;
  g /= p.iter_size();
  const double decay = p.weight_decay() * decay_mult;
  if (p.regularization_type() == "L2") return g + decay * weight;
  return g + decay * (weight > 0 ? 1 : weight < 0 ? -1 : 0);
}

double Norm(const std::vector<Values>& all) {
  double squares = 0;
  for (const Values& values : all) {
    for (double value : values) squares += value * value;
  }
  return std::sqrt(squares);
}

template <typename TypeParam>
class SGDSolverTest : public MultiDeviceTest<TypeParam> {
 public:
  typedef typename TypeParam::Dtype Dtype;

 protected:
  // Runs a solver for six iterations beside the plain computation.
  void Check(const std::string& options) {
    const SolverParameter p =
        ParseSolver(kCommon + options, TeacherNet(4, 3, 5, 2, false));
    auto solver = MakeSolver<Dtype>(p);
    Recorder<Dtype> recorder(solver->net().get());
    solver->add_callback(&recorder);
    std::vector<Values> h, k;
    for (const Blob<Dtype>* param : solver->net()->learnable_params()) {
      h.emplace_back(param->count());
      k.emplace_back(param->count());
    }
    for (int t = 0; t < 6; ++t) {
      solver->Step(1);
      const double norm = Norm(recorder.gradients);
      const double rate = 0.05f * std::pow(double{0.9f}, t);
      for (size_t i = 0; i < h.size(); ++i) {
        CompareParam(p, *solver->net(), i, t, rate, norm, recorder, &h[i],
                     &k[i]);
      }
    }
  }

  void CompareParam(const SolverParameter& p, const Net<Dtype>& net, size_t i,
                    int t, double rate, double norm,
                    const Recorder<Dtype>& before, Values* h, Values* k) {
    const Dtype* after = net.learnable_params()[i]->cpu_data();
    const double tolerance = this->IsDouble() ? 1e-10 : 2e-5;
    for (size_t j = 0; j < h->size(); ++j) {
      const double weight = before.weights[i][j];
      const double g = PlainGradient(p, norm, net.params_weight_decay()[i],
                                     weight, before.gradients[i][j]);
      const double step = PlainStep(p, t, rate * net.params_lr()[i], g,
                                    &(*h)[j], &(*k)[j]);
      ASSERT_NEAR(after[j], weight - step,
                  tolerance * (1 + std::fabs(weight)))
          << p.type() << " iteration " << t << " parameter " << i << " value "
          << j;
    }
  }
};

TYPED_TEST_SUITE(SGDSolverTest, TestDtypesAndDevices);

// The option sets that every rule is tried with.
const char* const kOptions[] = {
    "", "weight_decay: 0.1 ", "weight_decay: 0.1 regularization_type: 'L1' ",
    "iter_size: 3 ", "clip_gradients: 0.05 ",
    "iter_size: 2 clip_gradients: 0.05 weight_decay: 0.01 "};

TYPED_TEST(SGDSolverTest, SGD) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'SGD' ") + more);
    this->Check(std::string("type: 'SGD' momentum: 0.9 ") + more);
  }
}

TYPED_TEST(SGDSolverTest, Nesterov) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'Nesterov' momentum: 0.9 ") + more);
  }
}

TYPED_TEST(SGDSolverTest, AdaGrad) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'AdaGrad' delta: 1e-4 ") + more);
  }
}

TYPED_TEST(SGDSolverTest, RMSProp) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'RMSProp' rms_decay: 0.8 delta: 1e-4 ") +
                more);
  }
}

TYPED_TEST(SGDSolverTest, AdaDelta) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'AdaDelta' momentum: 0.95 delta: 1e-3 ") +
                more);
  }
}

TYPED_TEST(SGDSolverTest, Adam) {
  for (const char* more : kOptions) {
    this->Check(std::string("type: 'Adam' momentum: 0.9 momentum2: 0.99 "
                            "delta: 1e-4 ") +
                more);
  }
}

// Four passes of 5 examples are one pass of the same 20.
TYPED_TEST(SGDSolverTest, IterSizeIsALargerBatch) {
  typedef typename TypeParam::Dtype Dtype;
  const std::string options =
      std::string(kCommon) + "type: 'SGD' momentum: 0.9 weight_decay: 0.01 ";
  auto whole = MakeSolver<Dtype>(
      ParseSolver(options, TeacherNet(20, 3, 5, 2, false)));
  whole->Step(5);
  const std::vector<Dtype> expected = Weights(whole.get());
  auto parts = MakeSolver<Dtype>(ParseSolver(
      options + "iter_size: 4", TeacherNet(5, 3, 5, 2, false)));
  parts->Step(5);
  const std::vector<Dtype> found = Weights(parts.get());
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], this->IsDouble() ? 1e-12 : 1e-5);
  }
  EXPECT_NEAR(parts->smoothed_loss(), whole->smoothed_loss(),
              1e-4 * whole->smoothed_loss());
}

TYPED_TEST(SGDSolverTest, LearnsTheTeacher) {
  typedef typename TypeParam::Dtype Dtype;
  auto solver = MakeSolver<Dtype>(ParseSolver(
      "base_lr: 0.05 lr_policy: 'fixed' momentum: 0.9 max_iter: 300 "
      "random_seed: 3 average_loss: 10",
      TeacherNet(16, 3, 5, 2, false)));
  solver->Step(10);
  const Dtype before = solver->smoothed_loss();
  solver->Step(290);
  EXPECT_LT(solver->smoothed_loss(), before / 100);
}

// A rate multiplier of 0 keeps a parameter where it is.
TYPED_TEST(SGDSolverTest, LrMultZeroFreezes) {
  typedef typename TypeParam::Dtype Dtype;
  auto solver = MakeSolver<Dtype>(ParseSolver(
      std::string(kCommon) + "weight_decay: 0.5 momentum: 0.9",
      TeacherNet(4, 3, 5, 2, false)));
  const auto& teacher = solver->net()->layer_by_name("teacher")->blobs();
  const std::vector<Dtype> before(
      teacher[0]->cpu_data(), teacher[0]->cpu_data() + teacher[0]->count());
  solver->Step(5);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(teacher[0]->cpu_data()[i], before[i]);
  }
}

}  // namespace
}  // namespace caffe
