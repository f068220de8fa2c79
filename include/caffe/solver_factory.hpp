// The registry of solver types, as layer_factory.hpp is that of layers: a
// solver registers itself under the name that `type` gives in a file.
#ifndef CAFFE_SOLVER_FACTORY_HPP_
#define CAFFE_SOLVER_FACTORY_HPP_

#include <map>
#include <string>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

template <typename Dtype>
class Solver;

template <typename Dtype>
class SolverRegistry {
 public:
  typedef Solver<Dtype>* (*Creator)(const SolverParameter&);
  typedef std::map<string, Creator> CreatorRegistry;

  static CreatorRegistry& Registry();
  // A broken contract where the type is registered already.
  static void AddCreator(const string& type, Creator creator);
  // A new solver, the caller's to delete. Error kInput where the type is not
  // registered, with the place and the nearest name.
  static Solver<Dtype>* CreateSolver(const SolverParameter& param);
  static vector<string> SolverTypeList();

 private:
  SolverRegistry() = delete;
};

template <typename Dtype>
class SolverRegisterer {
 public:
  SolverRegisterer(const string& type,
                   typename SolverRegistry<Dtype>::Creator creator) {
    SolverRegistry<Dtype>::AddCreator(type, creator);
  }
};

}  // namespace caffe

#define REGISTER_SOLVER_CREATOR(type, creator)                 \
  static SolverRegisterer<float> g_solver_creator_f_##type(    \
      #type, creator<float>);                                  \
  static SolverRegisterer<double> g_solver_creator_d_##type(   \
      #type, creator<double>)

// In a solver's .cpp: makes FooSolver known as type "Foo".
#define REGISTER_SOLVER_CLASS(type)                                      \
  template <typename Dtype>                                              \
  Solver<Dtype>* Creator_##type##Solver(const SolverParameter& param) {  \
    return new type##Solver<Dtype>(param);                               \
  }                                                                      \
  REGISTER_SOLVER_CREATOR(type, Creator_##type##Solver)

#endif  // CAFFE_SOLVER_FACTORY_HPP_
