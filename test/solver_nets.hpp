// What the solver's tests share: small regression nets that need no data from
// outside.
#ifndef TERCET_TEST_SOLVER_NETS_HPP_
#define TERCET_TEST_SOLVER_NETS_HPP_

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "caffe/sgd_solvers.hpp"
#include "caffe/util/prototxt.hpp"

namespace caffe {

inline void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Two layers learn what a fixed random "teacher" does with random data:
// DummyData (batch x in) -> hidden -> out, EuclideanLoss.
inline std::string TeacherNet(int batch, int in, int hidden, int out,
                              bool dropout) {
  const auto product = [](const std::string& name, const std::string& bottom,
                          int outputs, const std::string& more) {
    return "layer { name: '" + name + "' type: 'InnerProduct' bottom: '" +
           bottom + "' top: '" + name +
           "' inner_product_param { num_output: " + std::to_string(outputs) +
           " weight_filler { type: 'gaussian' std: 0.3 }"
           " bias_filler { type: 'gaussian' std: 0.1 } } " +
           more + " }\n";
  };
  std::string net =
      "name: 'teacher'\n"
      "layer { name: 'data' type: 'DummyData' top: 'data' dummy_data_param {"
      " shape { dim: " + std::to_string(batch) + " dim: " +
      std::to_string(in) + " } data_filler { type: 'gaussian' } } }\n" +
      product("teacher", "data", out,
              "param { lr_mult: 0 decay_mult: 0 }"
              "param { lr_mult: 0 decay_mult: 0 }") +
      product("hidden", "data", hidden,
              "param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }");
  if (dropout) {
    net += "layer { name: 'drop' type: 'Dropout' bottom: 'hidden'"
           " top: 'hidden' dropout_param { dropout_ratio: 0.25 } }\n";
  }
  return net + product("student", "hidden", out, "") +
         "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'student'"
         " bottom: 'teacher' top: 'loss' }\n";
}

inline SolverParameter ParseSolver(const std::string& text,
                                   const std::string& net) {
  SolverParameter param;
  ParseSolverPrototxt(text, "", &param);
  param.clear_source_file();
  ParseNetPrototxt(net, "net.prototxt", param.mutable_net_param());
  return param;
}

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

#endif  // TERCET_TEST_SOLVER_NETS_HPP_
