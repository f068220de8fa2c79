// What the solver's tests share: small regression nets that need no data from
// outside.
#ifndef TERCET_TEST_SOLVER_SOLVER_NETS_HPP_
#define TERCET_TEST_SOLVER_SOLVER_NETS_HPP_

#include <memory>
#include <string>
#include <vector>

#include "caffe/sgd_solvers.hpp"

namespace caffe {

void WriteText(const std::string& path, const std::string& text);

std::string ReadText(const std::string& path);

// Two layers learn what a fixed random "teacher" does with random data:
// DummyData (batch x in) -> hidden -> out, EuclideanLoss.
std::string TeacherNet(int batch, int in, int hidden, int out, bool dropout);

SolverParameter ParseSolver(const std::string& text, const std::string& net);

template <typename Dtype>
std::unique_ptr<Solver<Dtype>> MakeSolver(const SolverParameter& param) {
  return std::unique_ptr<Solver<Dtype>>(
      SolverRegistry<Dtype>::CreateSolver(param));
}

// All parameters of the net, one after the other.
template <typename Dtype>
std::vector<Dtype> Weights(Solver<Dtype>* solver) {
  std::vector<Dtype> all;
  for (const Blob<Dtype>* param : solver->net()->learnable_params()) {
    all.insert(all.end(), param->cpu_data(),
               param->cpu_data() + param->count());
  }
  return all;
}

}  // namespace caffe

#endif  // TERCET_TEST_SOLVER_SOLVER_NETS_HPP_
