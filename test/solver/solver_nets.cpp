// The text of the solver tests' nets.
#include "test/solver/solver_nets.hpp"

#include <fstream>
#include <sstream>

#include "net/prototxt.hpp"

namespace caffe {

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string TeacherNet(int batch, int in, int hidden, int out, bool dropout) {
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

SolverParameter ParseSolver(const std::string& text, const std::string& net) {
  SolverParameter param;
  ParseSolverPrototxt(text, "", &param);
  param.clear_source_file();
  ParseNetPrototxt(net, "net.prototxt", param.mutable_net_param());
  return param;
}

}  // namespace caffe
