// What an iteration changes before its update: random numbers, where the data
// layers stand, and parameters that a layer writes in Forward. It is remembered
// when the iteration begins, so that one that fails leaves the state from
// before it, and is done again when the run is resumed. Memory banks and the
// means of hard_identities are not: after an error in a layer behind such a one
// they hold the batch that failed. A batch that a loss refuses itself is not
// kept in its bank.
#ifndef TERCET_SOLVER_ITERATION_START_HPP_
#define TERCET_SOLVER_ITERATION_START_HPP_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "caffe/net.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

template <typename Dtype>
class IterationStart {
 public:
  void Remember(const Net<Dtype>& net);
  // Gives the net back its parameters alone.
  void PutBackParams(const Net<Dtype>& net) const;
  // Gives the net back its parameters, and a state that was saved since, in
  // which the layers' names have a prefix, what it would have had.
  void PutBack(const std::string& prefix, const Net<Dtype>& net,
               SolverState* state) const;

 private:
  Rng rng_;
  std::map<std::string, int64_t> taken_;  // batches of data layers, by name
  std::vector<std::unique_ptr<Blob<Dtype>>> written_;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_ITERATION_START_HPP_
