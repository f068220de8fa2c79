// The solver registry; see the header.
#include "caffe/solver_factory.hpp"

#include "caffe/solver.hpp"
#include "solver/solver_check.hpp"
#include "core/suggest.hpp"

namespace caffe {

template <typename Dtype>
typename SolverRegistry<Dtype>::CreatorRegistry&
SolverRegistry<Dtype>::Registry() {
  static CreatorRegistry registry;
  return registry;
}

template <typename Dtype>
void SolverRegistry<Dtype>::AddCreator(const string& type, Creator creator) {
  const bool added = Registry().emplace(type, creator).second;
  CHECK(added) << "solver type " << type << " is registered twice";
}

template <typename Dtype>
Solver<Dtype>* SolverRegistry<Dtype>::CreateSolver(
    const SolverParameter& param) {
  const auto found = Registry().find(param.type());
  if (found == Registry().end()) {
    INPUT_FAIL() << SolverPlace(param, "type") << "unknown solver type '"
                 << param.type() << "'"
                 << DidYouMean(param.type(), SolverTypeList()) << " (have "
                 << ListNames(SolverTypeList()) << ")";
  }
  return found->second(param);
}

template <typename Dtype>
vector<string> SolverRegistry<Dtype>::SolverTypeList() {
  vector<string> types;
  for (const auto& entry : Registry()) types.push_back(entry.first);
  return types;
}

template class SolverRegistry<float>;
template class SolverRegistry<double>;

}  // namespace caffe
